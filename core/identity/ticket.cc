#include "core/identity/ticket.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace sallyport::identity {

namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr size_t check_size = 6;
constexpr size_t random_size = ticket_size - ticket_prefix.size() - check_size;

std::array<uint8_t, 32> digest_of(std::string_view text) {
  std::array<uint8_t, 32> digest{};
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  return digest;
}

// The first 30 bits of the digest of what stands before.
std::string check_of(std::string_view text) {
  const auto digest = digest_of(text);
  std::string check;
  for (size_t i = 0; i < check_size; ++i) check += alphabet[digest[i] & 31];
  return check;
}

}  // namespace

bool Ticket::opens(std::string_view target) const {
  return targets.empty() || std::ranges::find(targets, target) != targets.end();
}

std::string make_ticket_text(const RandomBytes& random) {
  std::array<uint8_t, random_size> bytes{};
  random(bytes);
  std::string text(ticket_prefix);
  for (const uint8_t byte : bytes) text += alphabet[byte & 31];
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return text + check_of(text);
}

std::optional<std::string_view> ticket_id_of(std::string_view text) {
  if (text.size() != ticket_size || !text.starts_with(ticket_prefix)) return std::nullopt;
  const size_t body_size = ticket_size - check_size;
  if (check_of(text.substr(0, body_size)) != text.substr(body_size)) return std::nullopt;
  return text.substr(0, ticket_id_size);
}

Result<void> seal_ticket(std::string_view text, Ticket& out) {
  Result<config::ScramSecret> scram = config::make_scram_secret(text);
  if (!scram) return std::unexpected(std::move(scram.error()));
  out.scram = *scram;
  out.digest = digest_of(text);
  return {};
}

bool ticket_matches(const Ticket& ticket, std::string_view text) {
  const auto digest = digest_of(text);
  return CRYPTO_memcmp(digest.data(), ticket.digest.data(), digest.size()) == 0;
}

}  // namespace sallyport::identity
