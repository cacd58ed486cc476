#include "core/control/webhooks.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/check.h"
#include "config/clock.h"
#include "config/limits.h"
#include "core/control/webhook_signature.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr int64_t ms = 1'000'000;
constexpr int64_t second = 1000 * ms;
constexpr int64_t minute = 60 * second;
constexpr size_t thread_count_max = limits::webhook_count_max * limits::webhook_flight_count_max;
constexpr size_t queue_size_max = 8 * limits::MiB;                          // bytes that wait for one webhook
constexpr size_t identity_count_max = limits::webhook_queue_count_max / 4;  // of what one identity asked for
constexpr size_t proof_size = 32;

uint32_t random_number() {
  uint32_t number = 0;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1);
  return number;
}

std::string random_id() {
  static constexpr char digits[] = "0123456789abcdef";
  std::string id;
  for (int i = 0; i < 4; ++i) {
    const uint32_t number = random_number();
    for (int shift = 0; shift < 32; shift += 4) id += digits[number >> shift & 15];
  }
  return id;
}

SecretBytes random_key() {
  std::array<std::byte, 32> key{};
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), key.size()) == 1);
  SecretBytes made{std::span<const std::byte>(key)};
  OPENSSL_cleanse(key.data(), key.size());
  return made;
}

}  // namespace

bool Webhooks::concerns(const config::Webhook& webhook, const Approval& approval) {
  if (webhook.groups.empty()) return true;
  for (size_t i = 0; i < approval.asked.demands.size(); ++i) {
    if (config::may_vote(approval.asked.demands[i].terms, webhook.groups, approval.escalated[i])) return true;
  }
  return false;
}

Webhooks::Webhooks(Ports ports, int wake_fd)
    : ports_(std::move(ports)),
      key_(random_key()),
      workers_(std::make_unique<Workers>(thread_count_max, thread_count_max, wake_fd)) {}

Webhooks::~Webhooks() {
  stopping_ = true;
  workers_.reset();
}

void Webhooks::configure(const std::vector<config::Webhook>& webhooks) {
  std::map<std::string, One> now;
  for (const config::Webhook& webhook : webhooks) {
    auto old = all_.extract(webhook.name);
    One& one = now[webhook.name];
    if (!old.empty()) one = std::move(old.mapped());
    one.webhook = webhook;
  }
  for (const auto& [name, one] : all_) {
    if (!one.queue.empty())
      ports_.lost(name, std::to_string(one.queue.size()) + " deliveries: the config names it no more");
  }
  all_ = std::move(now);
}

const config::Webhook* Webhooks::find(const std::string& name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second.webhook;
}

void Webhooks::tell(const WebhookNews& news) {
  for (auto& [name, one] : all_) {
    if (!one.webhook.tells(news.event)) continue;
    if (news.approval && !concerns(one.webhook, *news.approval)) continue;
    WebhookNews told = news;
    told.delivery = random_id();
    if (news.approval) told.proof = proof_of(one.webhook, *news.approval);
    queue(one,
          {.webhook = {},
           .url = "",
           .delivery = told.delivery,
           .event = webhook_event_name(news.event),
           .body = webhook_body(one.webhook, told)},
          news.approval ? news.approval->asked.identity : "");
  }
}

void Webhooks::reply(const config::Webhook& webhook, const std::string& url, const std::string& text) {
  const auto found = all_.find(webhook.name);
  if (found == all_.end() || url.empty()) return;
  const json body = {{"response_type", "ephemeral"}, {"replace_original", false}, {"text", text}};
  queue(found->second,
        {.webhook = {},
         .url = url,
         .delivery = random_id(),
         .event = "reply",
         .body = body.dump(-1, ' ', true, json::error_handler_t::replace)},
        "");
}

// Who asks and takes back as fast as he can fills his own share, not the way of others' approvals.
bool Webhooks::has_share(One& one, const std::string& of) {
  if (of.empty()) return true;
  const auto count = static_cast<size_t>(std::ranges::count(one.queue, of, &Delivery::of));
  if (count == 0) one.full_for.erase(of);
  if (count < identity_count_max) return true;
  if (one.full_for.insert(of).second)
    ports_.lost(one.webhook.name, "too many deliveries about approvals that " + of +
                                      " asked for wait for it; until there is room, new ones are lost");
  return false;
}

void Webhooks::queue(One& one, WebhookPost&& post, const std::string& of) {
  if (!has_share(one, of)) {
    ++one.dropped_count;
    return;
  }
  const bool has_room = one.queue.size() < limits::webhook_queue_count_max &&
                        one.queue_size + post.body.size() <= queue_size_max;
  if (!has_room) {
    ++one.dropped_count;
    if (!std::exchange(one.is_full, true))
      ports_.lost(one.webhook.name,
                  "too many deliveries wait for it; until there is room, new ones are lost");
    return;
  }
  one.is_full = false;
  one.queue_size += post.body.size();
  one.queue.push_back({.post = std::move(post), .of = of, .due_ns = steady_ns()});
}

void Webhooks::run(int64_t now_ns) {
  workers_->collect();
  for (auto& [name, one] : all_) {
    for (Delivery& delivery : one.queue) {
      if (one.flight_count >= limits::webhook_flight_count_max) break;
      if (!delivery.is_under_way && delivery.due_ns <= now_ns) start(one, delivery);
    }
  }
}

void Webhooks::start(One& one, Delivery& delivery) {
  WebhookPost post = delivery.post;
  post.webhook = one.webhook;
  const bool taken = workers_->submit([this, post = std::move(post)]() -> Workers::Done {
    const WebhookOutcome outcome = send_webhook(post, wall_ns() / second, stopping_);
    return [this, name = post.webhook.name, id = post.delivery, outcome] { on_done(name, id, outcome); };
  });
  if (!taken) return;
  delivery.is_under_way = true;
  ++one.flight_count;
}

void Webhooks::on_done(const std::string& name, const std::string& id, const WebhookOutcome& outcome) {
  const auto found = all_.find(name);
  if (found == all_.end()) return;
  One& one = found->second;
  const auto at = std::ranges::find_if(one.queue, [&id](const Delivery& delivery) {
    return delivery.is_under_way && delivery.post.delivery == id;
  });
  if (at == one.queue.end()) return;  // the webhook went, and came back under the same name
  CHECK(one.flight_count > 0);
  --one.flight_count;
  at->is_under_way = false;
  ++at->try_count;
  const bool is_done = outcome.kind == WebhookOutcome::Kind::delivered;
  one.fault = is_done ? "" : outcome.why;
  if (is_done) {
    ++one.delivered_count;
  } else if (outcome.kind == WebhookOutcome::Kind::again && at->try_count <= one.webhook.retry_count_max) {
    ++one.retry_count;
    const uint32_t own_ms = backoff_ms(one.webhook.backoff_ms, at->try_count, random_number());
    at->due_ns = steady_ns() + std::max(own_ms, outcome.wait_ms) * ms;
    return;
  } else {
    ++one.given_up_count;
    ports_.lost(name, at->post.event + " " + id + ", given up after " + std::to_string(at->try_count) +
                          (at->try_count == 1 ? " try: " : " tries: ") + outcome.why);
  }
  one.queue_size -= at->post.body.size();
  one.queue.erase(at);
}

// ---- What comes back -------------------------------------------------------------------------------------

std::string Webhooks::proof_of(const config::Webhook& webhook, const Approval& approval) const {
  const std::string of = webhook.name + "\n" + approval.id + "\n" + std::to_string(approval.created_ns);
  return hmac_sha256_hex(key_.text(), of).substr(0, proof_size);
}

bool Webhooks::is_ours(const config::Webhook& webhook, const Approval& approval,
                       const std::string& proof) const {
  const std::string made = proof_of(webhook, approval);
  return proof.size() == made.size() && CRYPTO_memcmp(proof.data(), made.data(), made.size()) == 0;
}

bool Webhooks::count_answer(const std::string& webhook, bool taken, int64_t now_ns) {
  const auto found = all_.find(webhook);
  if (found == all_.end()) return false;
  One& one = found->second;
  if (taken) {
    ++one.answer_count;
    return true;
  }
  ++one.refused_count;
  if (now_ns - one.refusals_since_ns >= minute) {
    one.refusals_since_ns = now_ns;
    one.refusals = 0;
  }
  return ++one.refusals <= limits::webhook_refusal_count_max;
}

json Webhooks::status() const {
  json all = json::array();
  for (const auto& [name, one] : all_) {
    all.push_back({{"name", name},
                   {"waiting", one.queue.size()},
                   {"delivered", one.delivered_count},
                   {"retries", one.retry_count},
                   {"given_up", one.given_up_count},
                   {"dropped", one.dropped_count},
                   {"answers", one.answer_count},
                   {"answers_refused", one.refused_count},
                   {"error", one.fault}});
  }
  return all;
}

}  // namespace sallyport
