// Names of roles, and SQL that nothing in a name or a template gets out of.
#include "core/credential/role.h"

#include <gtest/gtest.h>

#include <array>

namespace sallyport::credential {
namespace {

constexpr std::array<uint8_t, 16> random = {0, 1, 2, 3, 4, 5, 6, 7, 255, 254, 253, 252, 251, 250, 249, 248};
const RolePrefix prefix = {"aaaaaaaa", "bbbbbb"};

TEST(RoleName, ShowsWhoseItIs) {
  EXPECT_EQ(role_name(prefix, "corp:Ann.Lee@example.com", random),
            "sp_aaaaaaaa_bbbbbb_corp_ann_lee_example_com_abcdefgh");
  EXPECT_EQ(role_name(prefix, "", random), "sp_aaaaaaaa_bbbbbb__abcdefgh");
}

TEST(RoleName, HasPlainLettersAndAtMost63OfThem) {
  for (const std::string& identity :
       {std::string(300, 'x'), std::string("\"; DROP ROLE postgres; --"), std::string("Zo\xc3\xab"),
        std::string("a\0b", 3), std::string(34, 'a') + "\xc3\xab"}) {
    const std::string name = role_name(prefix, identity, random);
    EXPECT_LE(name.size(), role_size_max);
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), name.npos) << name;
    EXPECT_TRUE(name.ends_with("_abcdefgh"));
  }
}

TEST(RoleSql, QuotesNamesAndTexts) {
  EXPECT_EQ(quoted_name("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quoted_literal("a'b"), "'a''b'");
  EXPECT_EQ(quoted_literal("a\\'b"), "E'a\\\\''b'");
}

TEST(RoleSql, CreatesARoleThatOwnsNothing) {
  config::Credential credential;
  credential.owner = "app";
  credential.member_of = {"read\"ers"};
  credential.grants = {"GRANT SELECT ON public.orders TO {role}", "GRANT {role} TO {role}"};
  const std::string sql = create_role_sql(credential, "r1", "SCRAM-SHA-256$x", 5000, "for o'neil");
  EXPECT_NE(sql.find("CREATE ROLE \"r1\" LOGIN"), sql.npos);
  EXPECT_NE(sql.find("PASSWORD 'SCRAM-SHA-256$x'"), sql.npos);
  EXPECT_NE(sql.find("interval '5000 milliseconds'"), sql.npos);
  EXPECT_NE(sql.find("GRANT \"read\"\"ers\" TO \"r1\";"), sql.npos);
  EXPECT_NE(sql.find("GRANT \"app\" TO \"r1\";\nALTER ROLE \"r1\" SET role TO 'app';"), sql.npos);
  EXPECT_NE(sql.find("GRANT SELECT ON public.orders TO \"r1\";"), sql.npos);
  EXPECT_NE(sql.find("GRANT \"r1\" TO \"r1\";"), sql.npos);
  EXPECT_NE(sql.find("IS 'for o''neil';"), sql.npos);
}

TEST(RoleSql, AnOwnerThatIsAGroupTooIsGrantedOnce) {
  config::Credential credential;
  credential.owner = "app";
  credential.member_of = {"app"};
  const std::string sql = create_role_sql(credential, "r1", "v", 1, "c");
  EXPECT_EQ(sql.find("GRANT \"app\""), sql.rfind("GRANT \"app\""));
}

// A view or a function runs with the rights of whom it belongs to: the one who makes roles must get none.
TEST(RoleSql, NothingIsLeftToTheControlConnection) {
  for (const std::string owner : {"", "app"}) {
    const std::string sql = own_sql("sp_aaaaaaaa_bbbbbb_ann_abcdefgh", owner);
    EXPECT_EQ(sql.find("TO CURRENT_USER;\nDROP"), sql.npos);
    const std::string to = owner.empty() ? "kept_aaaaaaaa_bbbbbb_ann_abcdefgh" : owner;
    EXPECT_NE(sql.find("REASSIGN OWNED BY \"sp_aaaaaaaa_bbbbbb_ann_abcdefgh\" TO \"" + to + "\";"), sql.npos);
  }
}

TEST(RoleName, WhoKeepsWhatWasLeftIsKnownByTheSameRandomPart) {
  const std::string longest = role_name(prefix, std::string(300, 'x'), random);
  EXPECT_EQ(kept_name(longest).size(), role_size_max);
  EXPECT_TRUE(kept_name(longest).ends_with("x_abcdefgh"));
  EXPECT_EQ(kept_name("sp_aaaaaaaa_bbbbbb_ann_abcdefgh"), "kept_aaaaaaaa_bbbbbb_ann_abcdefgh");
}

TEST(RoleMark, HasItsOwnLettersOnly) {
  EXPECT_TRUE(is_mark(mark_of(random, 8), 8));
  EXPECT_FALSE(is_mark("abcdefg", 8));
  EXPECT_FALSE(is_mark("abcdefg_", 8));
  EXPECT_FALSE(is_mark("abcdefgl", 8));  // looks like a one
}

}  // namespace
}  // namespace sallyport::credential
