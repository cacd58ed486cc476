// The tables that the walk is driven by.
#pragma once

#include <string_view>

#include "plugins/postgresql/sql/walk.h"

namespace sallyport::postgresql::sql {

// What to do with a node that is no statement; nodes without a rule are walked through.
struct Walker::NodeRule {
  std::string_view tag;
  Handler handler = nullptr;
};

struct Walker::StatementRule {
  std::string_view tag;
  std::string_view verb;  // empty: the handler names it
  Effect effect = Effect::unknown;
  std::string_view escape;    // reason, or empty
  std::string_view name_key;  // field that holds the name of what the statement is about, or empty
  ObjectKind kind = ObjectKind::other;
  Handler handler = nullptr;  // null: all fields are walked through
};

}  // namespace sallyport::postgresql::sql
