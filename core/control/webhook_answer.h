// What comes back from a chat or a program: POST /hooks/NAME (core/control/webhook.md). Verified and read, to
// who says what of which approval. Pure but for what it remembers; control thread.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>

#include "config/webhook.h"
#include "core/control/http_door.h"

namespace sallyport {

struct WebhookAnswer {
  bool decides = false;  // else there is nothing to do: a button that only opens a link
  bool approve = false;
  std::string approval;   // its id
  std::string proof;      // of the button; of the generic form none
  std::string sender;     // as the chat or the program names him
  std::string workspace;  // Slack's team, whose user he is
  std::string reason;
  std::string reply_url;  // where Slack takes words for him alone
};

struct WebhookRefusal {
  unsigned status = 400;
  std::string why;  // for whoever sent it, and for the record
};

class WebhookAnswers {
 public:
  // An answer counts once: `now_s` of the wall clock.
  [[nodiscard]] std::expected<WebhookAnswer, WebhookRefusal> take(const config::Webhook& webhook,
                                                                  const std::string& secret,
                                                                  const HttpRequest& request, int64_t now_s);

 private:
  [[nodiscard]] bool is_new(const std::string& signed_text, int64_t now_s);

  std::map<std::string, int64_t> seen_;  // digests of answers, and until when they could come again
};

// The user of this config; empty: nobody.
[[nodiscard]] std::string user_of(const config::Webhook& webhook, const WebhookAnswer& answer);

}  // namespace sallyport
