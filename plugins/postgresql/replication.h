// Replication commands: what a walsender reads a Query's text as before it takes it for SQL. Their first word
// alone decides, and no SQL statement begins with one of them, so what is a command here can be no SQL there.
// SHOW is left to the SQL classifier: it means the same in both.
// Sources: PostgreSQL manual, "Streaming Replication Protocol"; the commands of PostgreSQL 15 to 18. Pure
// functions.
#pragma once

#include <memory>
#include <string_view>

#include "plugins/postgresql/facts.h"
#include "plugins/postgresql/login/startup.h"

namespace sallyport::pg {

// Null: `text` is no replication command.
[[nodiscard]] std::shared_ptr<const Facts> replication_facts(std::string_view text);

// A walsender for physical replication takes no SQL but SHOW.
[[nodiscard]] bool is_show(const Facts& facts);

// What may have copy-both as its answer.
[[nodiscard]] bool starts_replication(const sql::Statement& statement);

}  // namespace sallyport::pg
