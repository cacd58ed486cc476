// RowDescription read strictly, and what is JSON.
#include <gtest/gtest.h>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/json.h"
#include "plugins/postgresql/rows/shape.h"
#include "tests/unit/postgresql/rows_bench.h"

namespace sallyport::pg::test {
namespace {

bool parses(const std::string& bytes) {
  RowShape shape;
  return parse_row_description(as_bytes(bytes), shape);
}

TEST(RowShape, ReadsColumns) {
  RowShape shape;
  const std::string bytes =
      row_description({{"id", 16500, 1, 23}, {"email", 16500, 2, 25, 1}, {"sum", 0, 0, 1700}});
  ASSERT_TRUE(parse_row_description(as_bytes(bytes), shape));
  ASSERT_EQ(shape.columns.size(), 3u);
  EXPECT_EQ(shape.columns[0].name, "id");
  EXPECT_EQ(shape.columns[0].type_oid, 23u);
  EXPECT_EQ(shape.columns[1].table_oid, 16500u);
  EXPECT_EQ(shape.columns[1].attribute_number, 2);
  EXPECT_EQ(shape.columns[1].format, 1);
  EXPECT_EQ(shape.columns[2].type_oid, 1700u);
}

TEST(RowShape, TakesNoColumnsAndTheMost) {
  EXPECT_TRUE(parses(row_description({})));
  EXPECT_TRUE(parses(row_description(std::vector<Col>(1664, Col{"c", 0, 0, 25}))));
}

TEST(RowShape, RefusesMalformed) {
  const std::string good = row_description({{"id", 16500, 1, 23}, {"email", 16500, 2, 25}});
  ASSERT_TRUE(parses(good));
  for (size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parses(good.substr(0, size))) << size;
  EXPECT_FALSE(parses(good + "x"));
  // The same cuts, with the header saying the truth.
  const std::string body = good.substr(5);
  for (size_t size = 0; size < body.size(); ++size)
    EXPECT_FALSE(parses(message('T', body.substr(0, size)))) << size;
  EXPECT_FALSE(parses(message('T', body + "x")));
  EXPECT_FALSE(parses(message('D', body)));
  EXPECT_FALSE(parses(row_description(std::vector<Col>(1665, Col{"c", 0, 0, 25}))));
  EXPECT_FALSE(parses(message('T', "\xff\xff")));
  EXPECT_FALSE(parses(message('T', "\x80\x01")));
  EXPECT_FALSE(parses(row_description({{"c", 0, 0, 25, 2}})));
  EXPECT_FALSE(parses(row_description({{"c", 0, 0, 25, -1}})));
}

TEST(RowShape, ResultFormats) {
  RowShape shape;
  ASSERT_TRUE(parse_row_description(as_bytes(row_description({{"a", 0, 0, 25}, {"b", 0, 0, 25}})), shape));
  const int16_t one[] = {1};
  const int16_t both[] = {0, 1};
  const int16_t three[] = {0, 1, 0};
  const int16_t wrong[] = {0, 2};
  EXPECT_TRUE(shape.set_formats(one));
  EXPECT_EQ(shape.columns[1].format, 1);
  EXPECT_TRUE(shape.set_formats(both));
  EXPECT_EQ(shape.columns[0].format, 0);
  EXPECT_TRUE(shape.set_formats({}));
  EXPECT_EQ(shape.columns[1].format, 0);
  EXPECT_FALSE(shape.set_formats(three));
  EXPECT_FALSE(shape.set_formats(wrong));
}

TEST(Json, Valid) {
  for (const char* good :
       {"0", "-1.5e+10", "true", "false", "null", "\"\"", "\"a\\u00e9\\n\"", "[]", "{}", " [ 1 , 2 ] ",
        "{\"a\":{\"b\":[{},[]]},\"c\":null}", "[[],[]]", "\"j***@x.com\""}) {
    EXPECT_TRUE(valid_json(good)) << good;
  }
  for (const char* bad :
       {"",    " ",        "tru",         "nul",      "01",         "1.",     "-",    "1e",
        "\"",  "\"\\x\"",  "\"\\u12g4\"", "[",        "]",          "[1,]",   "[,1]", "[1 2]",
        "{",   "{a:1}",    "{\"a\"}",     "{\"a\":}", "{\"a\":1,}", "{,}",    "[1}",  "{\"a\":1]",
        "1 2", "[masked]", "\"a\nb\"",    "'a'",      "[1]]",       "41**11", "\"\\"}) {
    EXPECT_FALSE(valid_json(bad)) << bad;
  }
  EXPECT_TRUE(valid_json(std::string(512, '[') + std::string(512, ']')));
  EXPECT_FALSE(valid_json(std::string(513, '[') + std::string(513, ']')));
  EXPECT_FALSE(valid_json(std::string(1 << 20, '[')));
}

}  // namespace
}  // namespace sallyport::pg::test
