// Verdicts and approvals. The policy judges; a person's yes is bound to a digest of exactly what will run.
//
//   judged approve -> wanted -> pending -> approved | denied | expired | hold_ended | cancelled
//
// A ticket ends when the plugin asks again and hears the end. An approval that reaches nobody is given back.
#include <openssl/evp.h>

#include <algorithm>

#include "config/check.h"
#include "core/core.h"
#include "core/guard/policy_match.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

constexpr size_t ticket_count_max = 64;
constexpr char resubmit[] = "do=run exactly the same again after approval";

std::string_view view(sp_text text) { return {text.data, text.size}; }
sp_text text_of(std::string_view text) { return {text.data(), text.size()}; }

bool is_unread(const sp_ask& ask) {
  const std::span commands(ask.commands, ask.command_count);
  return std::ranges::any_of(
      commands, [](const sp_command& command) { return view(command.verb) == guard::unparsed_verb; });
}

// What a caller can do about a no that nobody wrote a rule for.
std::string way_on(const Snapshot& now, const sp_ask& ask, const std::string& who,
                   const std::string& target) {
  if (is_unread(ask))
    return "state=denied do=correct it; only a rule for the verb UNPARSED lets it pass unread";
  const std::string as = now.policy->user(who) != nullptr ? "--as " + who : "--group GROUP";
  return "state=denied do=ask for a rule that allows it; why there is none: sallyport explain " + as +
         " --target " + target + " STATEMENT";
}

}  // namespace

int Session::ask(const sp_ask& ask, sp_answer& out) {
  if (!proven_ || ask.ticket == 0 || ask.command_count == 0) return SP_ERROR_ARGUMENT;
  if (ask.transaction != transaction_) {
    transaction_ = ask.transaction;
    transaction_since_ns_ = core_.now_ns();
  }
  Ticket* ticket = find_ticket(ask.ticket);
  return ticket ? ask_again(*ticket, ask, out) : judge_new(ask, out);
}

int Session::judge_new(const sp_ask& ask, sp_answer& out) {
  // The policy of this moment, which may be newer than the one that the session's masks come from.
  const Snapshot& now = *core_.snapshot();
  const TargetState* target = now.target(target_name_);
  const std::optional<std::vector<std::string>> groups = groups_in(now);
  if (!target || !groups) return deny(ask, "", nullptr, out);
  const guard::Verdict verdict =
      now.policy->judge(*target->target, *groups, {ask.commands, ask.command_count});
  const std::string rule = verdict.rule ? verdict.rule->name : "";
  const bool may_pass = verdict.action != config::Action::deny || verdict.observed;
  if (may_pass) {
    if (const auto block = blocked(*target, *groups, view(ask.text), {ask.values, ask.value_count}))
      return deny_blocked(ask, *block, out);
  }
  if (verdict.action == config::Action::allow) return allow(ask, rule, "", false, out);
  if (verdict.observed) return allow(ask, rule, "", true, out);
  if (verdict.action == config::Action::deny || !verdict.rule) {
    return deny(ask, rule, nullptr, out, why_denied(ask, verdict));
  }
  // What is only prepared waits at its execution.
  if (ask.stage == SP_STAGE_PREPARE) return allow(ask, rule, "", false, out);
  if (ask.flags & SP_ASK_UNBOUND) return wait_unbound(rule, out);
  return hold(ask, *verdict.rule, out);
}

// What it would be bound to is not known yet: nothing begins, and the plugin asks again once it knows.
int Session::wait_unbound(const std::string& rule, sp_answer& out) {
  out.verdict = SP_WAIT;
  out.state = SP_STATE_UNBOUND;
  answer_rule_ = rule;
  answer_text(out, "rule \"" + rule + "\" asks for an approval", "");
  return SP_WAIT;
}

int Session::allow(const sp_ask& ask, std::string_view rule, std::string_view approval, bool observed,
                   sp_answer& out) {
  if (!record_request(ask, observed ? ringlog::Verdict::Observe : ringlog::Verdict::Allow, rule, approval)) {
    return SP_ERROR_NO_RECORD;
  }
  covered_ = true;
  if (ask.stage == SP_STAGE_EXECUTE) {
    ++request_count_;
    open_requests_.push_back(ask.ticket);
    if (open_requests_.size() > 65'536) return SP_ERROR_LIMIT;
  }
  out.verdict = SP_ALLOW;
  out.state = approval.empty() ? SP_STATE_DECIDED : SP_STATE_APPROVED;
  answer_rule_ = rule;
  out.rule = text_of(answer_rule_);
  return SP_ALLOW;
}

// What the rule's author wished callers to read; and that it is not the policy's fault where nothing could
// be made of the request.
std::string Session::why_denied(const sp_ask& ask, const guard::Verdict& verdict) {
  std::string why = verdict.rule && !verdict.rule->reason.empty() ? ": " + verdict.rule->reason : "";
  return is_unread(ask) ? why + "; the gateway could not read it" : why;
}

int Session::deny(const sp_ask& ask, const std::string& rule, const Ticket* ticket, sp_answer& out,
                  std::string_view why) {
  answer_rule_ = rule;
  const std::string by = rule.empty() ? "the target's default" : "rule \"" + rule + "\"";
  std::string message = "denied by " + by + std::string(why);
  std::string detail;
  std::string approval;
  out.state = SP_STATE_DECIDED;
  if (ticket) {
    approval = ticket->approval;
    detail = approval.empty() ? "" : "approval=" + approval;
    switch (ticket->state) {
      case Ticket::State::hold_ended:
      case Ticket::State::cancelled:
        out.state = ticket->state == Ticket::State::cancelled ? SP_STATE_CANCELLED : SP_STATE_PENDING;
        message = "not run: " + by + " asks for an approval, which is still pending";
        if (ticket->transaction != 0) {
          message = "not run: " + by + " asks for an approval, and the transaction it was for is over";
          detail += " state=void do=begin again and wait for the approval";
        } else {
          detail += std::string(" state=pending ") + resubmit;
        }
        break;
      case Ticket::State::denied:
        out.state = SP_STATE_REFUSED;
        message = "denied by " + ticket->approver + " under " + by;
        if (!ticket->reason.empty()) message += ": " + ticket->reason;
        detail += " state=denied";
        break;
      case Ticket::State::expired:
        out.state = SP_STATE_EXPIRED;
        message = "not run: nobody approved it in time under " + by;
        detail += " state=expired do=ask again";
        break;
      case Ticket::State::refused:
        message = "not run: too many approvals are pending; " + by + " asks for one";
        break;
      case Ticket::State::wanted:
      case Ticket::State::pending:
      case Ticket::State::approved:
        message = "not run: since it was approved under " + by +
                  ", the policy changed, or what the request means (for SQL: search path, schemas, role)";
        detail += " state=void do=send it again for a new approval";
        break;
    }
  }
  const Snapshot& now = *core_.snapshot();
  if (!ticket && rule.empty() && now.target(target_name_)) detail = way_on(now, ask, who_, target_name_);
  if (!record_request(ask, ringlog::Verdict::Deny, rule, approval)) return SP_ERROR_NO_RECORD;
  answer_text(out, std::move(message), std::move(detail));
  out.verdict = SP_DENY;
  if (ticket) drop_ticket(ticket->number);
  return SP_DENY;
}

void Session::answer_text(sp_answer& out, std::string message, std::string detail) {
  answer_message_ = std::move(message);
  answer_detail_ = std::move(detail);
  out.rule = text_of(answer_rule_);
  out.message = text_of(answer_message_);
  out.detail = text_of(answer_detail_);
}

int Session::hold(const sp_ask& ask, const config::Rule& rule, sp_answer& out) {
  if (tickets_.size() >= ticket_count_max) return SP_ERROR_LIMIT;
  std::vector<ApprovalDemand> demands = demands_of(ask);
  const auto needs_reason = [](const ApprovalDemand& demand) { return demand.terms.needs_reason; };
  if (reason_.empty() && std::ranges::any_of(demands, needs_reason))
    return deny_without_reason(ask, rule.name, out);
  if (!record_request(ask, ringlog::Verdict::Wait, rule.name, "")) return SP_ERROR_NO_RECORD;
  Ticket ticket;
  ticket.number = ask.ticket;
  ticket.transaction = ask.transaction;
  ticket.digest = binding_digest(ask);
  ticket.rule = rule.name;
  if (rule.hold_ms != UINT32_MAX)
    ticket.hold_deadline_ns = core_.now_ns() + int64_t{rule.hold_ms} * 1'000'000;
  ticket.demands = demands;
  ApprovalWanted wanted = describe(ask, rule);
  wanted.digest = ticket.digest;
  wanted.demands = std::move(demands);
  ticket.wanted = std::move(wanted);
  tickets_.push_back(std::move(ticket));
  send_wanted(tickets_.back());
  out.verdict = SP_WAIT;
  out.state = SP_STATE_DECIDED;
  answer_rule_ = rule.name;
  answer_text(out, "paused by rule \"" + rule.name + "\": waiting for an approval", "");
  return SP_WAIT;
}

// A full mailbox is a slow control plane: the ticket simply waits and is sent at the next chance.
void Session::send_wanted(Ticket& ticket) {
  if (!ticket.wanted) return;
  ApprovalWanted copy = *ticket.wanted;
  ticket.told = core_.tell(std::move(copy));
  if (ticket.told) ticket.wanted.reset();
}

int Session::ask_again(Ticket& ticket, const sp_ask& ask, sp_answer& out) {
  answer_rule_ = ticket.rule;
  switch (ticket.state) {
    case Ticket::State::wanted:
    case Ticket::State::pending:
      if (!ticket.told) send_wanted(ticket);
      out.verdict = SP_WAIT;
      out.state = ticket.state == Ticket::State::pending ? SP_STATE_PENDING : SP_STATE_DECIDED;
      answer_text(out, "paused by rule \"" + ticket.rule + "\": waiting for an approval",
                  ticket.approval.empty() ? "" : "approval=" + ticket.approval + " state=pending");
      return SP_WAIT;
    case Ticket::State::denied:
    case Ticket::State::expired:
    case Ticket::State::refused:
    case Ticket::State::hold_ended:
    case Ticket::State::cancelled: return deny(ask, std::string(ticket.rule), &ticket, out);
    case Ticket::State::approved: break;
  }
  if (ask.flags & SP_ASK_UNBOUND) return wait_unbound(ticket.rule, out);
  // Approved: still under the policy of this moment, and still exactly the same.
  const Snapshot& now = *core_.snapshot();
  const TargetState* target = now.target(target_name_);
  const std::optional<std::vector<std::string>> groups = groups_in(now);
  if (!target || !groups || !is_as_approved(ask, ticket)) {
    (void)core_.tell(ApprovalReturned{.approval = ticket.approval});
    return deny(ask, std::string(ticket.rule), &ticket, out);
  }
  const std::string approval = ticket.approval;
  const std::string rule = ticket.rule;
  if (const auto block = blocked(*target, *groups, view(ask.text), {ask.values, ask.value_count})) {
    (void)core_.tell(ApprovalReturned{.approval = approval});
    drop_ticket(ask.ticket);
    return deny_blocked(ask, *block, out);
  }
  const int result = allow(ask, rule, approval, false, out);
  if (result != SP_ALLOW) {
    (void)core_.tell(ApprovalReturned{.approval = approval});
    return result;
  }
  (void)core_.tell(ApprovalUsed{.approval = approval, .session_id = id_, .ticket = ask.ticket});
  drop_ticket(ask.ticket);
  return result;
}

// Promise 3: identity, who acts for it and for whom it asks, target, login and database, the transaction if
// one is open, and the plugin's bytes. Each part with its length before it, so that no two lists of parts
// give the same bytes.
Digest Session::binding_digest(const sp_ask& ask) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  CHECK(context && EVP_DigestInit_ex2(context, core_.sha256(), nullptr) == 1);
  const auto add = [context](const void* data, uint64_t size) {
    CHECK(EVP_DigestUpdate(context, &size, sizeof size) == 1);
    CHECK(EVP_DigestUpdate(context, data, size) == 1);
  };
  const std::string actor = identity_ ? identity_->actor : "";
  for (const std::string* part : {&who_, &actor, &on_behalf_of(), &target_name_, &login_name_, &database_})
    add(part->data(), part->size());
  const uint64_t transaction[2] = {ask.transaction ? id_ : 0, ask.transaction};
  add(transaction, sizeof transaction);
  add(ask.binding.data, ask.binding.size);
  Digest digest{};
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(context, digest.data(), &size) == 1 && size == digest.size());
  EVP_MD_CTX_free(context);
  return digest;
}

}  // namespace sallyport
