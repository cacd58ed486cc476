// [[webhook]]: where approvals and alarms are told to, and who may answer from there. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/place.h"

namespace sallyport::config {

enum class WebhookKind : uint8_t { generic, slack };

// What is told. Ordered as in webhook_event_names.
enum class WebhookEvent : uint8_t { opened, voted, escalated, decided, expired, alarm };
inline constexpr std::array webhook_event_names = {"opened",  "voted",   "escalated",
                                                   "decided", "expired", "alarm"};

struct Webhook {
  std::string name;
  WebhookKind kind = WebhookKind::generic;
  std::string url;           // https://, or http:// to a loopback address; empty: it is a secret itself
  Secret url_secret;         // then
  std::filesystem::path ca;  // PEM; empty: the system's
  Secret secret;  // generic: signs what is sent and what comes back; slack: the app's signing secret
  std::array<bool, webhook_event_names.size()> events{};
  std::vector<std::string> groups;             // approvals that one of them may decide; empty: all
  bool shows_text = true;                      // else no word of what would run is sent
  std::map<std::string, std::string> senders;  // who it is there -> the [[user]] here; empty: no way back in
  uint32_t timeout_ms = 0;                     // of one try
  uint32_t backoff_ms = 0;                     // before the second; doubled for each one more
  uint32_t retry_count_max = 0;
  Place place;

  [[nodiscard]] bool tells(WebhookEvent event) const { return events[static_cast<size_t>(event)]; }
};

}  // namespace sallyport::config
