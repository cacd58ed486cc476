// A ticket: what a proven caller was given to log in with for a while, in any protocol, without a provider at
// hand. Its text is shown once, to the one it is made for; what is kept proves it and cannot be turned back.
//
//   spt_ID SECRET CHECK    without the spaces: 4 + 10 + 27 + 6 characters
//
// "spt_ID" names it, in lists and as WHO of a login; SECRET is 135 random bits; CHECK tells a mistyped one
// from a wrong one. Characters are Crockford's base 32 in lower case. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/scram_secret.h"
#include "core/identity/identity.h"

namespace sallyport::identity {

inline constexpr std::string_view ticket_prefix = "spt_";
inline constexpr size_t ticket_id_size = 14;
inline constexpr size_t ticket_size = 47;

struct Ticket {
  std::string id;
  config::ScramSecret scram;               // of the whole text as the password
  std::array<uint8_t, 32> digest{};        // SHA-256 of the whole text: as good as the text has bits
  IdentityPointer identity;                // as it was when the ticket was made
  std::vector<std::string> targets;        // that it opens; none: whatever its identity may open
  int64_t created_ns = 0, expires_ns = 0;  // wall clock
  std::string from;                        // who asked for it: an address, or "uid 1000"

  [[nodiscard]] bool opens(std::string_view target) const;
};

using TicketPointer = std::shared_ptr<const Ticket>;

// Fills `out` with random bytes.
using RandomBytes = std::function<void(std::span<uint8_t> out)>;
[[nodiscard]] std::string make_ticket_text(const RandomBytes& random);

// "spt_ID" of a ticket's text; nothing where the text is none.
[[nodiscard]] std::optional<std::string_view> ticket_id_of(std::string_view text);
[[nodiscard]] inline bool is_ticket_id(std::string_view text) {
  return text.size() == ticket_id_size && text.starts_with(ticket_prefix);
}

// Its digest and its SCRAM keys. Takes milliseconds (PBKDF2): never on a core's thread.
[[nodiscard]] Result<void> seal_ticket(std::string_view text, Ticket& out);
// In constant time.
[[nodiscard]] bool ticket_matches(const Ticket& ticket, std::string_view text);

}  // namespace sallyport::identity
