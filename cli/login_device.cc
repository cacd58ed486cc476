// The device authorization grant (RFC 8628).
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cli/login_flows.h"
#include "cli/table.h"
#include "config/clock.h"
#include "config/quantity.h"

namespace sallyport::cli {

namespace {

constexpr int64_t interval_default_s = 5, interval_max_s = 60, slow_down_s = 5;
constexpr int64_t life_default_s = 600, life_max_s = 3600;

struct DeviceCode {
  std::string device_code, user_code, url, complete_url;
  int64_t interval_s = interval_default_s, life_s = life_default_s;
};

std::unexpected<TokenRefusal> failed(Error error) {
  return std::unexpected(TokenRefusal{"", std::move(error)});
}

std::expected<DeviceCode, TokenRefusal> ask_for_code(const LoginSource& source) {
  const Provider& provider = source.provider;
  if (provider.device_endpoint.empty()) {
    return failed({"the identity provider knows no login by device code: try --flow browser"});
  }
  WebRequest request{.method = "POST", .url = provider.device_endpoint, .ca = provider.ca};
  request.form = source.client.wishes();
  request.form.emplace_back("client_id", source.client.id);
  if (!source.client.secret.empty()) request.form.emplace_back("client_secret", source.client.secret);
  const Result<WebAnswer> answer = ask_web(request);
  if (!answer) return failed(Error(answer.error()).in("the identity provider cannot be asked"));
  const nlohmann::json& body = answer->body;
  if (answer->status != 200) {
    const std::string code = one_line(text_in(body, "error"), 60);
    return std::unexpected(TokenRefusal{code, {refusal_text(code, text_in(body, "error_description"))}});
  }
  DeviceCode code{.device_code = text_in(body, "device_code"),
                  .user_code = text_in(body, "user_code"),
                  .url = text_in(body, "verification_uri"),
                  .complete_url = text_in(body, "verification_uri_complete")};
  code.interval_s = std::clamp<int64_t>(number_in(body, "interval", interval_default_s), 1, interval_max_s);
  code.life_s = std::clamp<int64_t>(number_in(body, "expires_in", life_default_s), 1, life_max_s);
  if (code.device_code.empty() || code.user_code.empty() || !config::is_trusted_url(code.url))
    return failed({provider.device_endpoint + " gives no code, or no https address to enter it at", EPROTO});
  if (!config::is_trusted_url(code.complete_url)) code.complete_url.clear();
  return code;
}

void show(const DeviceCode& code) {
  fprintf(stderr, "\n  Open   %s\n  Enter  %s\n", visible(code.url).c_str(),
          one_line(code.user_code, 60).c_str());
  if (!code.complete_url.empty()) fprintf(stderr, "  or     %s\n", visible(code.complete_url).c_str());
  fprintf(stderr, "\nwaiting for your yes there, for at most %s …\n",
          duration_text(code.life_s * 1'000'000'000).c_str());
}

}  // namespace

Login log_in_by_device(const LoginSource& source) {
  std::expected<DeviceCode, TokenRefusal> code = ask_for_code(source);
  if (!code) return std::unexpected(code.error());
  show(*code);
  const Fields ask = {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                      {"device_code", code->device_code}};
  const int64_t end_ns = steady_ns() + code->life_s * 1'000'000'000;
  for (;;) {
    // Section 3.5: not before the interval has passed, the first time too.
    sleep(static_cast<unsigned>(code->interval_s));
    Login login = request_tokens(source.provider, source.client, ask);
    if (login) return login;
    const TokenRefusal& refusal = login.error();
    // Whatever it says then: many have forgotten the code by now.
    if (steady_ns() >= end_ns) {
      return std::unexpected(
          TokenRefusal{"expired_token", {refusal_text("expired_token", "nobody said yes in time")}});
    }
    // A provider that is away for a moment may come back before the code ends.
    const bool is_late = refusal.code.empty() && refusal.error.code == ETIMEDOUT;
    if (refusal.code != "authorization_pending" && refusal.code != "slow_down" && !is_late) return login;
    if (refusal.code != "authorization_pending")
      code->interval_s = std::min(code->interval_s + slow_down_s, interval_max_s);
  }
}

}  // namespace sallyport::cli
