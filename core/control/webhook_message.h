// What a webhook is told: the generic JSON form (core/control/webhook.md), and Slack's blocks. Texts in it
// have passed the detectors. Pure; control thread. Source: Slack, "Reference: Blocks" (limits: 3000
// characters of a section's text, 2000 of a field, 150 of a header, 10 fields).
#pragma once

#include <string>
#include <vector>

#include "config/webhook.h"
#include "core/control/approvals.h"

namespace sallyport {

struct WebhookNews {
  config::WebhookEvent event{};
  const Approval* approval = nullptr;  // null: an alarm
  std::string what;                    // in words: of an alarm; of a decision whose it is
  std::string delivery;                // its id, the same for each try
  std::string gateway;                 // its URL, which links begin with
  std::string proof;                   // of this approval's buttons
  int64_t now_ns = 0;                  // wall clock
};

// "approval.opened", ..., "alarm".
[[nodiscard]] std::string webhook_event_name(config::WebhookEvent event);

// Who reads its message has all before him that will run; else nobody can say yes from there.
[[nodiscard]] bool shows_all(const config::Webhook& webhook, const Approval& approval);

[[nodiscard]] std::string webhook_link(const std::string& gateway, const std::string& approval);
[[nodiscard]] std::string webhook_body(const config::Webhook& webhook, const WebhookNews& news);

}  // namespace sallyport
