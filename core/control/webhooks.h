// The webhooks: what is on its way to them, what failed and comes again, what was given up. Control thread;
// the tries are made by workers of their own, a few for each webhook, so that one that hangs holds up neither
// another one nor anything else. Nothing is kept over a restart, as approvals are not.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "core/control/secret_bytes.h"
#include "core/control/webhook_message.h"
#include "core/control/webhook_send.h"
#include "core/control/workers.h"

namespace sallyport {

class Webhooks {
 public:
  struct Ports {
    // Of a delivery that is lost: for the log and the operator.
    std::function<void(const std::string& webhook, const std::string& what)> lost;
  };

  // `wake_fd`: an eventfd that is written when run() has something to do.
  Webhooks(Ports ports, int wake_fd);
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  // What was on its way to one that is gone is gone too.
  void configure(const std::vector<config::Webhook>& webhooks);
  // To all whom it concerns. `delivery` and `proof` are made here.
  void tell(const WebhookNews& news);
  // Words for who pressed a button, where the chat takes them.
  void reply(const config::Webhook& webhook, const std::string& url, const std::string& text);
  // What workers have done, and what is due. `now_ns` of steady_ns().
  void run(int64_t now_ns);

  [[nodiscard]] bool empty() const { return all_.empty(); }
  // Whether it is told of this approval at all.
  [[nodiscard]] static bool concerns(const config::Webhook& webhook, const Approval& approval);
  [[nodiscard]] const config::Webhook* find(const std::string& name) const;
  // Whether a button was made here, for this approval and this webhook.
  [[nodiscard]] bool is_ours(const config::Webhook& webhook, const Approval& approval,
                             const std::string& proof) const;
  // An answer that came back: taken or refused. False: more were refused lately than the log is told of.
  bool count_answer(const std::string& webhook, bool taken, int64_t now_ns);
  [[nodiscard]] nlohmann::json status() const;

 private:
  struct Delivery {
    WebhookPost post;  // without the webhook
    std::string of;    // who asked; empty: nobody
    uint32_t try_count = 0;
    int64_t due_ns = 0;  // steady clock
    bool is_under_way = false;
  };
  struct One {
    config::Webhook webhook;
    std::deque<Delivery> queue;  // oldest first
    size_t queue_size = 0;       // bytes
    size_t flight_count = 0;
    uint64_t delivered_count = 0, retry_count = 0, given_up_count = 0, dropped_count = 0;
    uint64_t answer_count = 0, refused_count = 0;
    bool is_full = false;            // and that was said
    std::set<std::string> full_for;  // as well, of who has too many in it
    std::string fault;               // of the last try; empty: it went well
    int64_t refusals_since_ns = 0;
    uint32_t refusals = 0;
  };

  void queue(One& one, WebhookPost&& post, const std::string& of);
  [[nodiscard]] bool has_share(One& one, const std::string& of);
  void start(One& one, Delivery& delivery);
  void on_done(const std::string& name, const std::string& id, const WebhookOutcome& outcome);
  [[nodiscard]] std::string proof_of(const config::Webhook& webhook, const Approval& approval) const;

  Ports ports_;
  std::atomic<bool> stopping_ = false;
  SecretBytes key_;  // of buttons; a new one each start, as approvals are
  std::map<std::string, One> all_;
  std::unique_ptr<Workers> workers_;
};

}  // namespace sallyport
