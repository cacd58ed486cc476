// A classification in one line, for tables of cases: statements divided by "; ", each
//   VERBS effect[ r:RELATION,...][ w:RELATION,...][ f:FUNCTION,...][ o:KIND OBJECT,...][ ?UNKNOWN,...][
//   !ESCAPE,...] [ set:NAME=VALUE,...][ FLAG...][ <INNER>]
#pragma once

#include <string>

#include "plugins/postgresql/sql/statement.h"

namespace sallyport::postgresql::sql {

struct Case {
  const char* text;
  const char* summary;
};

[[nodiscard]] std::string summary(const Statement& statement);
[[nodiscard]] std::string summary(const Classification& classification);

}  // namespace sallyport::postgresql::sql
