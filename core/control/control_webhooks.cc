// Approvals and alarms go out to webhooks, and answers come back in (core/control/webhook.md). A verified
// sender decides as the user whom the config takes him for, by the same rules as by every other way in.
#include <string.h>

#include <nlohmann/json.hpp>

#include "config/clock.h"
#include "core/control/answers.h"
#include "core/control/control.h"
#include "core/control/http_guard.h"
#include "core/control/webhook_text.h"

namespace sallyport {

namespace {

using nlohmann::json;
using ringlog::DecisionKind;

constexpr std::string_view hook_path = "/hooks/";
constexpr size_t words_size_max = 1000;

struct Told {
  config::WebhookEvent event;
  std::string what;
};

std::string with_reason(std::string text, const std::string& reason) {
  return reason.empty() ? text : text + ": " + reason;
}

// Nothing: it is not told.
std::optional<Told> told_of(const RecordDecision& record, const Approval& approval) {
  using config::WebhookEvent;
  const std::string& by = record.approver;
  switch (static_cast<DecisionKind>(record.decision)) {
    case DecisionKind::Asked:
      return Told{WebhookEvent::opened, approval.asked.identity + " asks at " + approval.asked.target +
                                            ", rule " + approval.asked.rule};
    case DecisionKind::Voted:
      return Told{WebhookEvent::voted, with_reason(by + " said yes; it needs more", record.reason)};
    case DecisionKind::Escalated:
      return Told{WebhookEvent::escalated, "nobody has answered; it goes " + record.reason};
    case DecisionKind::Approved:
      return Told{WebhookEvent::decided, with_reason("approved by " + by, record.reason)};
    case DecisionKind::Denied:
      return Told{WebhookEvent::decided, with_reason("denied by " + by, record.reason)};
    case DecisionKind::Revoked:
      return Told{WebhookEvent::decided, with_reason("taken back by " + by, record.reason)};
    case DecisionKind::Expired: return Told{WebhookEvent::expired, "expired"};
    case DecisionKind::Cancelled: return Told{WebhookEvent::expired, "void: its transaction is over"};
    default: return std::nullopt;
  }
}

HttpAnswer answered(unsigned status, const json& body) {
  return {.status = status,
          .body = body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n",
          .headers = {}};
}

HttpAnswer refusal(unsigned status, const std::string& why) { return answered(status, refuse(why, status)); }

std::string sender_text(const WebhookAnswer& answer) {
  return "sender " + answer.sender + (answer.workspace.empty() ? "" : " of " + answer.workspace);
}

}  // namespace

void Control::open_webhooks() {
  const auto lost = [this](const std::string& webhook, const std::string& what) {
    record_admin("webhook " + webhook, "webhook-lost", what);
    options_.say("webhook " + webhook + ": " + what);
  };
  webhooks_ = std::make_unique<Webhooks>(Webhooks::Ports{.lost = lost}, wake_fd_);
}

// What links begin with. Where the system chose the port, the config cannot know it.
std::string Control::own_url() const {
  const std::string& url = snapshot_->policy->config().admin.url;
  const std::string address = http_address();
  if (!url.ends_with(":0") || address.empty()) return url;
  return url.substr(0, url.size() - 1) + address.substr(address.rfind(':') + 1);
}

void Control::tell_webhooks(const Approvals::Effects& effects) {
  if (webhooks_->empty()) return;
  for (const RecordDecision& record : effects.records) {
    const Approval* approval = approvals_.find(record.approval);
    std::optional<Told> told = approval ? told_of(record, *approval) : std::nullopt;
    if (!told) continue;
    webhooks_->tell({.event = told->event,
                     .approval = approval,
                     .what = std::move(told->what),
                     .delivery = "",
                     .gateway = own_url(),
                     .proof = "",
                     .now_ns = wall_ns()});
  }
}

void Control::tell_alarm(const std::string& text) {
  webhooks_->tell({.event = config::WebhookEvent::alarm,
                   .approval = nullptr,
                   .what = text,
                   .delivery = "",
                   .gateway = own_url(),
                   .proof = "",
                   .now_ns = wall_ns()});
}

// ---- Back in ---------------------------------------------------------------------------------------------

// The secret is read for each answer, so that a changed one needs no reload.
void Control::on_hook(const HttpRequest& request, const HttpDoor::Reply& reply) {
  if (request.method != "POST")
    return reply({.status = 405, .body = http_problem(405, "POST"), .headers = {{"Allow", "POST"}}});
  const config::Webhook* webhook = webhooks_->find(request.path.substr(hook_path.size()));
  if (!webhook || webhook->senders.empty()) return reply(refusal(404, "no webhook takes answers here"));
  const bool taken = workers_->submit([this, webhook = *webhook, request, reply]() -> Workers::Done {
    auto secret = std::make_shared<Result<std::string>>(config::read_webhook_secret(webhook));
    return [this, name = webhook.name, secret, request, reply] {
      if (*secret) return take_answer(name, **secret, request, reply);
      options_.say("webhook " + name + ": " + secret->error().text);
      reply(refusal(503, "the gateway cannot check answers now; its operator knows why"));
    };
  });
  if (!taken) reply(refusal(503, "the gateway is too busy; try again"));
}

void Control::take_answer(const std::string& name, std::string& secret, const HttpRequest& request,
                          const HttpDoor::Reply& reply) {
  const config::Webhook* webhook = webhooks_->find(name);
  const auto answer = webhook ? webhook_answers_.take(*webhook, secret, request, wall_ns() / 1'000'000'000)
                              : std::unexpected(WebhookRefusal{404, "no webhook takes answers here"});
  explicit_bzero(secret.data(), secret.size());
  if (!answer) {
    if (webhooks_->count_answer(name, false, steady_ns()))
      record_admin(request.peer, "webhook-refused", "webhook " + name + ": " + answer.error().why);
    return reply(refusal(answer.error().status, answer.error().why));
  }
  const json done = answer->decides ? decide_by_webhook(*webhook, *answer) : json{{"ok", true}};
  const bool is_taken = done.value("ok", false);
  webhooks_->count_answer(name, is_taken, steady_ns());
  if (webhook->kind == config::WebhookKind::generic)
    return reply(answered(is_taken ? 200 : done.value("status", 400U), done));
  if (!is_taken)
    webhooks_->reply(*webhook, answer->reply_url,
                     mrkdwn_text(visible_text(text_of(done, "error"), false), words_size_max).text);
  reply({.content_type = "text/plain; charset=utf-8", .body = "", .headers = {}});
}

json Control::decide_by_webhook(const config::Webhook& webhook, const WebhookAnswer& answer) {
  const std::string way = "approval " + answer.approval.substr(0, limits::name_size_max) + " by webhook " +
                          webhook.name + ", " + sender_text(answer);
  const std::string act = answer.approve ? "webhook-approve" : "webhook-deny";
  const std::string name = user_of(webhook, answer);
  const config::User* user = snapshot_->policy->user(name);
  const auto refused = [&](const std::string& why, unsigned status) {
    record_admin(user ? user->name : "nobody", "webhook-refused", way + ": " + why);
    return refuse(why, status);
  };
  if (!user) return refused("nobody here is known by that name: `senders` of the webhook says who is", 403);
  if (closed_.identities.contains(name)) return refused(name + " is kept out by an operator", 403);
  const Approval* approval = approvals_.find(answer.approval);
  if (!approval) return refused("no such approval", 404);
  if (!Webhooks::concerns(webhook, *approval))
    return refused("this webhook is not told of such approvals", 403);
  const std::string link = webhook_link(own_url(), approval->id);
  if (webhook.kind == config::WebhookKind::slack && !webhooks_->is_ours(webhook, *approval, answer.proof))
    return refused("this button was not made for this approval: open " + link, 403);
  if (answer.approve && !shows_all(webhook, *approval))
    return refused("the message does not show all that would run: open " + link, 403);
  const std::vector<std::string> persons = user->persons();
  const Approvals::Approver person = {.name = user->name, .groups = user->groups, .persons = persons};
  const json done = decide(
      person,
      {{"act", answer.approve ? "approve" : "deny"}, {"id", answer.approval}, {"reason", answer.reason}});
  if (!done.value("ok", false)) return refused(text_of(done, "error"), done.value("status", 400U));
  record_admin(user->name, act, way);
  return {{"ok", true}, {"approval", answer.approval}, {"state", done["approval"]["state"]}};
}

}  // namespace sallyport
