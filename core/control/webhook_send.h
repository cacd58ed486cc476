// One try of a delivery: a POST by libcurl. Blocks, on a worker, for the webhook's timeout at most; follows
// no redirect, reads limits::webhook_answer_size_max of the answer at most, and verifies TLS.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "config/config.h"

namespace sallyport {

struct WebhookPost {
  config::Webhook webhook;  // as the config has it now
  std::string url;          // another of the same origin; empty: the webhook's
  std::string delivery, event, body;
};

struct WebhookOutcome {
  enum class Kind : uint8_t { delivered, again, refused };  // refused: another try would meet the same
  Kind kind = Kind::again;
  std::string why;
  uint32_t wait_ms = 0;  // that the receiver asks for; 0: it says nothing
};

// `now_s`: wall clock, for the signature.
[[nodiscard]] WebhookOutcome send_webhook(const WebhookPost& post, int64_t now_s,
                                          const std::atomic<bool>& stopping);

// "https://host:port" of a trusted URL; empty of another.
[[nodiscard]] std::string origin_of(const std::string& url);

// What a status says: RFC 9110, section 15. Pure.
[[nodiscard]] WebhookOutcome::Kind outcome_of(long status);

// How long until the next try, `try_count` of them having failed: doubled each time up to
// limits::webhook_backoff_max_ms, then between half and all of that, so that many that failed together do not
// come back together. `random`: any number.
[[nodiscard]] uint32_t backoff_ms(uint32_t first_ms, uint32_t try_count, uint32_t random);

}  // namespace sallyport
