// What the target says besides answers: errors, notices, status values, notifications.
#include <algorithm>

#include "plugins/postgresql/backend.h"
#include "plugins/postgresql/settings.h"

namespace sallyport::pg {

namespace {

// How much of a report too large to be held is read for its severity and code, which stand first in it.
constexpr size_t report_head_size = 256;
constexpr size_t foretold_size_max = 4096;

bool is_fatal(Bytes report) {
  std::string_view severity = report_field(report, 'V');
  if (severity.empty()) severity = report_field(report, 'S');
  return severity == "FATAL" || severity == "PANIC";
}

// What of an error its cause alone decides, not where it was met; empty: too long to be kept.
std::string report_texts(Bytes report) {
  std::string out;
  for (const char code : {'C', 'M', 'D', 'H'})
    out.append(report_field(report, static_cast<uint8_t>(code))).push_back('\0');
  return out.size() <= foretold_size_max ? out : std::string();
}

// A definition that looks at the rows of a table, as CHECK and the type of a column do.
bool rewrites(const sql::Statement& statement) {
  const auto is_type = [](const sql::Object& one) { return one.kind == sql::ObjectKind::type; };
  const bool alters = statement.verb == "ALTER";
  if (!alters && statement.verb != "CREATE") return false;
  return statement.converts || !statement.functions_called.empty() ||
         (alters && std::ranges::any_of(statement.objects, is_type));
}

std::string taken(Writer& out) { return std::string(as_text(out.view())); }

}  // namespace

Quotes Backend::quotes() const {
  if (wire_.ledger.empty()) return Quotes::Own;
  const Entry& entry = wire_.ledger.front();
  if (entry.vague) return Quotes::Anything;
  // Constraints and triggers that wait for the end of a transaction.
  if (entry.await == Await::Sync) return Quotes::Stored;
  const Facts* facts = running(entry);
  if (facts == nullptr || entry.statement_index >= facts->statements().size()) return Quotes::Own;
  const sql::Statement& statement = *facts->statements()[entry.statement_index].statement;
  const bool rows = !statement.relations_read.empty() || statement.has(sql::Effect::write);
  const bool evaluates = rows || statement.deferred || !statement.inner.empty() ||
                         statement.reads_free_setting || statement.has(sql::Effect::transaction) ||
                         rewrites(statement);
  return evaluates ? Quotes::Stored : Quotes::Own;
}

About Backend::about() const {
  About out = {.quotes = quotes()};
  if (wire_.ledger.empty()) return out;
  const Entry& entry = wire_.ledger.front();
  out.binds = entry.await == Await::Bind;
  const Facts* facts = entry.facts.get();
  if (entry.prepared && entry.prepared->facts) facts = entry.prepared->facts.get();
  if (entry.portal && entry.portal->statement) facts = entry.portal->statement->facts.get();
  if (facts == nullptr || !facts->parsed()) return out;
  const bool named = entry.portal && entry.portal->named && wire_.names_doubtful;
  const auto deferred = [](const StatementFacts& one) { return one.statement->deferred; };
  out.own_text = !named && std::ranges::none_of(facts->statements(), deferred);
  // Of several statements the last one's errors are also those of the others' constraints that waited.
  const bool runs =
      entry.await == Await::Query || entry.await == Await::Bind || entry.await == Await::Execute;
  const bool certain = runs && !named && !entry.vague && !entry.own && !names_may_change();
  if (certain && facts->statements().size() == 1) out.statement = facts->statements()[0].statement;
  return out;
}

Backend::Step Backend::on_report(const Message& message, size_t offset, const About& what) {
  if (message.type == back::error && wire_.rows.prepare_report(message.body, what) == Described::Waiting)
    return Step::Stop;
  if (!wire_.rows.collect_report(data_, offset, message.whole.size(), what)) return Step::Broken;
  deliver(end_);
  return Step::Next;
}

Backend::Step Backend::on_error(const Message& message, size_t offset) {
  if (is_fatal(message.body)) {
    wire_.target_said_fatal = true;
    return on_report(message, offset, about());
  }
  if (wire_.ledger.empty()) return Step::Broken;
  Entry& entry = wire_.ledger.front();
  if (entry.failed) return Step::Broken;
  segment_failed_ = true;
  entry.closing = "ERROR " + std::string(report_field(message.body, 'C'));
  if (entry.state_look_up != 0) return on_state_error();
  if (entry.own && entry.await != Await::DescribePortal) return on_own_error(message, offset);
  if (entry.told) {
    drop(end_);
  } else if (entry.refusal) {
    Writer out;
    entry.refusal->write(out);
    drop(end_, taken(out));
  } else {
    About what = about();
    if (!entry.foretold.empty() && entry.foretold == report_texts(message.body)) what.quotes = Quotes::Own;
    if (const Step step = on_report(message, offset, what); step != Step::Next) return step;
  }
  return fail_entry(entry);
}

// Where the server now skips what the client has sent and will send, that is the held request's end too.
Backend::Step Backend::on_state_error() {
  const bool alone = wire_.ledger.entries().back().await == Await::Sync;
  Writer out;
  if (!alone) state_unreadable().write(out);
  drop(end_, taken(out));
  Entry& entry = wire_.ledger.front();
  if (wire_.awaits_state(entry.state_look_up)) wire_.state.clear();
  return fail_entry(entry);
}

// A look-up has met the error that its COPY would. Outside a block the COPY says so itself; within one, which
// has failed now, it could not any more: the client is told in its place.
Backend::Step Backend::on_own_error(const Message& message, size_t offset) {
  const auto& entries = wire_.ledger.entries();
  const auto next = std::ranges::find(entries, false, &Entry::own);
  if (wire_.status == 'I' && next != entries.end() && next->await == Await::Query) {
    wire_.ledger.foretell_after_own(report_texts(message.body));
    drop(end_);
    return fail_entry(wire_.ledger.front());
  }
  // Its position is one in the look-up's text.
  const About what = {.quotes = quotes(), .placed = false};
  if (!wire_.rows.collect_report(data_, offset, message.whole.size(), what)) return Step::Broken;
  deliver(end_);
  const Step step = fail_entry(wire_.ledger.front());
  wire_.ledger.tell_after_own();
  return step;
}

Backend::Step Backend::on_notification(const Message& message, size_t offset) {
  Cursor cursor(message.body);
  cursor.u32();
  cursor.text();
  const size_t payload = cursor.offset();
  const size_t payload_size = cursor.text().size();
  if (!cursor.at_end()) return Step::Broken;
  if (wire_.rows.masks_possible() &&
      !wire_.rows.collect_text(data_, offset, message.whole.size(), header_size + payload, payload_size,
                               Quotes::Anything)) {
    return Step::Broken;
  }
  deliver(end_);
  return Step::Next;
}

Backend::Step Backend::on_parameter_status(const Message& message, size_t offset) {
  Cursor cursor(message.body);
  const std::string_view name = cursor.text();
  const std::string_view value = cursor.text();
  if (!cursor.at_end()) return Step::Broken;
  // From here on the server would read other statements than the gateway judges.
  if (forbidden_setting(name, value)) {
    actions_.push_back({.kind = Action::Kind::End,
                        .end = end_ - message.whole.size(),
                        .text = std::string(name) + " may not be changed through the gateway",
                        .reason = "encoding or string syntax changed"});
    return Step::Stop;
  }
  const bool masked = wire_.rows.masks_possible();
  if (masked && free_text_setting(name, value)) {
    drop(end_);
    return Step::Next;
  }
  if (masked && !wire_.rows.collect_text(data_, offset, message.whole.size(), header_size + name.size() + 1,
                                         value.size(), Quotes::Own)) {
    return Step::Broken;
  }
  deliver(end_);
  return Step::Next;
}

// The head of a report has its severity and code; its texts are left out.
Backend::Step Backend::shorten_report(uint8_t type, uint64_t size, Bytes there, size_t offset) {
  if (there.size() < report_head_size) return Step::Stop;
  const Bytes head = there.subspan(header_size, report_head_size - header_size);
  const std::string severity(report_field(head, 'V'));
  const std::string code(report_field(head, 'C'));
  if (severity.empty() || code.size() != 5) return Step::Broken;
  Writer out;
  const Report report = {
      .severity = severity, .sqlstate = code, .message = "the target's message was too large to be shown"};
  const bool fatal = severity == "FATAL" || severity == "PANIC";
  if (type == back::notice) {
    write_notice(out, report);
  } else if (fatal || wire_.ledger.empty() || !wire_.ledger.front().refusal) {
    write_error(out, report);
  } else {
    wire_.ledger.front().refusal->write(out);
  }
  end_ = end_of(size, there, offset);
  actions_.push_back({.kind = Action::Kind::DropCredit, .end = end_, .count = size, .text = taken(out)});
  const Step next = size > there.size() ? Step::Stop : Step::Next;
  if (type == back::notice) return next;
  if (fatal) {
    wire_.target_said_fatal = true;
    return next;
  }
  if (wire_.ledger.empty() || wire_.ledger.front().failed) return Step::Broken;
  segment_failed_ = true;
  wire_.ledger.front().closing = "ERROR " + code;
  return fail_entry(wire_.ledger.front()) == Step::Next ? next : Step::Broken;
}

}  // namespace sallyport::pg
