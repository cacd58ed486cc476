// What a paused request asks for: who has to say yes, and all that they are shown.
#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>

#include "config/check.h"
#include "core/core.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

std::string_view view(sp_text text) { return {text.data, text.size}; }

Digest digest_of(const EVP_MD* algorithm, const void* data, size_t size) {
  Digest digest{};
  unsigned made = 0;
  CHECK(EVP_Digest(data, size, digest.data(), &made, algorithm, nullptr) == 1 && made == digest.size());
  return digest;
}

// A plugin that was built by ABI 1.0 knows of no context.
sp_bytes context_of(const sp_ask& ask) {
  return ask.size >= offsetof(sp_ask, context) + sizeof ask.context ? ask.context : sp_bytes{};
}

}  // namespace

// Each rule that pauses something in the batch has to be satisfied, whatever order they stand in.
std::vector<ApprovalDemand> Session::demands_of(const sp_ask& ask) const {
  std::vector<ApprovalDemand> demands;
  const Snapshot& now = *core_.snapshot();
  const TargetState* target = now.target(target_name_);
  const std::optional<std::vector<std::string>> groups = groups_in(now);
  if (!target || !groups) return demands;
  for (const config::Rule* rule :
       now.policy->approval_rules(*target->target, *groups, {ask.commands, ask.command_count})) {
    demands.push_back({rule->name, rule->terms});
  }
  return demands;
}

ApprovalWanted Session::describe(const sp_ask& ask, const config::Rule& rule) {
  ApprovalWanted wanted;
  wanted.session = ref();
  wanted.session_id = id_;
  wanted.ticket = ask.ticket;
  wanted.identity = who_;
  wanted.target = target_name_;
  wanted.login = login_name_;
  wanted.database = database_;
  wanted.rule = rule.name;
  wanted.peer = peer_;
  wanted.persons = persons();
  if (identity_) {
    wanted.actor = identity_->actor;
    wanted.on_behalf_of = identity_->on_behalf_of;
    wanted.job = identity_->job;
  }
  wanted.masks = core_.snapshot()->policy->mask_names(target(), groups_);
  wanted.reason = reason_;
  show_request(ask, wanted);
  wanted.transaction = ask.transaction;
  wanted.transaction_age_ms = ask.transaction ? (core_.now_ns() - transaction_since_ns_) / 1'000'000 : 0;
  wanted.timeout_ms = rule.timeout_ms;
  if (ask.value_count == 0) wanted.text_digest = digest_of(core_.sha256(), ask.text.data, ask.text.size);
  if (const sp_bytes context = context_of(ask); context.size > 0) {
    wanted.context_digest = digest_of(core_.sha256(), context.data, context.size);
    wanted.plain_context = (ask.flags & SP_ASK_PLAIN_CONTEXT) != 0;
  }
  return wanted;
}

// Approvers see what the detectors leave; what those hid goes along for who asks to have it revealed.
void Session::show_request(const sp_ask& ask, ApprovalWanted& wanted) {
  auto hidden = std::make_shared<HiddenText>();
  wanted.text = masked_text(view(ask.text));
  hidden->text = view(ask.text);
  size_t size = ask.text.size;
  bool differs = wanted.text != hidden->text;
  for (size_t i = 0; i < ask.value_count; ++i) {
    const std::string name(view(ask.values[i].name));
    const auto& [shown_name, shown] =
        wanted.values.emplace_back(name, masked_text(view(ask.values[i].value)));
    const auto& [hidden_name, clear] = hidden->values.emplace_back(name, view(ask.values[i].value));
    size += clear.size();
    differs = differs || shown != clear;
  }
  if (differs && size <= limits::approval_reveal_size_max) wanted.hidden = std::move(hidden);
  for (size_t i = 0; i < ask.command_count; ++i) wanted.verbs.emplace_back(view(ask.commands[i].verb));
  const ShownNames names = shown_names(ask);
  wanted.objects.assign(names.objects.begin(), names.objects.end());
}

// Still exactly the same, and nothing but the same people would have to say yes to it by now.
bool Session::is_as_approved(const sp_ask& ask, const Ticket& ticket) const {
  if (binding_digest(ask) != ticket.digest || ask.transaction != ticket.transaction) return false;
  const Snapshot& now = *core_.snapshot();
  const TargetState* target = now.target(target_name_);
  const std::optional<std::vector<std::string>> groups = groups_in(now);
  if (!target || !groups) return false;
  const guard::Verdict verdict =
      now.policy->judge(*target->target, *groups, {ask.commands, ask.command_count});
  if (verdict.action != config::Action::approve) return verdict.action == config::Action::allow;
  return demands_of(ask) == ticket.demands;
}

int Session::deny_without_reason(const sp_ask& ask, const std::string& rule, sp_answer& out) {
  const int result = deny(ask, rule, nullptr, out, ": it asks for the reason why");
  answer_detail_ = "do=give a reason and send it again";
  out.detail = {answer_detail_.data(), answer_detail_.size()};
  return result;
}

}  // namespace sallyport
