#include "core/control/oauth.h"

#include <charconv>

#include "config/limits.h"

namespace sallyport {
namespace {

using nlohmann::json;

constexpr std::string_view target_scope = "target:";

}  // namespace

std::string http_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

HttpAnswer oauth_error(std::string_view error, const std::string& description, unsigned status) {
  return {.status = status,
          .body = http_text({{"error", error}, {"error_description", description}}),
          .headers = {}};
}

std::expected<json, HttpAnswer> ticket_wish(const Form& form) {
  json wanted = {{"targets", json::array()}};
  for (const std::string& scope : form.words("scope")) {
    if (!scope.starts_with(target_scope))
      return std::unexpected(oauth_error("invalid_scope", "a scope is target:NAME"));
    wanted["targets"].push_back(scope.substr(target_scope.size()));
  }
  if (const std::string life = form.text("expires_in"); !life.empty()) {
    uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(life.data(), life.data() + life.size(), seconds);
    if (error != std::errc() || end != life.data() + life.size())
      return std::unexpected(oauth_error("invalid_request", "expires_in is a number of seconds"));
    wanted["life_s"] = seconds;
  }
  if (std::string person = form.text("on_behalf_of"); !person.empty())
    wanted["on_behalf_of"] = std::move(person);
  return wanted;
}

std::string refusal_detail(const identity::RefusedToken& refused) {
  std::string detail(identity::token_fault_text(refused.fault));
  if (!refused.issuer.empty()) detail += " issuer=" + refused.issuer;
  if (!refused.subject.empty()) detail += " subject=" + refused.subject;
  return detail;
}

json authorization_server(const std::string& url) {
  return {{"issuer", url},
          {"token_endpoint", url + "/oauth/token"},
          {"device_authorization_endpoint", url + "/oauth/device_authorization"},
          {"grant_types_supported", {exchange_grant, device_grant}},
          {"response_types_supported", json::array()},
          {"token_endpoint_auth_methods_supported", {"none"}}};
}

}  // namespace sallyport
