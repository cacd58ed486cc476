#include "core/control/webhook_answer.h"

#include <nlohmann/json.hpp>

#include "config/limits.h"
#include "config/quantity.h"
#include "core/control/form.h"
#include "core/control/webhook_signature.h"
#include "core/identity/strict_json.h"

namespace sallyport {

namespace {

using nlohmann::json;
using Taken = std::expected<WebhookAnswer, WebhookRefusal>;

constexpr size_t name_size_max = 255;

std::unexpected<WebhookRefusal> refused(unsigned status, std::string why) {
  return std::unexpected(WebhookRefusal{status, std::move(why)});
}

std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

json object_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

const char* text_of(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::none: return "";
    case SignatureFault::unsigned_: return "it is not signed";
    case SignatureFault::wrong: return "its signature is wrong";
    case SignatureFault::old: return "it was signed too long ago, or the clocks differ by minutes";
  }
  return "";
}

Taken read_generic(const HttpRequest& request) {
  const std::string type = config::lower_case(request.content_type.substr(0, request.content_type.find(';')));
  if (type != "application/json") return refused(415, "send application/json");
  const auto body = identity::parse_strict_object(request.body);
  if (!body) return refused(400, "send one JSON object, each key once");
  const std::string decision = text_at(*body, "decision");
  if (decision != "approve" && decision != "deny") return refused(400, "decision is \"approve\" or \"deny\"");
  WebhookAnswer answer{.decides = true,
                       .approve = decision == "approve",
                       .approval = text_at(*body, "approval"),
                       .proof = "",
                       .sender = text_at(*body, "sender"),
                       .workspace = "",
                       .reason = text_at(*body, "reason"),
                       .reply_url = ""};
  if (answer.approval.empty()) return refused(400, "approval is the id of one");
  return answer;
}

// Slack, "Handling user interaction": one form field, `payload`.
Taken read_slack(const HttpRequest& request) {
  const std::optional<Form> form = parse_form(request);
  const auto payload = form ? identity::parse_strict_object(form->text("payload")) : std::nullopt;
  if (!payload) return refused(400, "send application/x-www-form-urlencoded with a payload of JSON");
  WebhookAnswer answer{.approval = "",
                       .proof = "",
                       .sender = text_at(object_at(*payload, "user"), "id"),
                       .workspace = text_at(object_at(*payload, "team"), "id"),
                       .reason = "",
                       .reply_url = text_at(*payload, "response_url")};
  const auto actions = payload->find("actions");
  if (text_at(*payload, "type") != "block_actions" || actions == payload->end() || !actions->is_array() ||
      actions->size() != 1)
    return refused(400, "only a button's block_actions, one at a time, mean something here");
  const json& action = actions->front();
  const std::string what = text_at(action, "action_id"), value = text_at(action, "value");
  answer.approve = what == "approve";
  answer.decides = answer.approve || what == "deny";
  if (!answer.decides) return answer;
  const size_t point = value.find('.');
  answer.approval = value.substr(0, point);
  answer.proof = point == value.npos ? "" : value.substr(point + 1);
  return answer;
}

}  // namespace

Taken WebhookAnswers::take(const config::Webhook& webhook, const std::string& secret,
                           const HttpRequest& request, int64_t now_s) {
  const bool is_slack = webhook.kind == config::WebhookKind::slack;
  const HookProof& proof = request.hook;
  const SignedRequest signed_request = {.path = request.path,
                                        .body = request.body,
                                        .signature = is_slack ? proof.slack_signature : proof.signature,
                                        .slack_time = proof.slack_time};
  const SignatureFault fault =
      is_slack ? check_slack(secret, signed_request, now_s) : check_answer(secret, signed_request, now_s);
  if (fault != SignatureFault::none) return refused(401, text_of(fault));
  if (!is_new(std::string(signed_request.signature), now_s))
    return refused(409, "it came before: an answer counts once");
  Taken answer = is_slack ? read_slack(request) : read_generic(request);
  if (answer && (answer->sender.empty() || answer->sender.size() > name_size_max))
    return refused(400, "it names no sender");
  return answer;
}

// What could come again is remembered until its time has passed. Only who can sign gets so far; were they so
// many, nothing more counts until some are forgotten.
bool WebhookAnswers::is_new(const std::string& signed_text, int64_t now_s) {
  std::erase_if(seen_, [now_s](const auto& one) { return one.second < now_s; });
  if (seen_.size() >= limits::webhook_seen_count_max) return false;
  return seen_.emplace(signed_text, now_s + 2 * int64_t{limits::webhook_skew_s} + 1).second;
}

std::string user_of(const config::Webhook& webhook, const WebhookAnswer& answer) {
  if (!answer.workspace.empty()) {
    const auto exactly = webhook.senders.find(answer.workspace + "/" + answer.sender);
    if (exactly != webhook.senders.end()) return exactly->second;
  }
  const auto found = webhook.senders.find(answer.sender);
  return found == webhook.senders.end() ? "" : found->second;
}

}  // namespace sallyport
