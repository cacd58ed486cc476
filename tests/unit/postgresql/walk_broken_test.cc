// Values that are none: cut, malformed, too deep. They are withheld, and nothing is read that is not there.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/postgresql/value_bench.h"

namespace sallyport::pg::test {
namespace {

// What cannot be taken apart is withheld whole.
TEST(WalkBroken, MalformedTextIsWithheld) {
  ValueBench values;
  for (const auto& [oid, text] :
       std::initializer_list<std::pair<uint32_t, const char*>>{{1009, ""},
                                                               {1009, "{"},
                                                               {1009, "}"},
                                                               {1009, "{a"},
                                                               {1009, "{a}}"},
                                                               {1009, "{a}b"},
                                                               {1009, "a"},
                                                               {1009, "{\"a}"},
                                                               {1009, "{\"a\"b}"},
                                                               {1009, "{a\\"},
                                                               {1009, "[1:1]"},
                                                               {1009, "[x]={a}"},
                                                               {1009, "{{{{{{{1}}}}}}}"},
                                                               {2249, ""},
                                                               {2249, "("},
                                                               {2249, "(a"},
                                                               {2249, "(a)b"},
                                                               {2249, "a)"},
                                                               {2249, "(\"a)"},
                                                               {3904, ""},
                                                               {3904, "[1"},
                                                               {3904, "[1,2"},
                                                               {3904, "1,2)"},
                                                               {3904, "[1,2)x"},
                                                               {3904, "emptyx"},
                                                               {4451, ""},
                                                               {4451, "{"},
                                                               {4451, "{[1,2)"},
                                                               {4451, "{[1,2)}x"},
                                                               {4451, "[1,2)"},
                                                               {hstore_oid, "a"},
                                                               {hstore_oid, "\"a\"=>"},
                                                               {hstore_oid, "\"a\"=>\"b"},
                                                               {hstore_oid, "\"a\"=>\"b\","},
                                                               {hstore_oid, "\"a\"=\"b\""},
                                                               {1001, "{\"\\\\x6\"}"}}) {
    const Passed passed = values.pass(oid, false, text, replace("a", "b"));
    // An empty value of an hstore's is read as one of no pairs; a bare "a"=> is one of an empty text.
    if (oid == hstore_oid && std::string_view(text) == "\"a\"=>") continue;
    EXPECT_EQ(passed.said(), "withheld") << oid << " " << text;
  }
}

// A record of one record of one ... of "jane".
std::string nested_record(int depth) {
  std::string value = "jane";
  for (uint32_t type = 25; depth > 0; --depth, type = 2249) {
    Writer out;
    out.u32(1).u32(type).u32(static_cast<uint32_t>(value.size())).bytes(as_bytes(value));
    value = as_text(out.view());
  }
  return value;
}

TEST(WalkBroken, DeeperValuesThanTheCapAreWithheld) {
  ValueBench values;
  for (int depth = 1; depth <= type_depth_max + 2; ++depth) {
    const std::string said = values.pass(2249, true, nested_record(depth), replace("jane", "****")).said();
    EXPECT_EQ(said == "withheld", depth > type_depth_max) << depth;
    EXPECT_EQ(said.find("jane"), std::string::npos);
  }
}

// Every value cut at every byte, with something behind it, and with bytes flipped: nothing is read that is
// not there (sanitizers see it), and building meets what was listed.
TEST(WalkBroken, BrokenValues) {
  ValueBench values;
  std::mt19937 random(5);
  for (const Vector& vector : vectors) {
    for (const bool binary : {false, true}) {
      const std::string whole = wire_of(vector, binary);
      for (size_t size = 0; size <= whole.size(); ++size) {
        std::string broken = whole.substr(0, size);
        EXPECT_TRUE(values.pass(vector.oid, binary, broken, replace("a", "\"")).met_all) << vector.sql;
        if (size == whole.size()) broken += '\1';
        if (!broken.empty()) broken[random() % broken.size()] = static_cast<char>(random());
        const Passed passed = values.pass(vector.oid, binary, broken);
        EXPECT_TRUE(passed.met_all) << vector.sql << " seed 5";
        if (passed.collected != Walked::Malformed) {
          EXPECT_EQ(passed.bytes, broken) << vector.sql;
        }
      }
    }
  }
}

}  // namespace
}  // namespace sallyport::pg::test
