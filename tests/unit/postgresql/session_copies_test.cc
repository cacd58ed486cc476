// Statements that would copy what a mask names to where none does.
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

struct Copies : Bench {
  Copies() {
    host.masked_field = [](const sp_field&) { return true; };
    host.names_masked = [](std::string_view path) { return path == "public.users.email"; };
  }
  // The relation of number 0 and of OID 16500 is `table`, with columns id and `column`.
  void answer(const std::string& table, const std::string& column, const char* kind = "t") {
    catalogue_opened();
    catalogue(columns({"n", "o", "s", "f"}) + row({"0", "16500", kind, ""}) + complete("SELECT 1") +
              columns({"own"}) + row({"f"}) + complete("SELECT 1") + ready());
    std::string said = columns({"oid"});
    for (const std::string& one : {std::string("id"), column}) {
      said += row({"16500", one == "id" ? "1" : "2", "public", table, one, "f", "f"});
    }
    catalogue(said + complete("SELECT 2") + columns({"oid"}) + complete("SELECT 0") + ready());
  }
  [[nodiscard]] bool flagged() const {
    const auto& fields = asked.back().fields;
    const bool fact = std::ranges::find(fields, "escape=copies-masked") != fields.end();
    const auto& effects = asked.back().effects;
    EXPECT_EQ(fact, std::ranges::find(effects, "escape") != effects.end());
    return fact;
  }
};

TEST(SessionCopies, AreSeenBeforeTheyAreAsked) {
  for (const char* text :
       {"INSERT INTO a SELECT email FROM users", "INSERT INTO a SELECT * FROM users",
        "UPDATE a SET n = u.email FROM users u WHERE u.id = a.id", "CREATE VIEW v AS TABLE users",
        "MERGE INTO a USING users u ON a.id = u.id WHEN MATCHED THEN UPDATE SET n = u.email"}) {
    Copies bench;
    bench.client(query(text));
    EXPECT_TRUE(bench.asked.empty()) << text;
    EXPECT_EQ(bench.to_target(), "") << text;
    bench.answer("users", "email");
    ASSERT_EQ(bench.asked.size(), 1u) << text;
    EXPECT_TRUE(bench.flagged()) << text;
    EXPECT_EQ(bench.to_target(), query(text));
    EXPECT_FALSE(bench.faulted);
  }
}

TEST(SessionCopies, OfOtherColumnsAreNone) {
  Copies bench;
  bench.client(query("INSERT INTO a SELECT id FROM users"));
  bench.answer("users", "email");
  EXPECT_FALSE(bench.flagged());
  Copies view;  // which may call them what it likes
  view.client(query("INSERT INTO a SELECT id FROM users"));
  view.answer("users", "email", "v");
  EXPECT_TRUE(view.flagged());
  Copies other;
  other.client(query("INSERT INTO a SELECT email FROM suppliers"));
  other.answer("suppliers", "email");
  EXPECT_FALSE(other.flagged());
}

TEST(SessionCopies, AreNotAskedForWhereNothingIsCopied) {
  for (const char* text :
       {"SELECT email FROM users", "INSERT INTO users VALUES (1, 'x') RETURNING id",
        "UPDATE users SET email = 'x' WHERE id = 1", "DELETE FROM a USING users u WHERE u.id = a.id"}) {
    Copies bench;
    bench.client(query(text));
    ASSERT_EQ(bench.asked.size(), 1u) << text;
    EXPECT_FALSE(bench.flagged());
    EXPECT_FALSE(bench.host.called("connect 2"));
  }
  Bench unmasked;
  unmasked.client(query("INSERT INTO a SELECT email FROM users"));
  EXPECT_EQ(unmasked.asked.size(), 1u);
}

TEST(SessionCopies, ThatCannotBeProvenAreTakenForSome) {
  Copies bench;
  bench.client(query("INSERT INTO a SELECT mine(id) FROM b"));
  EXPECT_TRUE(bench.flagged());
  Copies open;
  open.client(query("BEGIN"));
  open.target(complete("BEGIN") + ready('T'));
  open.client(query("CREATE TABLE b (id int)"));
  open.target(complete("CREATE TABLE") + ready('T'));
  open.client(query("INSERT INTO a SELECT id FROM b"));
  EXPECT_TRUE(open.flagged());
  Copies piped;
  piped.client(query("ALTER TABLE users RENAME TO b") + query("INSERT INTO a SELECT email FROM b"));
  EXPECT_TRUE(piped.flagged());
  Copies script;
  script.client(query("CREATE TABLE b AS SELECT 1; INSERT INTO a SELECT email FROM b"));
  EXPECT_TRUE(script.flagged());
}

TEST(SessionCopies, WaitInTheirPlaceInTheExtendedProtocol) {
  Copies bench;
  bench.client(run("INSERT INTO a SELECT email FROM users") + sync());
  EXPECT_EQ(bench.to_target(), "");
  bench.answer("users", "email");
  EXPECT_EQ(kinds(bench.to_target()), "PBDES");
  EXPECT_TRUE(bench.flagged());
  EXPECT_FALSE(bench.faulted);
}

}  // namespace
}  // namespace sallyport::pg::test
