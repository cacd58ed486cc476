#include "core/control/webhook_message.h"

#include <nlohmann/json.hpp>

#include "config/limits.h"
#include "core/control/approval_json.h"
#include "core/control/webhook_text.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr int64_t second = 1'000'000'000;
constexpr size_t list_count_max = 100;  // of names that a request touches
constexpr size_t section_size_max = 2900;
constexpr size_t field_size_max = 600;
constexpr size_t line_size_max = 140;

std::string dump(const json& value) {
  // ASCII alone: what lies on the way can change nothing that is signed.
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

bool is_over(config::WebhookEvent event) {
  return event == config::WebhookEvent::decided || event == config::WebhookEvent::expired;
}

// ---- The generic form ------------------------------------------------------------------------------------

void shorten(json& list) {
  while (list.size() > list_count_max) list.erase(list.size() - 1);
}

json told_approval(const config::Webhook& webhook, const WebhookNews& news) {
  const Approval& approval = *news.approval;
  json told = approval_json(approval, news.now_ns);
  shorten(told["verbs"]);
  shorten(told["objects"]);
  const bool is_whole = shows_all(webhook, approval);
  told["whole"] = is_whole;
  if (is_whole) return told;
  told["plan"] = json::array();
  told["values"] = json::array();
  if (webhook.shows_text) {
    told["text"] = approval.asked.text.substr(0, limits::webhook_text_size_max);
  } else {
    for (const char* key : {"text", "caller_reason"}) told[key] = "";
    told["objects"] = json::array();
  }
  return told;
}

std::string generic_body(const config::Webhook& webhook, const WebhookNews& news) {
  json body = {{"version", 1},
               {"delivery", news.delivery},
               {"event", webhook_event_name(news.event)},
               {"webhook", webhook.name},
               {"gateway", news.gateway},
               {"time", news.now_ns / second},
               {"what", news.what}};
  if (news.approval) {
    body["link"] = webhook_link(news.gateway, news.approval->id);
    body["approval"] = told_approval(webhook, news);
  }
  return dump(body);
}

// ---- Slack's blocks --------------------------------------------------------------------------------------

json plain(const std::string& text) { return {{"type", "plain_text"}, {"text", text}, {"emoji", false}}; }
json mrkdwn(const std::string& text) { return {{"type", "mrkdwn"}, {"text", text}, {"verbatim", true}}; }

// One line, for a code span.
std::string span_text(const std::string& text, size_t size_max) {
  const CutText cut = mrkdwn_text(visible_text(text, false), size_max);
  return "`" + cut.text + (cut.is_whole ? "`" : "…`");
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

void add_field(json& fields, const char* name, const std::string& value) {
  if (!value.empty())
    fields.push_back(mrkdwn("*" + std::string(name) + "*\n" + span_text(value, field_size_max)));
}

std::string demands_text(const Approval& approval) {
  std::vector<std::string> all;
  for (const ApprovalDemand& demand : approval.asked.demands) {
    for (const config::Quorum& quorum : demand.terms.quorums)
      all.push_back(std::to_string(quorum.count) + " of " + joined(quorum.groups));
  }
  return joined(all);
}

std::string place_text(const ApprovalWanted& asked) {
  return asked.target + (asked.database.empty() ? "" : "/" + asked.database) +
         (asked.login.empty() ? "" : " as " + asked.login);
}

json fields_of(const config::Webhook& webhook, const WebhookNews& news) {
  const ApprovalWanted& asked = news.approval->asked;
  json fields = json::array();
  add_field(fields, "Who", asked.identity + (asked.actor.empty() ? "" : ", by " + asked.actor));
  add_field(fields, "Where", place_text(asked));
  add_field(fields, "Rule", asked.rule);
  add_field(fields, "What", joined(asked.verbs));
  if (webhook.shows_text) add_field(fields, "On", joined(asked.objects));
  add_field(fields, "Needs", demands_text(*news.approval));
  add_field(fields, "Masks of the reply", joined(asked.masks));
  if (asked.transaction != 0)
    add_field(fields, "Transaction", "open for " + std::to_string(asked.transaction_age_ms / 1000) + " s");
  std::vector<std::string> job;
  for (const auto& [name, value] : asked.job) {
    job.push_back(name);
    job.back() += "=" + value;
  }
  add_field(fields, "Job", joined(job));
  const int64_t left_s = (news.approval->expires_ns - news.now_ns) / second;
  if (!is_over(news.event))
    add_field(fields, "Waits for", std::to_string(std::max<int64_t>(left_s, 0)) + " s");
  return fields;
}

json button(const char* action, const char* text, const char* style, const WebhookNews& news) {
  json made = {{"type", "button"},
               {"action_id", action},
               {"text", plain(text)},
               {"value", news.approval->id + "." + news.proof}};
  if (*style != '\0') made["style"] = style;
  if (std::string_view(action) == "approve") {
    made["confirm"] = {{"title", plain("Let it run?")},
                       {"text", plain("Exactly what the message shows, once.")},
                       {"confirm", plain("Approve")},
                       {"deny", plain("Back")}};
  }
  return made;
}

json actions_of(const config::Webhook& webhook, const WebhookNews& news) {
  json elements = json::array();
  if (!webhook.senders.empty() && !is_over(news.event)) {
    if (shows_all(webhook, *news.approval)) elements.push_back(button("approve", "Approve", "primary", news));
    elements.push_back(button("deny", "Deny", "danger", news));
  }
  elements.push_back({{"type", "button"},
                      {"action_id", "open"},
                      {"text", plain("Open")},
                      {"url", webhook_link(news.gateway, news.approval->id)}});
  return {{"type", "actions"}, {"elements", elements}};
}

json statement_of(const config::Webhook& webhook, const Approval& approval) {
  if (!webhook.shows_text) return {{"type", "section"}, {"text", mrkdwn("_The link shows what would run._")}};
  const CutText cut = mrkdwn_text(visible_text(shown_text(approval), true), section_size_max);
  return {{"type", "section"},
          {"text", mrkdwn("```\n" + cut.text + "\n```" +
                          (cut.is_whole ? "" : "\n*This is not all of it:* the link shows the rest."))}};
}

std::string slack_body(const config::Webhook& webhook, const WebhookNews& news) {
  const std::string line =
      news.approval ? "Approval " + news.approval->id + ": " + news.what : "Alarm: " + news.what;
  const std::string seen = visible_text(line, false);
  const CutText header = mrkdwn_text(seen, line_size_max);
  json blocks = json::array();
  blocks.push_back(
      {{"type", "section"},
       {"text", mrkdwn("*" + std::string(news.approval ? "Approval " + news.approval->id : "Alarm") + "* " +
                       span_text(news.what, section_size_max - 100))}});
  if (news.approval) {
    blocks.push_back({{"type", "section"}, {"fields", fields_of(webhook, news)}});
    if (!is_over(news.event)) blocks.push_back(statement_of(webhook, *news.approval));
    if (news.approval->asked.hidden && !is_over(news.event))
      blocks.push_back({{"type", "context"},
                        {"elements", {mrkdwn("Detectors hide parts of it; the link can show them.")}}});
    blocks.push_back(actions_of(webhook, news));
  }
  return dump({{"text", header.text}, {"blocks", blocks}, {"unfurl_links", false}, {"unfurl_media", false}});
}

}  // namespace

std::string webhook_event_name(config::WebhookEvent event) {
  const std::string name = config::webhook_event_names[static_cast<size_t>(event)];
  return event == config::WebhookEvent::alarm ? name : "approval." + name;
}

bool shows_all(const config::Webhook& webhook, const Approval& approval) {
  if (!webhook.shows_text || approval.asked.objects.size() > list_count_max ||
      approval.asked.verbs.size() > list_count_max)
    return false;
  const std::string text = shown_text(approval);
  if (text.size() > limits::webhook_text_size_max) return false;
  switch (webhook.kind) {
    case config::WebhookKind::generic: return approval.text_size <= limits::webhook_text_size_max;
    case config::WebhookKind::slack: return mrkdwn_text(visible_text(text, true), section_size_max).is_whole;
  }
  return false;
}

std::string webhook_link(const std::string& gateway, const std::string& approval) {
  return gateway + "/approve/" + approval;
}

std::string webhook_body(const config::Webhook& webhook, const WebhookNews& news) {
  switch (webhook.kind) {
    case config::WebhookKind::generic: return generic_body(webhook, news);
    case config::WebhookKind::slack: return slack_body(webhook, news);
  }
  return "";
}

}  // namespace sallyport
