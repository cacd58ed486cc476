// What a statement may read at most, by the names in its text: the question to the target's catalogue that
// finds it. A name stands for every relation of that name in any schema, so that no search path matters; what
// inherits from or is inherited by one of them, and what a view's rule reads, belong to it.
//
// The question proves nothing where anything else could be read: by a function that nobody vouches for in the
// text or in a view, by a function, operator or cast of users' own that the text might mean, by a foreign
// table. The caller sees to it that the session has changed no names that other sessions cannot see yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/sql/statement.h"

namespace sallyport::pg {

inline constexpr size_t source_name_count_max = 64;  // relations that a text names, and as many other names
inline constexpr size_t source_count_max = 512;      // relations that are found

// What is to be proven of a statement.
enum class Purpose : uint8_t {
  Shows,   // what it returns
  Copies,  // what it leaves behind: it may write
};

// The answer, where it proves something.
struct Sources {
  std::vector<uint32_t> oids;
  bool views = false;     // some are: their columns have names of their own
  bool policies = false;  // some have row security, whose expressions may read others
};

struct SourcesQuestion {
  std::string text;           // empty: no answer would prove anything
  size_t relation_count = 0;  // that the statement names; each has to be found
};

// Two queries. First: number of the name (from 0), OID, what it is ("t" a table, "p" one with row security,
// "v" a view, "f": it proves nothing), and of a view: the functions of pg_catalog that it calls, between
// commas. At most one row more than source_count_max. Second: one row, whether users have made something that
// the text might mean.
[[nodiscard]] SourcesQuestion sources_question(const postgresql::sql::Statement& statement,
                                               Purpose purpose = Purpose::Shows);

// Whether it may leave values of other relations than its own behind, and no rule on escapes sees it yet:
// INSERT ... SELECT, UPDATE and MERGE from others, CREATE VIEW.
[[nodiscard]] bool may_copy(const postgresql::sql::Statement& statement);

// Whether functions as in that answer read nothing but their arguments.
[[nodiscard]] bool vouched(std::string_view functions);

}  // namespace sallyport::pg
