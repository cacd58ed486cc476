#include "plugins/postgresql/facts.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "plugins/postgresql/rows/sources.h"
#include "plugins/postgresql/settings.h"
#include "plugins/postgresql/sql/cache.h"

namespace sallyport::pg {

namespace {

constexpr size_t facts_count_max = 4096;  // a thread's

// Server-side large object functions: they pass data that the gateway does not look into.
constexpr std::array<std::string_view, 18> large_object_functions = {
    "lo_close",  "lo_creat",    "lo_create",     "lo_export", "lo_from_bytea", "lo_get",
    "lo_import", "lo_lseek",    "lo_lseek64",    "lo_open",   "lo_put",        "lo_tell",
    "lo_tell64", "lo_truncate", "lo_truncate64", "lo_unlink", "loread",        "lowrite"};

bool is_large_object(const sql::Object& function) {
  return (function.schema.empty() || function.schema == "pg_catalog") &&
         std::ranges::find(large_object_functions, function.name) != large_object_functions.end();
}

constexpr uint32_t read_only = sql::effect_bit(sql::Effect::read);

bool is_relation(const sql::Object& object) { return object.kind == sql::ObjectKind::relation; }

bool uses_large_objects(const sql::Statement& statement) {
  return std::ranges::any_of(statement.functions_called, is_large_object) ||
         std::ranges::any_of(statement.inner, uses_large_objects);
}

std::string unsupported_in(const sql::Statement& statement) {
  // ALTER ROLE ... SET and the like change later sessions, which have their own check at login.
  if (!statement.verb.starts_with("ALTER")) {
    for (const sql::Setting& setting : statement.settings) {
      if (!forbidden_setting(setting.name, setting.value)) continue;
      return statement.verb == "COPY" ? "COPY in this ENCODING" : "SET " + setting.name + " to this value";
    }
  }
  for (const sql::Statement& inner : statement.inner) {
    std::string found = unsupported_in(inner);
    if (!found.empty()) return found;
  }
  return {};
}

bool harmless_session(const sql::Statement& statement) {
  if (!std::ranges::all_of(statement.settings,
                           [](const sql::Setting& setting) { return harmless_setting(setting.name); })) {
    return false;
  }
  constexpr std::array<std::string_view, 10> verbs = {
      "SET", "RESET", "SHOW", "DISCARD", "LISTEN", "UNLISTEN", "PREPARE", "DEALLOCATE", "DECLARE", "CLOSE"};
  const bool by_verb = std::ranges::find(verbs, statement.verb) != verbs.end();
  // RESET ALL and DISCARD go back to what the login set; a set_config() of known settings is a SET.
  return by_verb || !statement.settings.empty();
}

}  // namespace

std::shared_ptr<const Facts> Facts::of(std::shared_ptr<const sql::Classification> source) {
  auto out = std::make_shared<Facts>();
  out->memory_size_ = 2 * source->memory_size() + sizeof(Facts);
  out->source_ = std::move(source);
  for (const sql::Statement& statement : out->source_->statements) out->add(statement);
  return out;
}

std::shared_ptr<const Facts> Facts::of_inner(const Facts& facts, const sql::Statement& outer) {
  if (outer.inner.empty()) return nullptr;
  auto out = std::make_shared<Facts>();
  out->memory_size_ = facts.memory_size_;
  out->source_ = facts.source_;
  for (const sql::Statement& statement : outer.inner) out->add(statement);
  return out;
}

void Facts::add(const sql::Statement& statement) {
  StatementFacts facts;
  facts.statement = {source_, &statement};
  for (const sql::Object& object : statement.objects) facts.objects.push_back(object.text());
  auto& fields = facts.fields;
  for (const sql::Object& function : statement.functions_called) {
    fields.emplace_back(field::function, function.text());
  }
  for (const sql::Object& relation : statement.relations_read) {
    fields.emplace_back(field::relation, relation.text());
  }
  for (const sql::Object& relation : statement.relations_written) {
    fields.emplace_back(field::relation, relation.text());
    fields.emplace_back(field::writes, relation.text());
  }
  for (const std::string& reason : statement.escapes) fields.emplace_back(field::escape, reason);
  if (!statement.has_where) fields.emplace_back(field::where, "no");
  for (const sql::Setting& setting : statement.settings) fields.emplace_back(field::setting, setting.name);
  if (statement.has(sql::Effect::session)) {
    facts.session_harmless = harmless_session(statement);
    fields.emplace_back(field::session, facts.session_harmless ? "harmless" : "changed");
  }
  // A SELECT may call what users made, by a name of the server's own functions, operators or casts.
  facts.reads_tables = statement.reads_free_setting || statement.verb == "SELECT" ||
                       statement.effects != read_only || !statement.inner.empty() ||
                       std::ranges::any_of(statement.objects, is_relation);
  facts.may_copy = may_copy(statement);
  facts.converts = statement.converts || statement.deferred || statement.effects != read_only ||
                   !statement.inner.empty() || !statement.unknown_functions.empty();
  copies_in_ += statement.copies_in ? 1 : 0;
  copies_out_ += statement.copies_out ? 1 : 0;
  if (unsupported_.empty()) unsupported_ = unsupported_in(statement);
  large_objects_ = large_objects_ || uses_large_objects(statement);
  changes_session_ = changes_session_ || statement.effects != read_only || statement.deferred ||
                     statement.verb == "PREPARE" || statement.verb == "DECLARE";
  changes_catalogue_ = changes_catalogue_ || (statement.effects & catalogue_effects) != 0;
  statements_.push_back(std::move(facts));
}

std::shared_ptr<const Facts> facts_of(std::string_view text, const CacheKey& cache_key) {
  thread_local sql::ClassificationCache cache(cache_key);
  // Keyed by the classification's address, which stays taken as long as the facts hold it.
  thread_local std::unordered_map<const sql::Classification*, std::shared_ptr<const Facts>> known;
  std::shared_ptr<const sql::Classification> classification = cache.get(text);
  if (const auto found = known.find(classification.get()); found != known.end()) return found->second;
  if (known.size() >= facts_count_max) known.clear();
  const sql::Classification* key = classification.get();
  std::shared_ptr<const Facts> facts = Facts::of(std::move(classification));
  // A text that the cache does not keep would only push out others.
  if (facts->memory_size() <= 64 * 1024) known.emplace(key, facts);
  return facts;
}

}  // namespace sallyport::pg
