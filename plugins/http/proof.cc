#include "plugins/http/proof.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include <algorithm>

namespace sallyport::http {

namespace {

constexpr std::string_view ticket_prefix = "spt_";
constexpr size_t ticket_id_size = 14;  // of a ticket's text, its id comes first
constexpr std::string_view one_proof =
    "send one Authorization field: Bearer TOKEN, or Basic of USER:PASSWORD";

bool begins_with_word(std::string_view text, std::string_view word) {
  return text.size() > word.size() && strncasecmp(text.data(), word.data(), word.size()) == 0 &&
         text[word.size()] == ' ';
}

std::string name_of(std::string_view token) {
  return token.starts_with(ticket_prefix) && token.size() > ticket_id_size
             ? std::string(token.substr(0, ticket_id_size))
             : "token";
}

// RFC 4648, 4, whole and padded; nothing else.
std::expected<std::string, std::string_view> decoded(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::unexpected(one_proof);
  std::string out(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::unexpected(one_proof);
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  out.resize(static_cast<size_t>(size) - padding);
  return out;
}

std::expected<Proof, std::string_view> basic_proof(std::string_view text) {
  auto pair = decoded(text);
  if (!pair) return std::unexpected(pair.error());
  const size_t colon = pair->find(':');
  if (colon == std::string::npos) return std::unexpected(one_proof);
  const std::string user = pair->substr(0, colon);
  const size_t comma = user.find(',');
  Proof out{.who = user.substr(0, comma),
            .target = comma == std::string::npos ? "" : user.substr(comma + 1),
            .secret = pair->substr(colon + 1),
            .is_given = true,
            .is_ambient = true};
  explicit_bzero(pair->data(), pair->size());
  return out;
}

}  // namespace

void Proof::forget() {
  explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

std::expected<Proof, std::string_view> proof_of(const Fields& fields) {
  const size_t count = fields.count("authorization");
  if (count == 0) return Proof{};
  if (count > 1) return std::unexpected(one_proof);
  const std::string_view value = *fields.find("authorization");
  if (begins_with_word(value, "bearer")) {
    std::string_view token = value.substr(7);
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    if (token.empty() || token.find(' ') != token.npos) return std::unexpected(one_proof);
    return Proof{.who = name_of(token), .target = {}, .secret = std::string(token), .is_given = true};
  }
  if (begins_with_word(value, "basic")) return basic_proof(value.substr(6));
  return std::unexpected(one_proof);
}

}  // namespace sallyport::http
