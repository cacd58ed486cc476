// The StartupMessage: what is taken, in what form it goes on, and what is refused.
#include "plugins/postgresql/login/startup.h"

#include <gtest/gtest.h>

namespace sallyport::pg::test {
namespace {

std::string body(std::initializer_list<std::pair<std::string, std::string>> pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    out += name;
    out.push_back('\0');
    out += value;
    out.push_back('\0');
  }
  out.push_back('\0');
  return out;
}

std::expected<Startup, Refusal> parse(const std::string& bytes) { return parse_startup(as_bytes(bytes)); }

TEST(Startup, TakesWhatPsqlSends) {
  const auto read = parse(body({{"user", "ci-backup,orders-db"},
                                {"database", "shop"},
                                {"application_name", "psql"},
                                {"client_encoding", "UTF8"}}));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->user, "ci-backup,orders-db");
  EXPECT_EQ(read->database, "shop");
  EXPECT_EQ(read->parameter("application_name"), "psql");
  EXPECT_EQ(read->parameters.size(), 1u);
}

// The JDBC driver's own spelling and values.
TEST(Startup, TakesWhatJdbcSends) {
  const auto read = parse(body({{"user", "x"},
                                {"database", "x"},
                                {"client_encoding", "UTF8"},
                                {"DateStyle", "ISO"},
                                {"TimeZone", "Europe/Berlin"},
                                {"extra_float_digits", "2"}}));
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->parameters.size(), 3u);
  EXPECT_EQ(read->parameters[0].name, "DateStyle");
  EXPECT_EQ(read->parameters[1].value, "Europe/Berlin");
}

TEST(Startup, NamesOfSettingsAreCanonical) {
  const auto read = parse(body({{"user", "x"}, {"DATESTYLE", "ISO"}, {"timezone", "UTC"}}));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->parameters[0].name, "DateStyle");
  EXPECT_EQ(read->parameters[1].name, "TimeZone");
}

TEST(Startup, EncodingsThatAreUtf8) {
  for (const char* name : {"UTF8", "utf8", "UTF-8", "'utf-8'", "Unicode", "SQL_ASCII", "sql_ascii"}) {
    EXPECT_TRUE(parse(body({{"user", "x"}, {"client_encoding", name}})).has_value()) << name;
  }
}

TEST(Startup, OptionsBecomeParameters) {
  const auto read =
      parse(body({{"user", "x"},
                  {"options", "-c statement_timeout=5s  -csearch_path=a,\\ b -c application_name=a\\\\b"}}));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->parameter("statement_timeout"), "5s");
  EXPECT_EQ(read->parameter("search_path"), "a, b");
  EXPECT_EQ(read->parameter("application_name"), "a\\b");
  EXPECT_EQ(read->parameters.size(), 3u);
}

TEST(Startup, ProtocolOptionsAreListed) {
  const auto read = parse(body({{"user", "x"}, {"_pq_.command_compression", "on"}}));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->protocol_options, std::vector<std::string>{"_pq_.command_compression"});
  EXPECT_TRUE(read->parameters.empty());
}

// Whether the login may is not the parser's question.
TEST(Startup, ReadsWhatAConnectionIsFor) {
  const std::pair<const char*, Replication> cases[] = {
      {"true", Replication::Physical}, {"On", Replication::Physical}, {"YES", Replication::Physical},
      {"1", Replication::Physical},    {"false", Replication::None},  {"off", Replication::None},
      {"No", Replication::None},       {"0", Replication::None},      {"database", Replication::Logical}};
  for (const auto& [value, wanted] : cases) {
    const auto read = parse(body({{"user", "x"}, {"replication", value}}));
    ASSERT_TRUE(read.has_value()) << value;
    EXPECT_EQ(read->replication, wanted) << value;
    EXPECT_TRUE(read->parameters.empty()) << value;
  }
}

// Each refused with its code, and a text that names the parameter.
TEST(Startup, RefusesByName) {
  struct Case {
    std::pair<const char*, const char*> pair;
    const char* code;
  };
  const Case cases[] = {
      {{"replication", "maybe"}, "22023"},
      {{"replication", "Database"}, "22023"},
      {{"replication", ""}, "22023"},
      {{"session_authorization", "postgres"}, "0A000"},
      {{"role", "postgres"}, "0A000"},
      {{"standard_conforming_strings", "off"}, "0A000"},
      {{"backslash_quote", "on"}, "0A000"},
      {{"session_preload_libraries", "x"}, "0A000"},
      {{"default_transaction_read_only", "off"}, "0A000"},
      {{"USER", "postgres"}, "0A000"},
      {{"Database", "postgres"}, "0A000"},
      {{" user", "postgres"}, "0A000"},
      {{"client_encoding", "LATIN1"}, "0A000"},
      {{"client_encoding", "SJIS"}, "0A000"},
      {{"client_encoding", ""}, "0A000"},
      {{"CLIENT_ENCODING", "EUC_JP"}, "0A000"},
      {{"application_name", "a\nb"}, "22023"},
      {{"search_path", "evil, PG_catalog"}, "0A000"},
      {{"search_path", "\x7f"}, "22023"},
      {{"options", "-c role=postgres"}, "0A000"},
      {{"options", "-c client_encoding=LATIN1"}, "0A000"},
      {{"options", "--statement_timeout=5"}, "0A000"},
      {{"options", "-d 5"}, "0A000"},
      {{"options", "-C x"}, "0A000"},
      {{"options", "-"}, "0A000"},
      {{"options", "-c"}, "0A000"},
      {{"options", "statement_timeout=5"}, "0A000"},
      {{"options", "-c statement_timeout"}, "08P01"},
      {{"options", "-c =5"}, "08P01"},
      {{"options", "-c statement_timeout=5 -c statement_timeout=6"}, "08P01"},
      {{"options", "-c user=postgres"}, "0A000"},
      {{"options", "-c -c"}, "08P01"},
      {{"options", "\\-c role=x"}, "0A000"},
  };
  for (const Case& one : cases) {
    const auto read = parse(body({{"user", "x"}, {one.pair.first, one.pair.second}}));
    ASSERT_FALSE(read.has_value()) << one.pair.first << "=" << one.pair.second;
    EXPECT_EQ(read.error().sqlstate, one.code) << one.pair.first << "=" << one.pair.second;
    EXPECT_FALSE(read.error().message.empty());
  }
  const auto read = parse(body({{"user", "x"}, {"work_mem", "1GB"}}));
  EXPECT_NE(read.error().message.find("\"work_mem\""), std::string::npos);
}

TEST(Startup, NothingStandsTwice) {
  for (const char* name : {"user", "database", "application_name", "client_encoding", "options"}) {
    const std::string value = std::string(name) == "options" ? "-c lock_timeout=1" : "UTF8";
    const auto read = parse(body({{"user", "x"}, {name, value}, {name, value}}));
    EXPECT_FALSE(read.has_value()) << name;
  }
  EXPECT_FALSE(parse(body({{"user", "x"}, {"datestyle", "ISO"}, {"DateStyle", "ISO"}})).has_value());
  EXPECT_FALSE(
      parse(body({{"user", "x"}, {"lock_timeout", "1"}, {"options", "-c lock_timeout=1"}})).has_value());
}

TEST(Startup, RefusesBadLayout) {
  const std::string good = body({{"user", "x"}});
  EXPECT_TRUE(parse(good).has_value());
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse(good.substr(0, size)).has_value()) << size;
  EXPECT_FALSE(parse(good + "x").has_value());
  EXPECT_FALSE(parse(good + std::string(1, '\0')).has_value());
  EXPECT_FALSE(parse(body({{"database", "shop"}})).has_value());
  EXPECT_FALSE(parse(body({{"user", ""}})).has_value());
  EXPECT_FALSE(parse(body({{"user", std::string(startup_user_size_max + 1, 'u')}})).has_value());
  EXPECT_FALSE(parse(body({{"user", "x"}, {"database", std::string(64, 'd')}})).has_value());
  EXPECT_FALSE(parse(body({{"user", "x\ty"}})).has_value());
  EXPECT_FALSE(parse(body({{"user", "x\xff"}})).has_value());
  EXPECT_FALSE(parse(body({{"user", "x"}, {"application_name", "\xc0\x80"}})).has_value());
  std::string many;
  for (int i = 0; i < 65; ++i) {
    many += "_pq_." + std::to_string(i);
    many.push_back('\0');
    many += "v";
    many.push_back('\0');
  }
  many.push_back('\0');
  EXPECT_FALSE(parse(many).has_value());
}

TEST(Startup, Utf8) {
  for (const char* good :
       {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(valid_utf8(good));
  }
  for (const char* bad :
       {"\x80", "\xc3", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xc3("}) {
    EXPECT_FALSE(valid_utf8(bad));
  }
}

TEST(Startup, QuotedNamesArePrintableAndShort) {
  EXPECT_EQ(quoted_name("a\"b\nc\xc3\xa9"), "\"a?b?c??\"");
  EXPECT_EQ(quoted_name(std::string(500, 'x')).size(), 65u);
}

}  // namespace
}  // namespace sallyport::pg::test
