// What people do with approvals, whatever way they come in: list, decide, revoke, reveal, plan ahead.
#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/check.h"
#include "config/clock.h"
#include "core/control/answers.h"
#include "core/control/approval_json.h"
#include "core/control/control.h"
#include "core/guard/masker.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr size_t reason_size_max = limits::caller_reason_size_max;

bool flag_of(const json& request, const char* key) {
  const auto found = request.find(key);
  return found != request.end() && found->is_boolean() && found->get<bool>();
}

const char* const needs_person =
    "an approval needs a person: --as NAME with that user's secret, or os_user in the config";

}  // namespace

json Control::list_approvals(const Approvals::Approver& who, bool sees_all, const json& request) const {
  const bool mine = flag_of(request, "mine");
  if (mine && who.persons.empty()) return refuse("--mine needs a caller: --as NAME with that user's secret");
  json all = json::array();
  const std::string only = text_of(request, "id");
  for (const Approval* approval : approvals_.list(flag_of(request, "all") || mine)) {
    if (!only.empty() && approval->id != only) continue;
    if (!sees_all && !Approvals::concerns(*approval, who)) continue;
    if (!mine) {
      all.push_back(approval_json(*approval, wall_ns()));
    } else if (Approvals::is_asker(*approval, who)) {
      all.push_back(own_approval_json(*approval, wall_ns()));
    }
  }
  return {{"ok", true}, {"approvals", std::move(all)}};
}

json Control::decide(const Approvals::Approver& who, const json& request) {
  if (who.persons.empty()) return refuse(needs_person);
  const std::string id = text_of(request, "id");
  const Approvals::Answer answer = {.approve = text_of(request, "act") == "approve",
                                    .again = flag_of(request, "again"),
                                    .reason = text_of(request, "reason").substr(0, reason_size_max)};
  Approvals::Effects effects;
  const Result<void> decided = approvals_.decide(id, answer, who, wall_ns(), effects);
  apply(std::move(effects));
  if (!decided) return refuse(decided.error().text);
  if (const std::string& fault = approvals_.find(id)->grant_fault; !fault.empty())
    return refuse("approved, but nothing was granted: " + fault, 500);
  return {{"ok", true}, {"approval", approval_json(*approvals_.find(id), wall_ns())}};
}

// What a session has in hand is answered for when that session has told what became of it.
void Control::revoke(const Approvals::Approver& who, bool is_operator, const json& request,
                     const Reply& reply) {
  const std::string id = text_of(request, "id");
  Approvals::Effects effects;
  const Result<bool> revoked =
      approvals_.revoke(id, who, is_operator, text_of(request, "reason").substr(0, reason_size_max), effects);
  if (revoked && !*revoked) revoking_.insert_or_assign(id, reply);
  apply(std::move(effects));
  if (!revoked) return reply(refuse(revoked.error().text));
  if (*revoked) reply({{"ok", true}, {"approval", approval_json(*approvals_.find(id), wall_ns())}});
}

void Control::settle_revocation(const std::string& id) {
  const auto found = revoking_.find(id);
  if (found == revoking_.end()) return;
  const Reply reply = std::move(found->second);
  revoking_.erase(found);
  const Approval* approval = approvals_.find(id);
  if (approval && approval->state == Approval::State::revoked)
    return reply({{"ok", true}, {"approval", approval_json(*approval, wall_ns())}});
  reply(refuse("too late: what approval " + id + " was given for has run"));
}

json Control::reveal(const Approvals::Approver& who, const json& request) {
  if (who.persons.empty()) return refuse(needs_person);
  const std::string id = text_of(request, "id");
  Approvals::Effects effects;
  const Result<const HiddenText*> hidden = approvals_.reveal(id, who, effects);
  apply(std::move(effects));
  if (!hidden) return refuse(hidden.error().text);
  return {{"ok", true},
          {"approval", approval_json(*approvals_.find(id), wall_ns())},
          {"revealed", hidden_json(**hidden)}};
}

// What may be used again was granted under another policy.
void Control::end_old_approvals() {
  Approvals::Effects effects;
  approvals_.policy_changed(effects);
  apply(std::move(effects));
}

json Control::approval_status() const {
  const Approvals::Latency latency = approvals_.latency();
  return {{"decided", latency.count},
          {"latency_p50_ms", latency.p50_ns / 1'000'000},
          {"latency_p95_ms", latency.p95_ns / 1'000'000}};
}

// ---- Plans -----------------------------------------------------------------------------------------------

namespace {

struct PlanAsk {
  SnapshotPointer snapshot;
  std::vector<std::string> groups;
  ApprovalWanted asked;
  std::vector<std::string> requests;
};

// What the session will find when the request comes: the same rules, judged by the same words.
Result<PlanStep> judge_step(const PlanAsk& plan, const TargetState& target, guard::Masker& masker,
                            std::string_view text, uint32_t& timeout_ms) {
  struct Found {
    const PlanAsk& plan;
    const TargetState& target;
    PlanStep step;
    std::string denied_by;
    bool denied = true;
    uint32_t timeout_ms = UINT32_MAX;
  } found{plan, target, {}, {}};
  const auto on_ask = [](void* to, const sp_ask* ask) {
    Found& out = *static_cast<Found*>(to);
    const guard::Policy& policy = *out.plan.snapshot->policy;
    const std::span<const sp_command> commands(ask->commands, ask->command_count);
    const guard::Verdict verdict = policy.judge(*out.target.target, out.plan.groups, commands);
    out.denied = verdict.action == config::Action::deny;
    out.denied_by =
        verdict.rule ? "rule \"" + verdict.rule->name + "\"" : std::string("the target's default");
    if (verdict.action == config::Action::approve && !verdict.observed) {
      for (const config::Rule* rule : policy.approval_rules(*out.target.target, out.plan.groups, commands)) {
        out.step.demands.push_back({rule->name, rule->terms});
        out.timeout_ms = std::min(out.timeout_ms, rule->timeout_ms);
      }
    }
    for (const sp_command& command : commands) {
      out.step.verbs.emplace_back(command.verb.data, command.verb.size);
      for (size_t i = 0; i < command.object_count; ++i)
        out.step.objects.emplace_back(command.objects[i].data, command.objects[i].size);
    }
  };
  const sp_plugin& plugin = *target.plugin->abi;
  if (plugin.classify({text.data(), text.size()}, on_ask, &found) < 0) return fail("cannot be read");
  if (found.denied) return fail("would be denied by " + found.denied_by);
  const guard::Policy& policy = *plan.snapshot->policy;
  found.step.text = masker.mask_text(policy.scanner(*target.target), policy.record_plan(*target.target), text,
                                     plan.snapshot->token_keys);
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), found.step.digest.data(), &size, EVP_sha256(), nullptr) == 1);
  timeout_ms = std::min(timeout_ms, found.timeout_ms);
  return std::move(found.step);
}

// Off the control thread: parsing may take a while.
Result<std::vector<PlanStep>> judge_plan(PlanAsk& plan) {
  const TargetState* target = plan.snapshot->target(plan.asked.target);
  CHECK(target && target->plugin);
  const guard::Policy& policy = *plan.snapshot->policy;
  guard::Masker masker;
  if (auto made = masker.prepare(policy.scanner(*target->target)); !made)
    return std::unexpected(std::move(made.error()));
  std::vector<PlanStep> steps;
  uint32_t timeout_ms = UINT32_MAX;
  for (const std::string& text : plan.requests) {
    const std::string where = "request " + std::to_string(steps.size() + 1) + " ";
    Result<PlanStep> step = judge_step(plan, *target, masker, text, timeout_ms);
    if (!step) return fail(where + step.error().text);
    // Everybody who would have to say yes to one of its requests has to say it to the plan.
    for (const ApprovalDemand& demand : step->demands) {
      if (std::ranges::find(plan.asked.demands, demand) == plan.asked.demands.end())
        plan.asked.demands.push_back(demand);
    }
    plan.asked.text += std::to_string(steps.size() + 1) + ". " + step->text + "\n";
    steps.push_back(std::move(*step));
  }
  if (plan.asked.demands.empty()) return fail("nothing in it needs an approval: run it");
  plan.asked.rule = plan.asked.demands.front().rule;
  plan.asked.timeout_ms = timeout_ms;
  plan.asked.masks = policy.mask_names(*target->target, plan.groups);
  plan.asked.reason = masker.mask_text(policy.scanner(*target->target), policy.record_plan(*target->target),
                                       plan.asked.reason, plan.snapshot->token_keys);
  return steps;
}

// The requests, or why they are none.
Result<std::vector<std::string>> requests_of(const json& request) {
  const auto found = request.find("requests");
  if (found == request.end() || !found->is_array() || found->empty())
    return fail("a plan needs requests: a list of texts");
  if (found->size() > limits::plan_step_count_max) return fail("a plan may have at most 200 requests");
  std::vector<std::string> texts;
  size_t size = 0;
  for (const json& one : *found) {
    if (!one.is_string() || one.get_ref<const std::string&>().empty())
      return fail("a plan's requests are texts, none of them empty");
    texts.push_back(one.get<std::string>());
    size += texts.back().size();
  }
  if (size > limits::plan_size_max) return fail("a plan may have at most 48 KiB of requests");
  return texts;
}

}  // namespace

void Control::plan(const Caller& caller, const json& request, const Reply& reply) {
  if (caller.persons.empty())
    return reply(refuse("a plan needs a caller: --as NAME with that user's secret"));
  Result<std::vector<std::string>> requests = requests_of(request);
  if (!requests) return reply(refuse(requests.error().text));
  const std::string name = text_of(request, "target");
  const TargetState* target = snapshot_->target(name);
  const identity::TicketPointer ticket = tickets_.find(caller.ticket);
  const bool is_bound = !caller.ticket.empty() && !(ticket && ticket->opens(name));
  const bool may_run = target && target->plugin && !is_bound &&
                       (snapshot_->policy->may_open(*target->target, caller.groups) ||
                        snapshot_->policy->may_request(*target->target, caller.groups));
  if (!may_run)
    return reply(
        refuse("no target \"" + name + "\" that " + caller.name + " may open and whose requests are judged"));
  auto plan = std::make_shared<PlanAsk>();
  plan->snapshot = snapshot_;
  plan->groups = caller.groups;
  plan->requests = std::move(*requests);
  ApprovalWanted& asked = plan->asked;
  asked.identity = caller.name;
  asked.persons = caller.persons;
  asked.on_behalf_of = caller.on_behalf_of;
  if (caller.identity) {
    asked.actor = caller.identity->actor;
    asked.job = caller.identity->job;
  }
  asked.target = name;
  asked.login = text_of(request, "login");
  if (asked.login.empty()) asked.login = target->target->logins.front().name;
  asked.database = text_of(request, "database");
  if (asked.database.empty()) asked.database = target->target->database;
  asked.reason = text_of(request, "reason").substr(0, reason_size_max);
  asked.peer = "a plan";
  const auto done = [this, plan, reply](Result<std::vector<PlanStep>>&& steps) {
    if (!steps) return reply(refuse("the plan is not taken: " + steps.error().text));
    Approvals::Effects effects;
    const Result<std::string> id =
        approvals_.submit(std::move(plan->asked), std::move(*steps), wall_ns(), effects);
    apply(std::move(effects));
    if (!id) return reply(refuse(id.error().text));
    reply({{"ok", true}, {"approval", approval_json(*approvals_.find(*id), wall_ns())}});
  };
  const bool taken = workers_->submit([plan, done]() -> Workers::Done {
    auto steps = std::make_shared<Result<std::vector<PlanStep>>>(judge_plan(*plan));
    return [steps, done] { done(std::move(*steps)); };
  });
  if (!taken) reply(refuse("the gateway is too busy; try again"));
}

}  // namespace sallyport
