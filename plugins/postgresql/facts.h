// What rules match of a classified text: its statements as commands of the ABI, and what the session has to
// know of each to follow it. Built once for a text and shared by all that runs it; holds no verdict.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/postgresql/sql/statement.h"

namespace sallyport::pg {

namespace sql = sallyport::postgresql::sql;

// Names of the fields in a command; the facts that rules match have "field." before them.
namespace field {
inline constexpr std::string_view effect = "effect", effects = "effects", function = "function",
                                  relation = "relation", writes = "writes", escape = "escape",
                                  where = "where", setting = "setting", session = "session",
                                  database = "database", user = "user";
}

// What has one of these may change what names mean.
inline constexpr uint32_t catalogue_effects =
    sql::effect_bit(sql::Effect::schema) | sql::effect_bit(sql::Effect::destroy) |
    sql::effect_bit(sql::Effect::escape) | sql::effect_bit(sql::Effect::unknown);

struct StatementFacts {
  std::shared_ptr<const sql::Statement> statement;  // kept by its Classification
  std::vector<std::string> objects;
  // Without effect and effects, which an EXECUTE takes from what its name stands for.
  std::vector<std::pair<std::string_view, std::string>> fields;
  bool session_harmless = true;  // what it changes of the session, it changes harmlessly
  bool reads_tables = true;      // false: surely none, so nothing it returns was stored
  bool converts = true;          // false: numbers that it computes spell no text
  bool may_copy = false;         // rows/sources.h
};

class Facts {
 public:
  // Of a whole text.
  [[nodiscard]] static std::shared_ptr<const Facts> of(std::shared_ptr<const sql::Classification> source);
  // Of what a PREPARE or DECLARE holds; null when `outer` holds nothing.
  [[nodiscard]] static std::shared_ptr<const Facts> of_inner(const Facts& facts, const sql::Statement& outer);

  [[nodiscard]] const std::vector<StatementFacts>& statements() const { return statements_; }
  [[nodiscard]] bool parsed() const { return source_->parsed; }
  [[nodiscard]] const sql::Classification& source() const { return *source_; }
  [[nodiscard]] bool plain_backslash() const { return source_->plain_backslash; }
  // What of it the gateway does not let through whatever the rules say ("SET client_encoding"); empty:
  // nothing.
  [[nodiscard]] const std::string& unsupported() const { return unsupported_; }
  // Whether it calls a function on large objects, which only some logins may.
  [[nodiscard]] bool large_objects() const { return large_objects_; }
  [[nodiscard]] size_t memory_size() const { return memory_size_; }  // bytes, estimated
  // Whether it may define or drop prepared statements or cursors, change settings or the transaction.
  [[nodiscard]] bool changes_session() const { return changes_session_; }
  [[nodiscard]] bool changes_catalogue() const { return changes_catalogue_; }
  // Of its statements: how many are COPY FROM STDIN, and how many COPY TO STDOUT.
  [[nodiscard]] size_t copies_in() const { return copies_in_; }
  [[nodiscard]] size_t copies_out() const { return copies_out_; }

 private:
  void add(const sql::Statement& statement);

  std::shared_ptr<const sql::Classification> source_;
  std::vector<StatementFacts> statements_;
  std::string unsupported_;
  size_t memory_size_ = 0;
  bool large_objects_ = false;
  bool changes_session_ = false;
  bool changes_catalogue_ = false;
  size_t copies_in_ = 0;
  size_t copies_out_ = 0;
};

// The text's facts through the thread's caches. `key`, random, keys them against chosen collisions and counts
// only once a thread.
using CacheKey = std::array<uint64_t, 2>;
[[nodiscard]] std::shared_ptr<const Facts> facts_of(std::string_view text, const CacheKey& key);

}  // namespace sallyport::pg
