// Access that is granted for a while: asking for it, giving it, taking it back, and telling the cores, which
// hold what is live, so that no login waits for anybody here.
#include <openssl/rand.h>

#include <algorithm>

#include "config/check.h"
#include "config/clock.h"
#include "config/quantity.h"
#include "core/control/answers.h"
#include "core/control/approval_json.h"
#include "core/control/control.h"
#include "core/guard/masker.h"
#include "core/identity/delegation.h"

namespace sallyport {

namespace {

using nlohmann::json;

constexpr int64_t ms = 1'000'000;
constexpr const char* default_life = "1h";

std::string cut(std::string text, size_t size) {
  text.resize(std::min(text.size(), size));
  return text;
}

// No vowels, no look-alikes.
std::string new_grant_id() {
  constexpr char letters[] = "23456789bcdfghjkmnpqrstvwxz";
  std::string id(identity::grant_prefix);
  while (id.size() < identity::grant_prefix.size() + 8) {
    uint8_t number = 0;
    CHECK(RAND_bytes(&number, 1) == 1);
    if (number < 243) id += letters[number % 27];  // 9 * 27
  }
  return id;
}

json fault_json(const std::string& why) { return refuse(why, 403); }

}  // namespace

// Why the caller may not ask for this target; nothing where he may.
std::optional<json> Control::may_not_ask(const Caller& caller, const std::string& name) const {
  if (caller.persons.empty())
    return refuse("a request for access needs a caller: --as NAME with that user's secret, or a ticket");
  if (closed_.identities.contains(caller.name)) return fault_json(caller.name + " is blocked");
  if (!caller.ticket.empty()) {
    const identity::TicketPointer ticket = tickets_.find(caller.ticket);
    if (!ticket || !ticket->opens(name))
      return fault_json("this ticket is not for target " + name + ": `sallyport login` gets one that is");
  }
  const TargetState* target = snapshot_->target(name);
  const guard::Policy& policy = *snapshot_->policy;
  if (target && policy.may_open(*target->target, caller.groups))
    return refuse("target " + name + " is open to " + caller.name + " without a request: log in", 409);
  if (!target || !policy.may_request(*target->target, caller.groups))
    return refuse("no target \"" + name + "\" that " + caller.name +
                      " may ask for; `sallyport whoami` lists those that open on request",
                  404);
  return std::nullopt;
}

// `request`: "target"; "for", a duration; "reason".
void Control::request_access(const Caller& caller, const json& request, const Reply& reply) {
  const std::string name = text_of(request, "target");
  if (const std::optional<json> fault = may_not_ask(caller, name)) return reply(*fault);
  const TargetState& target = *snapshot_->target(name);
  const config::OnRequest& offer = target.target->on_request;
  const std::string wanted = text_of(request, "for");
  Result<uint32_t> life_ms = config::parse_duration(wanted.empty() ? default_life : wanted);
  if (!life_ms) return reply(refuse("for: " + life_ms.error().text));
  if (wanted.empty()) *life_ms = std::min(*life_ms, offer.longest_ms);
  if (*life_ms < 1000 || *life_ms > offer.longest_ms)
    return reply(refuse("target " + name + " opens for 1s to " + config::duration_text(offer.longest_ms) +
                        ": ask --for " + config::duration_text(offer.longest_ms) + " or less"));
  const std::string reason = cut(text_of(request, "reason"), limits::caller_reason_size_max);
  if (offer.terms.needs_reason && reason.empty())
    return reply(refuse("target " + name + " wants to know why: give --reason '…'"));
  const auto ask = [this, caller, name, life_ms = *life_ms, reply](const std::string& masked) {
    ask_access(caller, name, life_ms, masked, reply);
  };
  // What people are shown passes the detectors, which take their time.
  const bool taken = workers_->submit([snapshot = snapshot_, name, reason, ask]() -> Workers::Done {
    const config::Target& of = *snapshot->target(name)->target;
    const guard::Policy& policy = *snapshot->policy;
    guard::Masker masker;
    std::string masked = "[not shown: the detectors failed]";
    if (masker.prepare(policy.scanner(of)))
      masked = masker.mask_text(policy.scanner(of), policy.record_plan(of), reason, snapshot->token_keys);
    return [ask, masked] { ask(masked); };
  });
  if (!taken) reply(refuse("the gateway is too busy; try again", 503));
}

// The policy may be another one by now.
void Control::ask_access(const Caller& caller, const std::string& name, uint32_t life_ms,
                         const std::string& reason, const Reply& reply) {
  if (const std::optional<json> fault = may_not_ask(caller, name)) return reply(*fault);
  const config::Target& target = *snapshot_->target(name)->target;
  const config::OnRequest& offer = target.on_request;
  if (life_ms > offer.longest_ms) return reply(refuse("the policy has just changed: ask again", 409));
  if (const Result<void> room = grants_.has_room(caller.name); !room)
    return reply(refuse(room.error().text, 429));
  identity::Grant wanted{.id = "",
                         .approval = "",
                         .target = name,
                         .identity = caller.name,
                         .actor = caller.identity ? caller.identity->actor : "",
                         .issuer_meaning = caller.identity ? caller.identity->issuer_meaning : "",
                         .persons = caller.persons,
                         .groups = caller.groups,
                         .granted_by = "",
                         .granting_persons = {},
                         .reason = reason,
                         .grace_ms = offer.grace_ms};
  ApprovalWanted asked;
  asked.identity = caller.name;
  asked.persons = caller.persons;
  asked.actor = wanted.actor;
  if (caller.identity) asked.job = caller.identity->job;
  asked.target = name;
  asked.rule = config::on_request_name;
  asked.peer = caller.from;
  asked.demands = {{config::on_request_name, offer.terms}};
  asked.text = "open target " + name + " for " + config::duration_text(life_ms);
  asked.verbs = {"OPEN"};
  asked.objects = {name};
  asked.masks = snapshot_->policy->mask_names(target, caller.groups);
  asked.reason = reason;
  asked.timeout_ms = offer.timeout_ms;
  Approvals::Effects effects;
  const Result<std::string> id = approvals_.ask_access(std::move(asked), wanted, life_ms, wall_ns(), effects);
  apply(std::move(effects));
  if (!id) return reply(refuse(id.error().text, 429));
  reply({{"ok", true}, {"approval", own_approval_json(*approvals_.find(*id), wall_ns())}});
}

// A request has got its last yes. What cannot be kept is not given.
void Control::give_access(const std::string& id) {
  const Approval* approval = approvals_.find(id);
  CHECK(approval && approval->access);
  auto grant = std::make_shared<identity::Grant>(*approval->access);
  do {
    grant->id = new_grant_id();
  } while (grants_.find(grant->id));
  grant->approval = id;
  grant->granted_by = approval->decided_by;
  for (const Approval::Vote& vote : approval->votes) {
    grant->granting_persons.insert(grant->granting_persons.end(), vote.voter.persons.begin(),
                                   vote.voter.persons.end());
    grant->granting_persons.push_back(identity::person_called(vote.who));
  }
  grant->created_ns = wall_ns();
  grant->expires_ns = grant->created_ns + int64_t{approval->access_ms} * ms;
  std::string fault = why_withdrawn(*grant, *snapshot_->policy);
  if (closed_.identities.contains(grant->identity)) fault = grant->identity + " is blocked";
  if (const Result<void> room = grants_.has_room(grant->identity); fault.empty() && !room)
    fault = room.error().text;
  if (fault.empty()) {
    if (const Result<void> kept = store_->add_grant(*grant); !kept) {
      options_.say("grants: " + kept.error().text);
      fault = "no grant could be kept; see the gateway's own output";
    }
  }
  if (!fault.empty()) {
    record_admin(grant->granted_by, "grant-failed", "approval " + id + ": " + fault);
    return approvals_.settle_access(id, "", fault);
  }
  grants_.add(grant);
  record_admin(grant->granted_by, "grant",
               grant->id + ": target " + grant->target + " to " + grant->identity + " for " +
                   config::duration_text(approval->access_ms) + ", approval " + id);
  for (uint16_t core = 0; core < outboxes_.size(); ++core)
    send(core, GrantsChanged{.added = {grant}, .removed = {}, .reason = "", .at_once = false});
  approvals_.settle_access(id, grant->id, "");
}

// The cores are told even where the store fails: it is of no more use now, but may be after a restart.
Result<void> Control::end_grants(const std::vector<identity::GrantPointer>& grants, const std::string& who,
                                 const std::string& act, const std::string& reason, bool at_once) {
  if (grants.empty()) return {};
  std::vector<std::string> ids;
  for (const identity::GrantPointer& grant : grants) {
    ids.push_back(grant->id);
    record_admin(who, act,
                 grant->id + ": target " + grant->target + " of " + grant->identity +
                     (reason.empty() ? "" : ": " + reason));
  }
  grants_.remove(ids);
  for (uint16_t core = 0; core < outboxes_.size(); ++core)
    send(core, GrantsChanged{.added = {}, .removed = ids, .reason = reason, .at_once = at_once});
  return store_->remove_grants(ids);
}

void Control::expire_grants() {
  const std::vector<identity::GrantPointer> over = grants_.expired(wall_ns());
  if (const Result<void> done = end_grants(over, "gateway", "grant-expired", "", false); !done)
    options_.say("grants: " + done.error().text);
}

// What was granted, and what was asked for, under a policy that offers it no longer.
void Control::review_grants() {
  const guard::Policy& policy = *snapshot_->policy;
  for (const identity::GrantPointer& grant : grants_.all()) {
    const std::string why = why_withdrawn(*grant, policy);
    if (why.empty()) continue;
    if (const Result<void> done = end_grants({grant}, "gateway", "grant-withdrawn", why, false); !done)
      options_.say("grants: " + done.error().text);
  }
  Approvals::Effects effects;
  approvals_.end_access(
      [&policy](const Approval& approval) -> std::string {
        std::string why = why_withdrawn(*approval.access, policy);
        if (!why.empty()) return why;
        const config::OnRequest& offer = policy.target(approval.access->target)->on_request;
        const bool same =
            approval.access_ms <= offer.longest_ms && approval.asked.demands.front().terms == offer.terms;
        return same ? "" : "the policy has changed: ask again";
      },
      effects);
  apply(std::move(effects));
}

// Of an identity that is to have nothing any more. How many grants.
Result<size_t> Control::end_access_of(const std::string& name, const std::string& who,
                                      const std::string& reason) {
  Approvals::Effects effects;
  approvals_.end_access(
      [&](const Approval& approval) { return approval.asked.identity == name ? reason : std::string(); },
      effects);
  apply(std::move(effects));
  std::vector<identity::GrantPointer> own = grants_.all();
  std::erase_if(own, [&name](const auto& grant) { return grant->identity != name; });
  if (Result<void> done = end_grants(own, who, "grant-revoked", reason, true); !done)
    return std::unexpected(std::move(done.error()));
  return own.size();
}

void Control::revoke_grant(const Caller& caller, const json& request, const Reply& reply) {
  const std::string id = text_of(request, "id");
  const identity::GrantPointer grant = grants_.find(id);
  const bool is_own =
      grant && (grant->identity == caller.name || config::same_person(grant->persons, caller.persons) ||
                config::same_person(grant->granting_persons, caller.persons));
  // Who comes as somebody has that one's roles alone.
  Caller person = caller;
  if (!caller.name.empty()) person.is_operator = false;
  if (!grant || !(is_own || may(person, config::Role::admin)))
    return reply(refuse("no grant of that id is yours to take back; `sallyport grants` lists them", 404));
  const std::string why = cut(text_of(request, "reason"), limits::reason_size_max);
  const std::string reason =
      "grant " + id + " revoked by " + caller.name_on_record() + (why.empty() ? "" : ": " + why);
  const Result<void> done = end_grants({grant}, caller.name_on_record(), "grant-revoked", reason, true);
  if (!done)
    return reply(
        refuse("the grant is of no use any more, but the store failed and it may be after a restart: " +
                   done.error().text,
               500));
  after_cores([reply] { reply({{"ok", true}}); });
}

}  // namespace sallyport
