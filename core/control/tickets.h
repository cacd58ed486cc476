// The tickets of this gateway: who has which, and until when. Pure bookkeeping on the control thread: no
// clock, no I/O. One that has expired is kept for limits::ticket_remembered_ms, so that its bearer is told,
// but not where there are many.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/identity/ticket.h"

namespace sallyport {

class Tickets {
 public:
  // An error where there are too many, of all or of this identity.
  [[nodiscard]] Result<void> has_room(std::string_view identity, int64_t now_ns) const;
  void add(identity::TicketPointer ticket);
  void remove(std::span<const std::string> ids);

  [[nodiscard]] identity::TicketPointer find(std::string_view id) const;
  // Whose text this is; null where it is none of ours.
  [[nodiscard]] identity::TicketPointer proven(std::string_view text) const;
  [[nodiscard]] std::vector<identity::TicketPointer> all() const;
  [[nodiscard]] std::vector<std::string> of_identity(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> forgotten(int64_t now_ns) const;

 private:
  std::map<std::string, identity::TicketPointer, std::less<>> by_id_;
};

}  // namespace sallyport
