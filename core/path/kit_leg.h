// One leg of the kit's session: bytes that are neither passed nor dropped yet, the credit that later bytes
// will use up, and on the way out the order of passed and emitted bytes around unit boundaries
// (plugins/plugin.md).
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

enum class KitLegState { kClosed, kConnecting, kOpen, kFinished };

// What became of a run of input bytes, in order. Runs of the same fate are merged.
struct KitFate {
  int to = 0;  // the leg that it went to, or kDropped
  uint64_t size = 0;
  bool operator==(const KitFate&) const = default;
};

struct KitCredit {
  int to = 0;
  uint64_t left = 0;
  bool unit_open = false;  // the unit goes on behind these bytes
};

struct KitLeg {
  static constexpr int kDropped = -1;
  static constexpr int kNobody = -1;

  KitLegState state = KitLegState::kClosed;
  bool tls = false;
  bool handshaking = false;
  bool direct = false;  // the handshake began with the bytes that stood there
  bool ended = false;
  bool failed = false;

  // In: received = passed + dropped + unconsumed.size(). credits is empty or unconsumed is.
  std::string unconsumed;
  std::deque<KitCredit> credits;
  std::vector<KitFate> fates;
  uint64_t received = 0;
  uint64_t passed = 0;
  uint64_t dropped = 0;
  uint64_t progress_seen = 0;  // KitHost's progress when this leg was last fed

  // Out.
  std::string output;
  size_t taken = 0;       // of output, by KitHost::take
  int unit_of = kNobody;  // the leg whose passed unit is open here
  std::string waiting;    // emitted by another cause: follows the open unit

  // The first `size` unconsumed bytes leave.
  std::string consume(size_t size, int to);
  // Ends the open unit: what waited follows.
  void close_unit();
};

}  // namespace sallyport
