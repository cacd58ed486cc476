#include "plugins/postgresql/judge.h"

#include <algorithm>
#include <bit>

#include "plugins/postgresql/context.h"
#include "plugins/postgresql/login/link.h"
#include "plugins/postgresql/values.h"

namespace sallyport::pg {

namespace {

// EXECUTE of a statement that is an EXECUTE itself, and so on; what is deeper counts as unread.
constexpr int deferred_depth_max = 4;
constexpr uint32_t unknown_bit = sql::effect_bit(sql::Effect::unknown);
constexpr uint32_t escape_bit = sql::effect_bit(sql::Effect::escape);

sql::Effect gravest(uint32_t effects) {
  return effects == 0 ? sql::Effect::unknown : static_cast<sql::Effect>(std::bit_width(effects) - 1);
}

// What an earlier statement of the same text gave the name to; null: none did.
std::shared_ptr<Prepared> defined_before(const Facts& facts, size_t index, std::string_view verb,
                                         std::string_view name) {
  for (size_t i = index; i-- > 0;) {
    const sql::Statement& statement = *facts.statements()[i].statement;
    if (statement.verb == verb && statement.name == name) return prepared_by(facts, statement, {});
  }
  return nullptr;
}

}  // namespace

void Judge::begin(std::string_view database, std::string_view user) {
  database_ = database;
  user_ = user;
}

bool Judge::build(const Run& run, const Ledger& ledger, std::string context, Rows* rows,
                  bool schema_doubtful) {
  certain_ = true;
  waits_ = false;
  hides_copy_ = false;
  unread_ = false;
  replication_ = run.replication;
  items_.clear();
  kept_.clear();
  bound_.clear();
  strings_.clear();
  values_.clear();
  stands_for_.clear();
  if (run.facts) (void)add(run.facts, ledger, 0);
  if (!certain_) return false;
  if (rows != nullptr) find_copies(ledger, *rows, schema_doubtful);
  if (waits_) return false;
  write_commands();
  text_ = run.text;
  binding_ = std::move(context);
  context_size_ = binding_.size();
  append_sized(binding_, run.text);
  append_sized(binding_, stands_for_);
  append_sized(binding_, std::to_string(run.row_count_max));
  if (run.portal != nullptr) write_values(*run.portal, binding_);
  for (const std::shared_ptr<Portal>& portal : bound_) write_values(*portal, binding_);
  if (!stands_for_.empty()) text_ += "\n-- what the name stands for:\n" + stands_for_;
  return true;
}

void Judge::find_copies(const Ledger& ledger, Rows& rows, bool schema_doubtful) {
  const auto may_copy = [](const Item& item) { return item.facts->may_copy; };
  if (std::ranges::none_of(items_, may_copy)) return;
  // A statement may change, too, what those behind it in the same text mean.
  bool doubtful = schema_doubtful || ledger.changes_catalogue();
  for (Item& item : items_) {
    if (may_copy(item)) {
      const Rows::Copied copied = rows.copies_masked(*item.facts->statement, doubtful);
      waits_ = copied == Rows::Copied::Waiting;
      item.copies_masked = copied == Rows::Copied::Yes;
      if (waits_) return;
    }
    doubtful = doubtful || (item.effects & catalogue_effects) != 0;
  }
}

uint32_t Judge::add(const std::shared_ptr<const Facts>& facts, const Ledger& ledger, int depth) {
  kept_.push_back(facts);
  uint32_t all = 0;
  hides_copy_ = hides_copy_ || (depth > 0 && facts->copies_in() + facts->copies_out() > 0);
  for (size_t i = 0; i < facts->statements().size(); ++i) {
    const StatementFacts& one = facts->statements()[i];
    const size_t item = items_.size();
    items_.push_back({&one, one.statement->effects});
    if (one.statement->deferred) items_[item].effects = add_deferred(*facts, i, ledger, depth);
    all |= items_[item].effects;
    // EXPLAIN EXECUTE, CREATE TABLE AS EXECUTE: what is inside is judged too.
    for (const sql::Statement& inner : one.statement->inner) {
      if (inner.deferred) {
        if (const auto held = Facts::of_inner(*facts, *one.statement)) all |= add(held, ledger, depth + 1);
        break;
      }
    }
  }
  return all;
}

uint32_t Judge::add_deferred(const Facts& facts, size_t index, const Ledger& ledger, int depth) {
  const sql::Statement& statement = *facts.statements()[index].statement;
  if (depth >= deferred_depth_max) {
    unread_ = true;
    return statement.effects;
  }
  const bool cursor = statement.verb != "EXECUTE";
  std::shared_ptr<Prepared> meant =
      defined_before(facts, index, cursor ? "DECLARE" : "PREPARE", statement.name);
  if (!meant && cursor) {
    const Found<Portal> found = ledger.find_portal(statement.name);
    certain_ = certain_ && found.certain;
    if (found.value) {
      meant = found.value->statement;
      bound_.push_back(found.value);
    }
  } else if (!meant) {
    Found<Prepared> found = ledger.find_statement(statement.name);
    certain_ = certain_ && found.certain;
    meant = std::move(found.value);
  }
  if (!meant || !meant->facts) {
    // A cursor that a function opened stands for what that function's call was judged for.
    unread_ = unread_ || !cursor;
    return statement.effects;
  }
  if (!meant->text.empty()) stands_for_ += meant->text + "\n";
  const uint32_t inner = add(meant->facts, ledger, depth + 1);
  // Being unknown was the name's; functions in an EXECUTE's own arguments may be unknown too.
  const uint32_t own =
      statement.unknown_functions.empty() ? statement.effects & ~unknown_bit : statement.effects;
  return own | inner;
}

bool Judge::doubtful() const {
  constexpr uint32_t vague = unknown_bit | escape_bit;
  return items_.empty() ||
         std::ranges::any_of(items_, [](const Item& item) { return (item.effects & vague) != 0; });
}

bool Judge::changes_meaning() const {
  constexpr uint32_t data_alone = sql::effect_bit(sql::Effect::read) | sql::effect_bit(sql::Effect::write);
  return items_.empty() || std::ranges::any_of(items_, [](const Item& item) {
           const std::string& verb = item.facts->statement->verb;
           return (item.effects & ~data_alone) != 0 || verb == "PREPARE" || verb == "DECLARE";
         });
}

void Judge::write_commands() {
  objects_.clear();
  fields_.clear();
  commands_.clear();
  size_t object_count = 0;
  size_t field_count = 2 * (sql::effect_count + 3);
  for (const Item& item : items_) {
    object_count += item.facts->objects.size();
    field_count += item.facts->fields.size() + sql::effect_count + 4;
  }
  // Pointers into both go into the commands, so neither may move.
  objects_.reserve(object_count);
  fields_.reserve(field_count);
  for (const Item& item : items_) write_statement(item);
  if (!items_.empty() && !unread_) return;
  const size_t first_field = fields_.size();
  add_common_fields(unknown_bit);
  add_command("UNPARSED", objects_.size(), first_field);
}

void Judge::write_statement(const Item& item) {
  const StatementFacts& facts = *item.facts;
  const size_t first_object = objects_.size();
  const size_t first_field = fields_.size();
  for (const std::string& object : facts.objects) objects_.push_back(text_of(object));
  add_common_fields(item.effects | (item.copies_masked ? escape_bit : 0));
  if (item.copies_masked) fields_.push_back({text_of(field::escape), text_of("copies-masked")});
  for (const auto& [name, value] : facts.fields) fields_.push_back({text_of(name), text_of(value)});
  // A statement that changes data inside another is a command of its own: each has to be allowed.
  if (facts.statement->verbs.empty()) add_command(facts.statement->verb, first_object, first_field);
  for (const std::string& verb : facts.statement->verbs) add_command(verb, first_object, first_field);
}

void Judge::add_common_fields(uint32_t effects) {
  const auto add = [this](std::string_view name, std::string_view value) {
    fields_.push_back({text_of(name), text_of(value)});
  };
  add(field::effect, sql::effect_name(gravest(effects)));
  for (uint32_t i = 0; i < sql::effect_count; ++i) {
    if ((effects >> i & 1) != 0) add(field::effects, sql::effect_name(static_cast<sql::Effect>(i)));
  }
  add(field::database, database_);
  add(field::user, user_);
}

void Judge::add_command(std::string_view verb, size_t first_object, size_t first_field) {
  commands_.push_back({.size = sizeof(sp_command),
                       .verb = text_of(verb),
                       .objects = objects_.data() + first_object,
                       .object_count = objects_.size() - first_object,
                       .fields = fields_.data() + first_field,
                       .field_count = fields_.size() - first_field});
}

void Judge::write_values(const Portal& portal, std::string& binding) {
  const std::optional<Bound> bound = parse_bound(as_bytes(portal.bind));
  if (!bound) return;
  for (size_t i = 0; i < bound->values.size(); ++i) {
    const BoundValue& value = bound->values[i];
    const uint32_t type =
        portal.statement && i < portal.statement->types.size() ? portal.statement->types[i] : 0;
    const std::string& name = strings_.emplace_back("$" + std::to_string(i + 1) + ":" + type_name(type));
    const std::string& text = strings_.emplace_back(printable(value, type));
    values_.push_back({text_of(name), text_of(text)});
    append_sized(binding, name);
    append_sized(binding, value.null ? "n" : value.format == 0 ? "t" : "b");
    append_sized(binding, as_text(value.bytes));
  }
}

sp_ask Judge::ask(sp_stage stage, uint64_t ticket, uint64_t transaction) const {
  return {.size = sizeof(sp_ask),
          .ticket = ticket,
          .stage = stage,
          .transaction = transaction,
          .commands = commands_.data(),
          .command_count = commands_.size(),
          .text = text_of(text_),
          .values = values_.data(),
          .value_count = values_.size(),
          .binding = {reinterpret_cast<const uint8_t*>(binding_.data()), binding_.size()},
          .flags = 0,
          .context = {reinterpret_cast<const uint8_t*>(binding_.data()), context_size_}};
}

}  // namespace sallyport::pg
