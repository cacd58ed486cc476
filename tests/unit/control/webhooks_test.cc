// The webhooks' queues: whose deliveries wait, and whose are lost.
#include "core/control/webhooks.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "config/limits.h"

namespace sallyport {
namespace {

// Who asks and takes back as fast as he can neither fills the queue for others nor the log.
TEST(Webhooks, OneIdentityHasAShareOfAQueue) {
  std::vector<std::string> lost;
  const int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  {
    Webhooks webhooks(
        {.lost = [&lost](const std::string&, const std::string& what) { lost.push_back(what); }}, wake_fd);
    config::Webhook webhook;
    webhook.name = "chat";
    webhook.events.fill(true);
    webhooks.configure({webhook});
    Approval noisy, other;
    noisy.id = "AAAAA";
    noisy.asked.identity = "mallory";
    other.id = "BBBBB";
    other.asked.identity = "ann";
    WebhookNews news{.event = config::WebhookEvent::opened,
                     .approval = &noisy,
                     .what = "",
                     .delivery = "",
                     .gateway = "http://gate.test",
                     .proof = "",
                     .now_ns = 0};
    for (size_t i = 0; i < limits::webhook_queue_count_max; ++i) webhooks.tell(news);
    const size_t share = webhooks.status()[0]["waiting"].get<size_t>();
    EXPECT_EQ(share, limits::webhook_queue_count_max / 4);
    news.approval = &other;
    webhooks.tell(news);
    EXPECT_EQ(webhooks.status()[0]["waiting"], share + 1);
    EXPECT_EQ(lost.size(), 1U) << "said once";
  }
  close(wake_fd);
}

}  // namespace
}  // namespace sallyport
