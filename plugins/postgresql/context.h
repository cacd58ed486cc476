// What of the session's state is part of "the same request" (promise 3): database, target's user, and the
// settings that change what a statement means (search_path, role, ...), as the session's own statements left
// them. A state that cannot be followed gets a mark that no other session has, so nothing is taken for the
// same. Session's thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "plugins/postgresql/sql/statement.h"

namespace sallyport::pg {

inline constexpr size_t context_count_max = 64;  // settings; beyond, the session is marked

class Context {
 public:
  // `mark`: random, of this session alone.
  void begin(std::string_view database, std::string_view user, std::string mark);
  void set_at_login(std::string_view name, std::string_view value);

  // A completed statement. Its settings count from now on, and are undone with the transaction.
  void apply(const postgresql::sql::Statement& statement);
  // Something changed that cannot be followed.
  void mark_unknown();
  // At ReadyForQuery outside a block. `undone`: the transaction was rolled back.
  void end_transaction(bool undone);

  // Whether apply() or a transaction's end by `statement` may change bytes().
  [[nodiscard]] bool touched_by(const postgresql::sql::Statement& statement) const;

  // As a login without settings of its own leaves it.
  [[nodiscard]] bool plain() const { return settings_.empty(); }

  // Canonical bytes: equal for sessions in which a text means the same. `uncertain`: a statement that touches
  // them is still under way.
  [[nodiscard]] std::string bytes(bool uncertain) const;

 private:
  struct Value {
    std::string value;
    bool local = false;
    bool operator==(const Value&) const = default;
  };
  // Code that the text does not show may have called set_config().
  [[nodiscard]] static bool hides_settings(const postgresql::sql::Statement& statement);
  std::string database_;
  std::string user_;
  std::string mark_;
  std::map<std::string, Value, std::less<>> settings_;
  std::map<std::string, Value, std::less<>> committed_;
};

// Appends `value` behind its length, so that no two lists of values give the same bytes.
void append_sized(std::string& out, std::string_view value);

}  // namespace sallyport::pg
