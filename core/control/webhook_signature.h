// How webhooks prove where they come from (core/control/webhook.md). Sources: RFC 2104 (HMAC), FIPS 180-4;
// Slack, "Verifying requests from Slack" (version v0). Pure; any thread.
//
// Out and back in are signed over texts that no one can take for each other: what is sent begins with the
// time, an answer with its path, so that a message that was caught cannot be sent back as an answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport {

// In lower-case hex.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view text);

// The value of Sallyport-Signature: "t=SECONDS,v1=HEX", HEX over "SECONDS.BODY".
[[nodiscard]] std::string sign_delivery(std::string_view secret, int64_t now_s, std::string_view body);
// Of an answer: HEX over "PATH.SECONDS.BODY".
[[nodiscard]] std::string sign_answer(std::string_view secret, std::string_view path, int64_t now_s,
                                      std::string_view body);

// As the checks below find it. `unsigned_`: there is none, or none that can be read.
enum class SignatureFault : uint8_t { none, unsigned_, wrong, old };

struct SignedRequest {
  std::string_view path, body;
  std::string_view signature;   // Sallyport-Signature, or X-Slack-Signature
  std::string_view slack_time;  // X-Slack-Request-Timestamp
};

// In constant time of the signature. Older or newer than limits::webhook_skew_s is `old`.
[[nodiscard]] SignatureFault check_answer(std::string_view secret, const SignedRequest& request,
                                          int64_t now_s);
[[nodiscard]] SignatureFault check_slack(std::string_view secret, const SignedRequest& request,
                                         int64_t now_s);

}  // namespace sallyport
