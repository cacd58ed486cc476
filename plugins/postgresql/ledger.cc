#include "plugins/postgresql/ledger.h"

#include <algorithm>

namespace sallyport::pg {

namespace {

// Collects what a name may stand for, from the newest message to the oldest.
template <typename T>
class Candidates {
 public:
  void add(std::shared_ptr<T> value) {
    if (!value) return;
    if (!found_.value) {
      found_.value = std::move(value);
    } else if (found_.value != value) {
      found_.certain = false;
    }
  }
  [[nodiscard]] Found<T> take() { return std::move(found_); }

 private:
  Found<T> found_;
};

bool prepares(const sql::Statement& statement, std::string_view name) {
  return statement.verb == "PREPARE" && statement.name == name && !statement.inner.empty();
}

bool declares(const sql::Statement& statement, std::string_view name) {
  return statement.verb == "DECLARE" && statement.name == name && !statement.inner.empty();
}

std::string_view running_text(const Entry& entry) {
  if (entry.await == Await::Execute) return entry.portal->statement->text;
  return entry.prepared ? std::string_view(entry.prepared->text) : std::string_view();
}

}  // namespace

bool Ledger::changes_catalogue() const {
  return std::ranges::any_of(entries_, [](const Entry& entry) {
    const Facts* facts = running(entry);
    return entry.vague || (facts != nullptr && facts->changes_catalogue());
  });
}

const Facts* running(const Entry& entry) {
  if (entry.await == Await::Query || entry.await == Await::Call) return entry.facts.get();
  if (entry.await == Await::Execute && entry.portal && entry.portal->statement) {
    return entry.portal->statement->facts.get();
  }
  return nullptr;
}

const sql::Statement* running_statement(const Entry& entry) {
  const Facts* facts = running(entry);
  if (facts == nullptr || !facts->parsed() || entry.statement_index >= facts->statements().size()) {
    return nullptr;
  }
  return facts->statements()[entry.statement_index].statement.get();
}

std::shared_ptr<Prepared> prepared_by(const Facts& facts, const sql::Statement& statement,
                                      std::string_view text) {
  auto out = std::make_shared<Prepared>();
  out->facts = Facts::of_inner(facts, statement);
  if (!out->facts) return nullptr;
  const size_t offset = std::min(statement.offset, text.size());
  out->text = text.substr(offset, statement.size);
  return out;
}

Found<Prepared> Ledger::find_statement(std::string_view name) const {
  Candidates<Prepared> candidates;
  bool same_segment = true;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->await == Await::Sync) same_segment = false;
    if (entry->refusal || entry->own) continue;
    if (entry->await == Await::Parse && entry->name == name) {
      candidates.add(entry->prepared);
      if (same_segment) return candidates.take();
    }
    if (entry->await == Await::Close && !entry->closes_portal && entry->name == name && same_segment) {
      return candidates.take();
    }
    const Facts* facts = running(*entry);
    if (facts == nullptr || !facts->changes_session()) continue;
    for (auto one = facts->statements().rbegin(); one != facts->statements().rend(); ++one) {
      if (prepares(*one->statement, name))
        candidates.add(prepared_by(*facts, *one->statement, running_text(*entry)));
    }
  }
  if (const auto found = statements_.find(name); found != statements_.end()) candidates.add(found->second);
  return candidates.take();
}

Found<Portal> Ledger::find_portal(std::string_view name) const {
  Candidates<Portal> candidates;
  bool same_segment = true;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->await == Await::Sync) same_segment = false;
    if (entry->refusal || entry->own) continue;
    if (entry->await == Await::Bind && entry->name == name) {
      candidates.add(entry->portal);
      if (same_segment) return candidates.take();
    }
    if (entry->await == Await::Close && entry->closes_portal && entry->name == name && same_segment) {
      return candidates.take();
    }
    const Facts* facts = running(*entry);
    if (facts == nullptr || !facts->changes_session()) continue;
    for (auto one = facts->statements().rbegin(); one != facts->statements().rend(); ++one) {
      if (!declares(*one->statement, name)) continue;
      auto portal = std::make_shared<Portal>();
      portal->cursor = true;
      portal->statement = prepared_by(*facts, *one->statement, running_text(*entry));
      candidates.add(std::move(portal));
    }
  }
  if (const auto found = portals_.find(name); found != portals_.end()) candidates.add(found->second);
  return candidates.take();
}

size_t Ledger::retained_by(const Entry& entry) {
  if (entry.await == Await::Bind && entry.portal) return entry.portal->size();
  return entry.prepared ? entry.prepared->size() : 0;
}

void Ledger::push(Entry entry) {
  retained_size_ += retained_by(entry);
  const Facts* facts = running(entry);
  if (facts != nullptr && !entry.refusal) entry.copies_in = facts->copies_in();
  entries_.push_back(std::move(entry));
}

void Ledger::tell_after_own() {
  const auto query = std::ranges::find(entries_, false, &Entry::own);
  if (query != entries_.end() && query->copy) query->told = true;
}

void Ledger::foretell_after_own(std::string texts) {
  const auto query = std::ranges::find(entries_, false, &Entry::own);
  if (query != entries_.end() && query->copy) query->foretold = std::move(texts);
}

Entry Ledger::pop() {
  Entry out = std::move(entries_.front());
  entries_.pop_front();
  retained_size_ -= retained_by(out);
  return out;
}

void Ledger::define_statement(std::string name, std::shared_ptr<Prepared> value) {
  drop_statement(name);
  retained_size_ += name.size() + value->size();
  statements_.emplace(std::move(name), std::move(value));
}

void Ledger::define_portal(std::string name, std::shared_ptr<Portal> value) {
  drop_portal(name);
  retained_size_ += name.size() + value->size();
  portals_.emplace(std::move(name), std::move(value));
}

void Ledger::drop_statement(std::string_view name) {
  const auto found = statements_.find(name);
  if (found == statements_.end()) return;
  retained_size_ -= found->first.size() + found->second->size();
  statements_.erase(found);
}

void Ledger::drop_portal(std::string_view name) {
  const auto found = portals_.find(name);
  if (found == portals_.end()) return;
  retained_size_ -= found->first.size() + found->second->size();
  portals_.erase(found);
}

void Ledger::drop_all_statements() {
  while (!statements_.empty()) drop_statement(statements_.begin()->first);
}

void Ledger::drop_portals(bool cursors_too) {
  for (auto next = portals_.begin(); next != portals_.end();) {
    const auto portal = next++;
    if (cursors_too || !portal->second->cursor) drop_portal(portal->first);
  }
}

void Ledger::drop_unnamed() {
  drop_statement("");
  drop_portal("");
}

void Ledger::apply(const Facts& facts, const sql::Statement& statement, std::string_view text,
                   std::string_view tag) {
  if (statement.verb == "PREPARE") {
    if (auto made = prepared_by(facts, statement, text)) define_statement(statement.name, std::move(made));
  } else if (statement.verb == "DECLARE") {
    auto portal = std::make_shared<Portal>();
    portal->cursor = true;
    portal->statement = prepared_by(facts, statement, text);
    define_portal(statement.name, std::move(portal));
  } else if (statement.verb == "DEALLOCATE") {
    if (statement.name.empty()) {
      drop_all_statements();
    } else {
      drop_statement(statement.name);
    }
  } else if (statement.verb == "CLOSE") {
    if (statement.name.empty()) {
      drop_portals(true);
    } else {
      drop_portal(statement.name);
    }
  } else if (statement.verb == "DISCARD" && tag == "DISCARD ALL") {
    drop_all_statements();
    drop_portals(true);
  }
}

}  // namespace sallyport::pg
