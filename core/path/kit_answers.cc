// Verdicts of the kit's host.
#include <algorithm>

#include "core/path/kit_calls.h"
#include "core/path/kit_text.h"
#include "core/path/loader.h"

namespace sallyport {

std::string KitCalls::check_ask(const KitHost& host, const sp_ask& ask) {
  const sp_manifest& manifest = *host.plugin_.manifest;
  const auto declared = [&manifest](std::string_view fact) {
    return std::any_of(manifest.facts, manifest.facts + manifest.fact_count,
                       [fact](const sp_fact& known) { return view(known.name) == fact; });
  };
  if (!host.proven_) return "ask before prove answered ALLOW";
  if (ask.ticket == 0) return "ask: ticket is 0";
  if (ask.command_count == 0 || !ask.commands) return "ask without a command";
  for (size_t i = 0; i < ask.command_count; ++i) {
    const sp_command& command = ask.commands[i];
    if (command.size < sizeof(sp_command)) return "ask: a command's size is not set";
    if (command.verb.size == 0) return "ask: a command without a verb (UNPARSED if it is not known)";
    if (command.object_count != 0 && !declared("object"))
      return "ask: fact \"object\" is not in the manifest";
    for (size_t j = 0; j < command.field_count; ++j) {
      const std::string name(view(command.fields[j].name));
      if (!declared("field." + name)) return "ask: fact \"field." + name + "\" is not in the manifest";
    }
  }
  return "";
}

std::string KitCalls::describe(const sp_ask& ask) {
  std::string text = ask.stage == SP_STAGE_PREPARE ? "prepare" : "execute";
  text += " transaction=" + std::to_string(ask.transaction);
  for (size_t i = 0; i < ask.command_count; ++i) {
    const sp_command& command = ask.commands[i];
    text += " verb=" + std::string(view(command.verb));
    for (size_t j = 0; j < command.object_count; ++j)
      text += " object=" + std::string(view(command.objects[j]));
    for (size_t j = 0; j < command.field_count; ++j) {
      text +=
          " " + std::string(view(command.fields[j].name)) + "=" + std::string(view(command.fields[j].value));
    }
  }
  text += " text=" + kit_excerpt(view(ask.text), 200);
  for (size_t i = 0; i < ask.value_count; ++i) {
    text += " " + std::string(view(ask.values[i].name)) + "=" + kit_excerpt(view(ask.values[i].value));
  }
  return text + " binding=" + kit_excerpt(view(ask.binding), 200);
}

// Of the commands of a batch the strictest answer counts: deny, then wait, then allow.
KitAnswer KitCalls::script_answer(KitHost& host, const sp_ask& ask) {
  auto& answers = host.script.answers;
  auto strictest = answers.end();
  const auto weight = [](sp_verdict verdict) { return verdict == SP_DENY ? 2 : verdict == SP_WAIT ? 1 : 0; };
  for (size_t i = 0; i < ask.command_count; ++i) {
    const auto found = std::find_if(answers.begin(), answers.end(), [&](const KitAnswer& answer) {
      return answer.verb == "*" || answer.verb == view(ask.commands[i].verb);
    });
    if (found == answers.end()) continue;
    if (strictest == answers.end() || weight(found->verdict) > weight(strictest->verdict)) strictest = found;
  }
  if (strictest == answers.end()) return {};
  KitAnswer answer = *strictest;
  if (answer.once) answers.erase(strictest);
  return answer;
}

int KitCalls::answer(KitHost& host, const KitHost::Ticket& ticket, sp_answer& out) {
  const size_t size = out.size;
  out = {};
  out.size = size;
  out.verdict = ticket.verdict;
  out.state = ticket.state;
  out.rule = host.lend(ticket.answer.rule);
  std::string message = ticket.answer.message;
  std::string detail = ticket.answer.detail;
  if (message.empty() && ticket.verdict != SP_ALLOW) {
    message = std::string(ticket.state == SP_STATE_PENDING ? "approval needed by" : "denied by") +
              " rule \"" + ticket.answer.rule + "\"";
  }
  if (detail.empty() && ticket.state == SP_STATE_PENDING)
    detail = "approval=KIT1 state=pending do=approve it";
  out.message = host.lend(std::move(message));
  out.detail = host.lend(std::move(detail));
  if (ticket.verdict == SP_ALLOW) ++host.licences_;
  return ticket.verdict;
}

int KitCalls::ask(sp_session* session, const sp_ask* ask, sp_answer* out) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "ask")) return refused;
  if (!ask || ask->size < ask_size_min || !out || out->size < sizeof(sp_answer)) {
    return host.violate("ask: a size is not set", SP_ERROR_ARGUMENT);
  }
  const auto known =
      std::find_if(host.tickets_.begin(), host.tickets_.end(),
                   [ask](const KitHost::Ticket& ticket) { return ticket.number == ask->ticket; });
  const bool unbound = (ask->flags & SP_ASK_UNBOUND) != 0;
  if (known != host.tickets_.end()) {
    const KitHost::Ticket ticket = *known;
    if (unbound && ticket.verdict == SP_ALLOW) return wait_unbound(host, ticket.answer, *out);
    if (!unbound && describe(*ask) != ticket.text) {
      return host.violate(
          "ask: ticket " + std::to_string(ask->ticket) + " waits, and is asked again with other contents",
          SP_ERROR_ARGUMENT);
    }
    if (ticket.verdict != SP_WAIT) {
      host.add(KitTrace::kAsk, (ticket.verdict == SP_ALLOW ? "now allow: " : "now deny: ") + ticket.text);
      host.tickets_.erase(known);
    }
    return answer(host, ticket, *out);
  }
  if (const std::string wrong = check_ask(host, *ask); !wrong.empty())
    return host.violate(wrong, SP_ERROR_ARGUMENT);
  KitHost::Ticket ticket = {
      .number = ask->ticket, .answer = script_answer(host, *ask), .text = describe(*ask)};
  ticket.verdict = ticket.answer.verdict;
  if (unbound && ticket.verdict == SP_WAIT && ask->stage != SP_STAGE_PREPARE &&
      (host.plugin_.manifest->capabilities & SP_CAN_HOLD)) {
    // Nothing has begun: an answer that serves once is there for the ask that follows.
    if (ticket.answer.once) host.script.answers.insert(host.script.answers.begin(), ticket.answer);
    return wait_unbound(host, ticket.answer, *out);
  }
  if (ticket.verdict == SP_WAIT && ask->stage == SP_STAGE_PREPARE) ticket.verdict = SP_ALLOW;
  ticket.state = ticket.verdict == SP_WAIT   ? SP_STATE_PENDING
                 : ticket.verdict == SP_DENY ? ticket.answer.state
                                             : SP_STATE_DECIDED;
  if (ticket.verdict == SP_WAIT && !(host.plugin_.manifest->capabilities & SP_CAN_HOLD))
    ticket.verdict = SP_DENY;
  host.add(KitTrace::kAsk, (ticket.verdict == SP_ALLOW  ? "allow: "
                            : ticket.verdict == SP_DENY ? "deny: "
                                                        : "wait: ") +
                               ticket.text);
  if (ticket.verdict == SP_WAIT) host.tickets_.push_back(ticket);
  return answer(host, ticket, *out);
}

int KitCalls::wait_unbound(KitHost& host, const KitAnswer& answer, sp_answer& out) {
  const size_t size = out.size;
  out = {};
  out.size = size;
  out.verdict = SP_WAIT;
  out.state = SP_STATE_UNBOUND;
  out.rule = host.lend(answer.rule);
  out.message = host.lend("rule \"" + answer.rule + "\" asks for an approval");
  return SP_WAIT;
}

// Only what is denied is traced: how values are cut into calls is the plugin's own affair.
int KitCalls::screens(sp_session* session) { return of(session).script.screens.empty() ? 0 : 1; }

int KitCalls::screen(sp_session* session, const sp_pair* values, size_t count, sp_answer* out) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "screen")) return refused;
  if (!out || out->size < sizeof(sp_answer))
    return host.violate("screen: a size is not set", SP_ERROR_ARGUMENT);
  if (!host.proven_) return host.violate("screen before prove answered ALLOW");
  const size_t size = out->size;
  *out = {};
  out->size = size;
  for (size_t i = 0; i < count; ++i) {
    for (const KitScreen& screen : host.script.screens) {
      if (view(values[i].value).find(screen.text) == std::string_view::npos) continue;
      host.add(KitTrace::kAsk,
               "screen deny: " + std::string(view(values[i].name)) + " rule=" + kit_quote(screen.rule));
      out->verdict = SP_DENY;
      out->rule = host.lend(screen.rule);
      out->message =
          host.lend(screen.message.empty() ? "blocked by mask \"" + screen.rule + "\"" : screen.message);
      return SP_DENY;
    }
  }
  return SP_ALLOW;
}

int KitCalls::cancel(sp_session* session, uint64_t number) {
  KitHost& host = of(session);
  for (KitHost::Ticket& ticket : host.tickets_) {
    if (ticket.number != number) continue;
    ticket.verdict = SP_DENY;
    ticket.state = SP_STATE_CANCELLED;
    ticket.answer.message = "cancelled";
    host.add(KitTrace::kAsk, "cancel: " + ticket.text);
    return 0;
  }
  return host.violate("cancel of ticket " + std::to_string(number) + ", which does not wait",
                      SP_ERROR_ARGUMENT);
}

}  // namespace sallyport
