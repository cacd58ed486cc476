// What one SQL statement does, as far as its text alone can say: the facts that rules match on. Plain data,
// no pointers into the text, so that a cache may keep it.
//
// Names follow PostgreSQL 15's grammar. Three limits hold for everything here, because a text is read without
// the target's catalogue: an unqualified function or operator of an allowed name may resolve to a user's
// overload; a column reference `t.f` may call a function f(t); a view or a trigger runs whatever its owner
// wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::postgresql::sql {

// Ascending by how much a reader of rules should worry; Statement::effect is the last one that applies.
// PREPARE, DECLARE, COPY (query) and EXPLAIN ANALYZE have the effects of the statement inside.
enum class Effect : uint8_t {
  read,         // returns rows or nothing, changes nothing: SELECT, SHOW, EXPLAIN without ANALYZE, EMPTY
  transaction,  // BEGIN, COMMIT, SAVEPOINT, ...
  session,      // SET, RESET, DISCARD, LISTEN, CLOSE, DEALLOCATE, advisory locks
  write,    // INSERT, UPDATE, DELETE, MERGE, COPY FROM STDIN, nextval, NOTIFY, LOCK, SELECT ... FOR UPDATE
  schema,   // CREATE, ALTER, GRANT, COMMENT, and maintenance: VACUUM, REINDEX, CLUSTER, CHECKPOINT
  unknown,  // UNPARSED, EXECUTE and FETCH (see `deferred`), functions and operators nobody vouches for
  destroy,  // DROP, TRUNCATE, UPDATE and DELETE without a WHERE that reads a column; ALTER ... DROP COLUMN,
            // DETACH PARTITION, NO INHERIT, SET SCHEMA: what readers of the name no longer find
  escape,   // leaves what the text says: runs other text or code, files, network, other roles (see `escapes`)
};
inline constexpr uint32_t effect_count = 8;

// Of Statement::effects.
[[nodiscard]] constexpr uint32_t effect_bit(Effect effect) { return 1u << static_cast<uint32_t>(effect); }

// "read", "transaction", ...
[[nodiscard]] std::string_view effect_name(Effect effect);

enum class ObjectKind : uint8_t {
  relation,  // table, view, index, sequence, composite or foreign table: one namespace in PostgreSQL
  function,  // function, procedure, aggregate
  type,      // type or domain, where it is not a pg_catalog one
  schema,
  role,
  database,
  tablespace,
  extension,
  server,  // foreign server or foreign-data wrapper
  language,
  setting,    // of SET, RESET, SHOW, ALTER SYSTEM: lower case
  statement,  // prepared statement's name
  cursor,
  channel,  // LISTEN, NOTIFY
  other,    // trigger, rule, policy, collation, publication, operator, ...
};
inline constexpr uint32_t object_kind_count = 15;

// "relation", "function", ...
[[nodiscard]] std::string_view object_kind_name(ObjectKind kind);

// As written: unquoted names folded to lower case as the server does, qualifiers only where the text has
// them.
struct Object {
  ObjectKind kind = ObjectKind::relation;
  std::string catalog;  // of `catalog.schema.name`, else empty
  std::string schema;
  std::string name;

  // "public.orders"; a part that holds a dot, a quote or upper case stands in double quotes. A setting's name
  // stands bare.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool operator==(const Object&) const = default;
};

enum class Transaction : uint8_t {
  none,
  begin,
  commit,
  rollback,
  savepoint,
  release,
  rollback_to,
  prepare,  // two-phase: the transaction leaves the session
  commit_prepared,
  rollback_prepared,
};

struct Setting {
  std::string name;   // lower case
  std::string value;  // constants joined by ", "; empty for RESET, DEFAULT and FROM CURRENT
  bool local = false;
  [[nodiscard]] bool operator==(const Setting&) const = default;
};

// How COPY writes rows. Source: PostgreSQL manual, "COPY".
struct CopyFormat {
  enum class Kind : uint8_t { text, csv, binary };
  Kind kind = Kind::text;
  char delimiter = '\t';
  char quote = '"';   // csv
  char escape = '"';  // csv
  std::string null = "\\N";
  bool header = false;  // a line of names stands first
  std::string strange;  // the option that was not understood; empty: none
};

// Of COPY ... TO STDOUT.
struct CopyOut {
  CopyFormat format;
  Object relation;                   // no name: of a query
  std::vector<std::string> columns;  // of the relation; none: all but generated ones
};

struct Statement {
  std::string verb;  // upper case; "UNPARSED", "EMPTY". EXPLAIN ANALYZE carries its inner statement's
  std::vector<std::string> verbs;  // `verb`, then those of inner data-modifying statements, without repeats
  Effect effect = Effect::unknown;
  uint32_t effects = 0;  // bit set over Effect: everything that applies

  std::vector<Object> objects;            // all named, in order of appearance, without repeats
  std::vector<Object> relations_read;     // common table expressions are no relations
  std::vector<Object> relations_written;  // rows inserted, changed, deleted, or the relation itself dropped
  std::vector<Object> functions_called;   // SQL's own spellings included: EXTRACT(...) is pg_catalog.extract
  std::vector<std::string> unknown_functions;  // called, but on no list; operators as "operator @@@"
  // Reasons: do, call, load, function NAME, function-definition, code (aggregate, operator, cast, language,
  // ...), trigger, event-trigger, rule, row-security, copy-file, copy-program, copies-data (CREATE TABLE AS
  // EXECUTE), file, foreign, replication, extension, setting NAME,
  // persistent-setting, alter-system, security-label, two-phase. (copies-masked: only the session can tell.)
  std::vector<std::string> escapes;
  std::vector<std::string>
      columns;                    // read, last parts only; "*" also where a whole row is (`SELECT t FROM t`)
  std::vector<Setting> settings;  // SET, RESET, ALTER ... SET, constant set_config(); COPY's ENCODING

  size_t offset = 0;  // bytes of the statement in the text, without surrounding blanks, comments, semicolons
  size_t size = 0;

  Transaction transaction = Transaction::none;
  bool chain = false;  // COMMIT AND CHAIN: a transaction block is open afterwards
  std::string name;  // prepared statement, cursor, savepoint or two-phase id; "" of DEALLOCATE ALL, CLOSE ALL
  bool deferred = false;  // runs what `name` stands for (EXECUTE, FETCH, MOVE): judge that one in its place
  bool has_where = true;  // false: an UPDATE or DELETE in it has no WHERE that reads a column
  bool reads_free_setting = false;  // SHOW, current_setting(): one that may hold any text; or stored text
  // A cast, or a function but those that count: a number that comes out may spell a text that went in.
  bool converts = false;
  bool locks_rows = false;                  // SELECT ... FOR UPDATE / SHARE
  bool explain = false;                     // EXPLAIN with or without ANALYZE
  bool copies_in = false;                   // COPY ... FROM STDIN: the server will ask for data
  bool copies_out = false;                  // COPY ... TO STDOUT
  std::shared_ptr<const CopyOut> copy_out;  // with copies_out
  std::vector<Statement> inner;  // of PREPARE, DECLARE, COPY (query), CREATE TABLE AS, EXPLAIN: one

  [[nodiscard]] bool has(Effect one) const { return (effects & effect_bit(one)) != 0; }
};

// A text: a simple Query's or a Parse message's.
struct Classification {
  // At least one. Not parsed: exactly one, UNPARSED, over the whole text. Nothing but blanks: one, EMPTY.
  std::vector<Statement> statements;
  bool parsed = false;
  std::string reason;           // why not parsed, for people
  bool syntax_error = false;    // it is the grammar's own no: what is beyond a limit may well be right SQL
  uint32_t error_position = 0;  // of a syntax error, in characters from 1; 0: not known
  // A plain '...' literal holds a backslash: read as standard_conforming_strings = on reads it. Where the
  // session has switched that off, the server reads another statement and this classification is void.
  bool plain_backslash = false;

  [[nodiscard]] size_t memory_size() const;  // bytes, estimated, for the cache's bound
};

}  // namespace sallyport::postgresql::sql
