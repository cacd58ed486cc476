#include "core/control/tickets.h"

#include <algorithm>

#include "config/limits.h"

namespace sallyport {

Result<void> Tickets::has_room(std::string_view identity, int64_t now_ns) const {
  const auto live_of = [&](const auto& entry) {
    return entry.second->expires_ns > now_ns && entry.second->identity->name == identity;
  };
  if (by_id_.size() >= limits::ticket_count_max)
    return fail(
        "the gateway keeps too many tickets: `sallyport tickets --revoke` takes back what nobody needs");
  if (static_cast<size_t>(std::ranges::count_if(by_id_, live_of)) >= limits::ticket_count_max_per_identity)
    return fail(std::string(identity) + " has too many tickets: revoke some, or wait until they expire");
  return {};
}

void Tickets::add(identity::TicketPointer ticket) {
  const std::string& id = ticket->id;
  by_id_.insert_or_assign(id, std::move(ticket));
}

void Tickets::remove(std::span<const std::string> ids) {
  for (const std::string& id : ids) by_id_.erase(id);
}

identity::TicketPointer Tickets::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

identity::TicketPointer Tickets::proven(std::string_view text) const {
  const std::optional<std::string_view> id = identity::ticket_id_of(text);
  identity::TicketPointer ticket = id ? find(*id) : nullptr;
  return ticket && identity::ticket_matches(*ticket, text) ? ticket : nullptr;
}

std::vector<identity::TicketPointer> Tickets::all() const {
  std::vector<identity::TicketPointer> all;
  for (const auto& [id, ticket] : by_id_) all.push_back(ticket);
  std::ranges::stable_sort(all, {}, [](const auto& ticket) { return ticket->created_ns; });
  return all;
}

std::vector<std::string> Tickets::of_identity(std::string_view name) const {
  std::vector<std::string> ids;
  for (const auto& [id, ticket] : by_id_) {
    if (ticket->identity->name == name) ids.push_back(id);
  }
  return ids;
}

std::vector<std::string> Tickets::forgotten(int64_t now_ns) const {
  // Nobody's old ones keep others from getting any.
  const bool is_crowded = by_id_.size() >= limits::ticket_count_max / 2;
  const int64_t grace_ns = is_crowded ? 0 : int64_t{limits::ticket_remembered_ms} * 1'000'000;
  std::vector<std::string> ids;
  for (const auto& [id, ticket] : by_id_) {
    if (ticket->expires_ns + grace_ns <= now_ns) ids.push_back(id);
  }
  return ids;
}

}  // namespace sallyport
