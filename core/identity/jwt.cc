#include "core/identity/jwt.h"

#include <algorithm>
#include <array>

#include "config/limits.h"
#include "config/quantity.h"
#include "core/identity/base64url.h"
#include "core/identity/strict_json.h"

namespace sallyport::identity {
namespace {

using nlohmann::json;

std::unexpected<TokenFault> refuse(TokenFault fault) { return std::unexpected(fault); }

// RFC 7515, section 4.1.9: "application/" may be left out, and case does not matter.
bool is_known_type(std::string_view type) {
  std::string lower = config::lower_case(std::string(type));
  constexpr std::string_view prefix = "application/";
  if (lower.starts_with(prefix)) lower.erase(0, prefix.size());
  return lower == "jwt" || lower == "jose" || lower == "at+jwt";
}

// A text where it is there; false where it is something else.
bool take_text(const json& object, const char* key, std::string& out) {
  const auto found = object.find(key);
  if (found == object.end()) return true;
  if (!found->is_string()) return false;
  out = found->get<std::string>();
  return true;
}

bool read_header(const json& header, Jwt& out) {
  std::string type = "JWT";
  return header.contains("alg") && take_text(header, "alg", out.algorithm) &&
         take_text(header, "kid", out.key_id) && out.key_id.size() <= limits::key_id_size_max &&
         take_text(header, "typ", type) && is_known_type(type) && !header.contains("crit") &&
         !header.contains("enc") && !header.contains("zip");
}

std::optional<json> decode_object(std::string_view part) {
  const std::optional<std::string> text = base64url_decode(part);
  return text ? parse_strict_object(*text) : std::nullopt;
}

}  // namespace

Checked<Jwt> parse_jwt(std::string_view token) {
  if (token.size() > limits::token_size_max) return refuse(TokenFault::too_large);
  if (std::ranges::count(token, '.') != 2) return refuse(TokenFault::malformed);
  const size_t first = token.find('.'), second = token.find('.', first + 1);
  Jwt jwt;
  jwt.signed_part = token.substr(0, second);
  const std::optional<json> header = decode_object(token.substr(0, first));
  if (!header || !read_header(*header, jwt)) return refuse(TokenFault::malformed);
  std::optional<json> claims = decode_object(token.substr(first + 1, second - first - 1));
  std::optional<std::string> signature = base64url_decode(token.substr(second + 1));
  if (!claims || !signature) return refuse(TokenFault::malformed);
  jwt.claims = std::move(*claims);
  jwt.signature = std::move(*signature);
  return jwt;
}

}  // namespace sallyport::identity
