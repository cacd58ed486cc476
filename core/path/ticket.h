// A request that a session asked about and that has no answer yet. One core thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/control/messages.h"

namespace sallyport {

// A request that waits for a person, or whose end is not yet told to the plugin.
struct Ticket {
  enum class State : uint8_t { wanted, pending, approved, denied, expired, refused, hold_ended, cancelled };
  uint64_t number = 0;
  State state = State::wanted;
  uint64_t transaction = 0;
  Digest digest{};
  std::string rule, approval, approver, reason;
  std::vector<ApprovalDemand> demands;
  int64_t hold_deadline_ns = -1;         // -1: the connection waits for ever
  bool told = false;                     // control knows of it
  bool news = false;                     // the plugin has not asked since the state changed
  std::optional<ApprovalWanted> wanted;  // what could not be sent to control yet
};

}  // namespace sallyport
