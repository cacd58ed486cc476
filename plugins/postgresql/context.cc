#include "plugins/postgresql/context.h"

#include <algorithm>

#include "plugins/postgresql/settings.h"

namespace sallyport::pg {

namespace {

constexpr std::string_view unknown_setting = "?";

}  // namespace

void append_sized(std::string& out, std::string_view value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(uint64_t{value.size()} >> shift));
  out.append(value);
}

void Context::begin(std::string_view database, std::string_view user, std::string mark) {
  database_ = database;
  user_ = user;
  mark_ = std::move(mark);
}

void Context::set_at_login(std::string_view name, std::string_view value) {
  if (!binding_setting(name)) return;
  settings_[std::string(name)] = {std::string(value), false};
  committed_ = settings_;
}

void Context::mark_unknown() { settings_[std::string(unknown_setting)] = {mark_, false}; }

bool Context::hides_settings(const postgresql::sql::Statement& statement) {
  using postgresql::sql::Effect;
  const bool computed =
      statement.settings.empty() && std::ranges::any_of(statement.functions_called, [](const auto& function) {
        return function.name == "set_config";
      });
  const bool vague = statement.has(Effect::escape) || statement.has(Effect::unknown);
  const bool only_deferred =
      statement.deferred && statement.unknown_functions.empty() && statement.escapes.empty();
  return computed || (vague && !only_deferred);
}

bool Context::touched_by(const postgresql::sql::Statement& statement) const {
  using postgresql::sql::Transaction;
  if (hides_settings(statement)) return true;
  if (statement.transaction != Transaction::none && settings_ != committed_) return true;
  if (statement.verb.starts_with("ALTER")) return false;
  return std::ranges::any_of(statement.settings,
                             [](const auto& setting) { return binding_setting(setting.name); });
}

void Context::apply(const postgresql::sql::Statement& statement) {
  using postgresql::sql::Transaction;
  // Which of the settings came after the savepoint is not followed.
  if (statement.transaction == Transaction::rollback_to && settings_ != committed_) mark_unknown();
  if (hides_settings(statement)) mark_unknown();
  if (statement.verb.starts_with("ALTER")) return;
  for (const auto& setting : statement.settings) {
    if (!binding_setting(setting.name)) continue;
    if (settings_.size() >= context_count_max) return mark_unknown();
    settings_[setting.name] = {setting.value, setting.local};
  }
}

void Context::end_transaction(bool undone) {
  if (undone) {
    settings_ = committed_;
    return;
  }
  // A local value hid the one before it.
  for (auto& [name, value] : settings_) {
    if (!value.local) continue;
    const auto before = committed_.find(name);
    value = before != committed_.end() ? before->second : Value{};
  }
  std::erase_if(settings_, [](const auto& entry) { return entry.second == Value{}; });
  committed_ = settings_;
}

std::string Context::bytes(bool uncertain) const {
  std::string out;
  append_sized(out, database_);
  append_sized(out, user_);
  for (const auto& [name, value] : settings_) {
    append_sized(out, name);
    append_sized(out, value.value);
  }
  if (uncertain) append_sized(out, mark_);
  return out;
}

}  // namespace sallyport::pg
