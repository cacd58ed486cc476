// What the target answers to requests: descriptions, rows, completions, and what they change of names,
// settings and the transaction.
#include "plugins/postgresql/backend.h"
#include "plugins/postgresql/settings.h"

namespace sallyport::pg {

namespace {

// EXECUTE of a statement that is itself a utility statement, and so on.
constexpr int deferred_depth_max = 4;

// What is known of the statement whose rows the entry returns.
Reads reads_of(const Entry& entry, bool names_doubtful, bool schema_doubtful) {
  const Facts* facts = entry.facts.get();
  if (entry.portal && entry.portal->statement) facts = entry.portal->statement->facts.get();
  if (facts == nullptr || !facts->parsed() || entry.statement_index >= facts->statements().size()) return {};
  if (names_doubtful && entry.portal && entry.portal->named) return {};
  const StatementFacts& statement = facts->statements()[entry.statement_index];
  Reads out = {.tables = statement.reads_tables,
               .converts = statement.converts,
               .known = !statement.statement->deferred && !statement.statement->has(sql::Effect::unknown)};
  if (!schema_doubtful) out.statement = statement.statement;
  return out;
}

}  // namespace

// The open transaction may have changed what names mean, or what runs behind the oldest entry has by the time
// that the catalogue is asked about it.
bool Backend::names_may_change() const {
  return wire_.schema_doubtful || (wire_.rows.masks_possible() && wire_.ledger.changes_catalogue());
}

Backend::Step Backend::on_row_description(const Message& message, size_t offset) {
  Entry& entry = wire_.ledger.front();
  if (entry.await == Await::DescribeStatement && entry.copy) {
    if (names_may_change()) entry.copy->reads.statement.reset();
    switch (wire_.rows.describe_copy(message.whole, *entry.copy)) {
      case Described::Done: return end_of_description(entry);
      case Described::Waiting: return Step::Stop;
      case Described::Fault: return Step::Broken;
    }
  }
  if (entry.await == Await::DescribeStatement) {
    RowShape names;
    if (!entry.parameters_seen || !parse_row_description(message.whole, names)) return Step::Broken;
    names.reads.known = entry.prepared && entry.prepared->facts;
    if (!wire_.rows.collect_names(data_, offset, message.whole.size(), names)) return Step::Broken;
    return end_of_description(entry);
  }
  const bool query = entry.await == Await::Query && !entry.failed && !entry.refusal && !entry.rows_open;
  if (!query && entry.await != Await::DescribePortal) return Step::Broken;
  auto shape = std::make_shared<RowShape>();
  switch (
      wire_.rows.describe(message.whole, *shape, reads_of(entry, wire_.names_doubtful, names_may_change()))) {
    case Described::Done: break;
    case Described::Waiting: return Step::Stop;  // the catalogue is asked first
    case Described::Fault: return Step::Broken;
  }
  if (!entry.own && !wire_.rows.collect_names(data_, offset, message.whole.size(), *shape))
    return Step::Broken;
  if (query) {
    entry.shape = std::move(shape);
    entry.rows_open = true;
    deliver(end_);
    return Step::Next;
  }
  if (entry.portal) {
    entry.portal->described = true;
    entry.portal->shape = std::move(shape);
  }
  return end_of_description(entry);
}

Backend::Step Backend::on_no_data() {
  Entry& entry = wire_.ledger.front();
  const bool statement = entry.await == Await::DescribeStatement && entry.parameters_seen;
  if (!statement && entry.await != Await::DescribePortal) return Step::Broken;
  if (entry.portal) {
    entry.portal->described = true;
    entry.portal->shape = nullptr;
  }
  return end_of_description(entry);
}

Backend::Step Backend::end_of_description(const Entry& entry) {
  if (entry.own) {
    drop(end_);
  } else {
    deliver(end_);
  }
  (void)wire_.ledger.pop();
  popped_ = true;
  return Step::Next;
}

Backend::Step Backend::on_parameter_description(const Message& message) {
  Entry& entry = wire_.ledger.front();
  if (entry.await != Await::DescribeStatement || entry.parameters_seen) return Step::Broken;
  Cursor cursor(message.body);
  const uint16_t count = cursor.u16();
  std::vector<uint32_t> types;
  for (uint16_t i = 0; i < count && cursor.ok(); ++i) types.push_back(cursor.u32());
  if (!cursor.at_end()) return Step::Broken;
  if (entry.prepared) entry.prepared->types = std::move(types);
  entry.parameters_seen = true;
  entry.own ? drop(end_) : deliver(end_);
  return Step::Next;
}

Backend::Step Backend::on_complete(uint8_t type) {
  Entry& entry = wire_.ledger.front();
  if (entry.refusal) return Step::Broken;  // the server took what it had to refuse
  if (entry.own) return on_own_complete(type);
  if (type == back::parse_complete && entry.await == Await::Parse) {
    wire_.ledger.define_statement(entry.name, entry.prepared);
  } else if (type == back::bind_complete && entry.await == Await::Bind) {
    wire_.ledger.define_portal(entry.name, entry.portal);
    if (entry.vague) wire_.context.mark_unknown();  // code ran in its planning
  } else if (type == back::close_complete && entry.await == Await::Close) {
    if (entry.closes_portal) {
      wire_.ledger.drop_portal(entry.name);
    } else {
      wire_.ledger.drop_statement(entry.name);
    }
  } else {
    return Step::Broken;
  }
  deliver(end_);
  finish_entry(entry);
  (void)wire_.ledger.pop();
  popped_ = true;
  return Step::Next;
}

// Of a look-up of the gateway's.
Backend::Step Backend::on_own_complete(uint8_t type) {
  const Await await = wire_.ledger.front().await;
  const bool good = (type == back::parse_complete && await == Await::Parse) ||
                    (type == back::bind_complete && await == Await::Bind) ||
                    (type == back::close_complete && await == Await::Close);
  if (!good) return Step::Broken;
  drop(end_);
  settle_state(wire_.ledger.pop());
  popped_ = true;
  return Step::Next;
}

// A look-up is over with its last answer: how those before it were cut must not matter.
void Backend::settle_state(const Entry& last) {
  if (!wire_.awaits_state(last.state_look_up)) return;
  if (!wire_.ledger.empty() && wire_.ledger.front().state_look_up == last.state_look_up) return;
  wire_.state_read = wire_.state.empty() ? StateRead::Failed : StateRead::Known;
}

Backend::Step Backend::on_state_read() {
  const Entry& entry = wire_.ledger.front();
  if (entry.await != Await::Execute) return Step::Broken;
  if (wire_.awaits_state(entry.state_look_up) && wire_.state.empty()) return Step::Broken;
  drop(end_);
  (void)wire_.ledger.pop();
  popped_ = true;
  return Step::Next;
}

Backend::Step Backend::on_command_complete(const Message& message) {
  Entry& entry = wire_.ledger.front();
  Cursor cursor(message.body);
  const std::string_view tag = cursor.text();
  if (!cursor.at_end() || entry.failed || entry.refusal) return Step::Broken;
  if (entry.own) return on_state_read();
  // A COPY ends before its statement does.
  if (copies_in(entry.copying) || copies_out(entry.copying)) return Step::Broken;
  entry.copying = Copying::None;
  const Facts* facts = running(entry);
  if (entry.await == Await::Query) {
    if (facts == nullptr) return Step::Broken;
    if (entry.replication) {
      // It may have any number of results, each with a tag of its own, and changes nothing that is followed.
    } else if (!facts->parsed()) {
      apply_unparsed(tag);
    } else {
      // One for each statement; more would mean that the server read another text.
      if (entry.statement_index >= facts->statements().size()) return Step::Broken;
      const std::string text = entry.prepared ? entry.prepared->text : std::string();
      apply(*facts, entry.statement_index++, text, tag, 0);
    }
    entry.rows_open = false;
    entry.shape = nullptr;
    entry.closing = tag;
    deliver(end_);
    return Step::Next;
  }
  if (entry.await != Await::Execute) return Step::Broken;
  if (facts == nullptr || !facts->parsed()) {
    apply_unparsed(tag);
  } else {
    const std::string text = entry.portal->statement->text;
    apply(*facts, 0, text, tag, 0);
  }
  entry.closing = tag;
  return on_end_of_rows(false);
}

// CommandComplete, EmptyQueryResponse or PortalSuspended.
Backend::Step Backend::on_end_of_rows(bool suspended) {
  Entry& entry = wire_.ledger.front();
  if (entry.failed || entry.refusal) return Step::Broken;
  if (entry.await == Await::Query && !suspended) {
    deliver(end_);
    return Step::Next;
  }
  if (entry.await != Await::Execute) return Step::Broken;
  entry.portal->suspended = suspended;
  if (suspended) entry.closing = "suspended";
  deliver(end_);
  finish_entry(entry);
  (void)wire_.ledger.pop();
  popped_ = true;
  return Step::Next;
}

// Others see it, the gateway's own leg among them, once the transaction is over.
void Backend::change_catalogue() {
  wire_.catalogue.invalidate();
  wire_.schema_doubtful = true;
}

// What a completed statement has changed.
void Backend::apply(const Facts& facts, size_t index, std::string_view text, std::string_view tag,
                    int depth) {
  if (facts.changes_catalogue()) change_catalogue();
  if (!facts.changes_session()) return;
  const sql::Statement& statement = *facts.statements()[index].statement;
  if (statement.deferred && statement.verb == "EXECUTE" && depth < deferred_depth_max) {
    // A statement that was prepared by a Parse may be any, a SET included.
    const Found<Prepared> found = wire_.ledger.find_statement(statement.name);
    if (found.value && found.value->facts) apply(*found.value->facts, 0, found.value->text, tag, depth + 1);
    return;
  }
  wire_.ledger.apply(facts, statement, text, tag);
  wire_.context.apply(statement);
  for (const sql::Setting& setting : statement.settings) {
    if (setting.name == reason_setting && statement.verb == "SET") wire_.host.name("reason", setting.value);
  }
  end_transaction_by(tag, statement);
}

// The tag tells what happened: a COMMIT of a failed block answers ROLLBACK.
void Backend::end_transaction_by(std::string_view tag, const sql::Statement& statement) {
  switch (statement.transaction) {
    case sql::Transaction::commit:
    case sql::Transaction::rollback:
    case sql::Transaction::prepare:
      block_ended_ = true;
      wire_.context.end_transaction(tag == "ROLLBACK");
      return;
    case sql::Transaction::none:
    case sql::Transaction::begin:
    case sql::Transaction::savepoint:
    case sql::Transaction::release:
    case sql::Transaction::rollback_to:
    case sql::Transaction::commit_prepared:
    case sql::Transaction::rollback_prepared: return;
  }
}

// Of a text that could not be read only the tag says what it was. What may have changed is forgotten: names
// that are not known are judged as UNPARSED.
void Backend::apply_unparsed(std::string_view tag) {
  change_catalogue();
  wire_.context.mark_unknown();
  block_ended_ = block_ended_ || tag == "COMMIT" || tag == "ROLLBACK" || tag == "PREPARE TRANSACTION";
  if (tag == "PREPARE" || tag.starts_with("DEALLOCATE") || tag.starts_with("DISCARD") || tag == "DO" ||
      tag == "CALL") {
    wire_.ledger.drop_all_statements();
  }
  if (tag.starts_with("DECLARE") || tag.starts_with("CLOSE") || tag.starts_with("DISCARD")) {
    wire_.ledger.drop_portals(true);
  }
}

}  // namespace sallyport::pg
