// The extended query protocol's messages: Parse, Bind, Describe, Execute, Close.
#include <algorithm>

#include "plugins/postgresql/copy_lookup.h"
#include "plugins/postgresql/frontend.h"
#include "plugins/postgresql/values.h"

namespace sallyport::pg {

namespace {

// The server cuts longer names at this size, so two of them could be one there and two here.
bool name_fits(std::string_view name) { return name.size() <= name_size_max; }

// The server plans at Bind, and planning runs functions that are said to be immutable or stable: a user's may
// do anything all the same. Of what could not be read, or has a name that nobody told the gateway, nobody
// knows which it calls.
bool runs_when_planned(const Portal& portal) {
  if (!portal.statement || !portal.statement->facts || !portal.statement->facts->parsed()) return true;
  return std::ranges::any_of(portal.statement->facts->statements(), [](const StatementFacts& one) {
    return !one.statement->unknown_functions.empty() ||
           std::ranges::any_of(one.statement->escapes,
                               [](const std::string& reason) { return reason.starts_with("function "); });
  });
}

// It runs what a name stands for: EXECUTE, FETCH, and EXPLAIN or CREATE TABLE AS of one.
bool defers(const Portal& portal) {
  if (!portal.statement || !portal.statement->facts) return false;
  return std::ranges::any_of(portal.statement->facts->statements(), [](const StatementFacts& one) {
    return one.statement->deferred || std::ranges::any_of(one.statement->inner, &sql::Statement::deferred);
  });
}

Refusal name_too_long() {
  return {.sqlstate = "42622",
          .message = "names of prepared statements and portals may have 63 bytes at most",
          .detail = "Nothing was sent to the target.",
          .hint = {}};
}

}  // namespace

// Whether `size` bytes more can be kept. False: not now (or never, `beyond`).
bool Frontend::retain(size_t size, bool& beyond) {
  const bool fits = !wire_.ledger.names_full() && wire_.ledger.retained_size() + size <= retained_size_max;
  beyond = !fits && wire_.ledger.empty();
  return fits;
}

Frontend::Step Frontend::on_parse(const Message& message) {
  if (!room()) return wait_for_replies();
  Cursor cursor(message.body);
  const std::string_view name = cursor.text();
  const std::string_view text = cursor.text();
  const uint16_t type_count = cursor.u16();
  auto prepared = std::make_shared<Prepared>();
  for (uint16_t i = 0; i < type_count && cursor.ok(); ++i) prepared->types.push_back(cursor.u32());
  if (!cursor.at_end()) return broken("invalid Parse message");
  if (!name_fits(name)) return refuse(message.type, message.whole.size(), name_too_long());
  bool beyond = false;
  if (!retain(text.size(), beyond)) {
    if (!beyond) return wait_for_replies();
    return refuse(message.type, message.whole.size(), beyond_limit("the number of prepared statements"));
  }
  prepared->text = text;
  prepared->facts = facts_of(text, wire_.cache_key);
  prepared->declared_count = prepared->types.size();
  if (std::optional<Refusal> refused = unsupported_part(*prepared->facts))
    return refuse(message.type, message.whole.size(), std::move(*refused));
  switch (reading(text, *prepared->facts)) {
    case Reading::Certain: break;
    case Reading::Waits: return wait_for_replies();
    case Reading::Doubtful: return refuse(message.type, message.whole.size(), doubtful_text());
  }
  Refusal refusal;
  switch (rule({.facts = prepared->facts, .text = text}, SP_STAGE_PREPARE, refusal)) {
    case Ruling::Held: return Step::Held;
    case Ruling::Refused: return refuse(message.type, message.whole.size(), std::move(refusal));
    case Ruling::Allowed: break;
  }
  if (!name.empty()) ++wire_.meaning;
  forward(message, {.await = Await::Parse, .name = std::string(name), .prepared = std::move(prepared)});
  return Step::Done;
}

Frontend::Step Frontend::on_bind(const Message& message) {
  if (!room()) return wait_for_replies();
  Cursor cursor(message.body);
  const std::string_view name = cursor.text();
  const std::string_view statement = cursor.text();
  const Bytes tail = cursor.rest();
  std::optional<Bound> bound = cursor.ok() ? parse_bound(tail) : std::nullopt;
  if (!bound) return broken("invalid Bind message");
  if (!name_fits(name) || !name_fits(statement)) {
    return refuse(message.type, message.whole.size(), name_too_long());
  }
  bool beyond = false;
  if (!retain(tail.size(), beyond)) {
    if (!beyond) return wait_for_replies();
    return refuse(message.type, message.whole.size(), beyond_limit("the size of open portals"));
  }
  Found<Prepared> found = wire_.ledger.find_statement(statement);
  if (!found.certain) return wait_for_replies();
  auto portal = std::make_shared<Portal>();
  portal->statement = std::move(found.value);
  portal->bind = as_text(tail);
  portal->named = !name.empty() || !statement.empty();
  Entry entry{.await = Await::Bind, .name = std::string(name), .portal = std::move(portal)};
  if (runs_when_planned(*entry.portal)) {
    Refusal refusal;
    switch (rule_portal(*entry.portal, 0, refusal)) {
      case Ruling::Held: return Step::Held;
      case Ruling::Refused: return refuse(message.type, message.whole.size(), std::move(refusal));
      case Ruling::Allowed: break;
    }
    entry.portal->approved = answer_state_ == SP_STATE_APPROVED;
    entry.portal->fresh = true;
    entry.judged = true;
    entry.vague = true;
    entry.closing = "planned";
    mark_doubt(true);
    ++wire_.meaning;  // code ran in its planning
  } else {
    Refusal refusal;
    if (blocks(*entry.portal, *bound, refusal)) {
      return refuse(message.type, message.whole.size(), std::move(refusal));
    }
    wire_.host.note("bind", message.whole);
  }
  if (!name.empty()) ++wire_.meaning;
  entry.portal->meaning = wire_.meaning;
  forward(message, std::move(entry));
  return Step::Done;
}

// Whether a bound value may not be sent into the target.
bool Frontend::blocks(const Portal& portal, const Bound& bound, Refusal& refusal) {
  if (!wire_.host.screens()) return false;
  std::vector<std::string> texts;
  for (size_t i = 0; i < bound.values.size(); ++i) {
    const bool typed = portal.statement && i < portal.statement->types.size();
    texts.push_back(printable(bound.values[i], typed ? portal.statement->types[i] : 0));
    // What the type does not tell may spell a text all the same.
    if (bound.values[i].format != 0) texts.emplace_back(as_text(bound.values[i].bytes));
  }
  std::vector<sp_pair> values;
  for (const std::string& text : texts) values.push_back({text_of("bound value"), text_of(text)});
  sp_answer answer;
  if (wire_.host.screen(values, answer) == SP_ALLOW) return false;
  refusal = denied(answer);
  return true;
}

Frontend::Step Frontend::on_describe(const Message& message) {
  if (!room()) return wait_for_replies();
  Cursor cursor(message.body);
  const uint8_t what = cursor.u8();
  const std::string_view name = cursor.text();
  if (!cursor.at_end() || (what != 'S' && what != 'P')) return broken("invalid Describe message");
  if (!name_fits(name)) return refuse(message.type, message.whole.size(), name_too_long());
  Entry entry{.await = what == 'S' ? Await::DescribeStatement : Await::DescribePortal,
              .name = std::string(name)};
  if (what == 'S') {
    Found<Prepared> found = wire_.ledger.find_statement(name);
    if (!found.certain) return wait_for_replies();
    entry.prepared = std::move(found.value);
  } else {
    Found<Portal> found = wire_.ledger.find_portal(name);
    if (!found.certain) return wait_for_replies();
    entry.portal = std::move(found.value);
    if (entry.portal) entry.portal->describing = true;
  }
  wire_.host.note("describe", message.whole);
  forward(message, std::move(entry));
  return Step::Done;
}

Frontend::Step Frontend::on_execute(const Message& message) {
  if (!room()) return wait_for_replies();
  Cursor cursor(message.body);
  const std::string_view name = cursor.text();
  const int32_t row_count_max = cursor.i32();
  if (!cursor.at_end()) return broken("invalid Execute message");
  if (!name_fits(name)) return refuse(message.type, message.whole.size(), name_too_long());
  Found<Portal> found = wire_.ledger.find_portal(name);
  if (!found.certain) return wait_for_replies();
  // Nothing that the gateway has seen made it: only a rule that names UNPARSED lets it run.
  if (!found.value) found.value = std::make_shared<Portal>();
  // Zero and less mean all rows.
  return run_portal(message, found.value, row_count_max > 0 ? static_cast<uint32_t>(row_count_max) : 0);
}

Frontend::Ruling Frontend::rule_portal(const Portal& portal, uint32_t row_count_max, Refusal& refusal,
                                       bool moved) {
  const Prepared* statement = portal.statement.get();
  const Run run = {
      .facts = statement != nullptr ? statement->facts : nullptr,
      .text = statement != nullptr ? std::string_view(statement->text) : "Execute of an unknown portal",
      .portal = &portal,
      .row_count_max = row_count_max,
      .moved = moved};
  return rule(run, SP_STAGE_EXECUTE, refusal);
}

Frontend::Step Frontend::run_portal(const Message& message, const std::shared_ptr<Portal>& portal,
                                    uint32_t row_count_max) {
  const Prepared* statement = portal->statement.get();
  if (statement != nullptr && statement->facts && copy_unreadable(*statement->facts, statement->text)) {
    abandon();
    return refuse(message.type, message.whole.size(), copy_refusal(*statement->facts));
  }
  // The further rows of what a person let run belong to that one run, and all of them where it was asked
  // about at Bind.
  const bool continued = (portal->suspended || portal->fresh) && portal->approved;
  const bool moved = statement != nullptr && !portal->suspended && portal->meaning != wire_.meaning;
  if (moved && (defers(*portal) || continued)) {
    abandon();
    return refuse(message.type, message.whole.size(), bound_before());
  }
  if (continued) {
    wire_.host.note("execute continued", message.whole);
  } else {
    Refusal refusal;
    switch (rule_portal(*portal, row_count_max, refusal, moved)) {
      case Ruling::Held: return Step::Held;
      case Ruling::Refused: return refuse(message.type, message.whole.size(), std::move(refusal));
      case Ruling::Allowed: break;
    }
    portal->approved = answer_state_ == SP_STATE_APPROVED;
  }
  portal->suspended = false;
  portal->fresh = false;
  const bool vague = continued || wire_.judge.doubtful();
  if (continued || wire_.judge.changes_meaning()) ++wire_.meaning;
  mark_doubt(vague);
  const std::string name(Cursor(message.body).text());
  describe_first(name, portal);
  Entry entry{.await = Await::Execute, .vague = vague, .judged = !continued, .name = name, .portal = portal};
  if (statement != nullptr && statement->facts) {
    entry.copy = look_up_copy(*statement->facts, statement->text, false);
  }
  forward(message, std::move(entry));
  return Step::Done;
}

// Where masks may apply, rows are only read by a description of them. A client that has none asked for gets
// its rows all the same: the gateway asks, and keeps the answer to itself.
void Frontend::describe_first(const std::string& name, const std::shared_ptr<Portal>& portal) {
  // The description of its statement would not do: it may be planned anew at each Bind.
  if (portal->described || portal->describing || !wire_.rows.masks_possible()) return;
  Writer out;
  out.begin(front::describe).u8('P').text(name).end();
  wire_.host.note("describe of the gateway", out.view());
  wire_.host.emit(SP_LEG_TARGET, out.view());
  portal->describing = true;
  wire_.ledger.push({.await = Await::DescribePortal, .own = true, .name = name, .portal = portal});
}

Frontend::Step Frontend::on_close(const Message& message) {
  if (!room()) return wait_for_replies();
  Cursor cursor(message.body);
  const uint8_t what = cursor.u8();
  const std::string_view name = cursor.text();
  if (!cursor.at_end() || (what != 'S' && what != 'P')) return broken("invalid Close message");
  if (!name_fits(name)) return refuse(message.type, message.whole.size(), name_too_long());
  wire_.host.note("close", message.whole);
  if (!name.empty()) ++wire_.meaning;
  forward(message, {.await = Await::Close, .closes_portal = what == 'P', .name = std::string(name)});
  return Step::Done;
}

}  // namespace sallyport::pg
