// Values that are made of others: each part is found, what did not change comes out as it was, what changed
// is a value of its type. The server's own bytes stand in value_vectors.h.
#include "plugins/postgresql/rows/walk.h"

#include <gtest/gtest.h>

#include "tests/unit/postgresql/value_bench.h"

namespace sallyport::pg::test {
namespace {

// Where nothing is masked, whatever is built is what came in; and building meets the atoms that were listed.
TEST(Walk, WhatDoesNotChangeIsWrittenAsItWas) {
  ValueBench values;
  for (const Vector& vector : vectors) {
    for (const bool binary : {false, true}) {
      const std::string wire = wire_of(vector, binary);
      const Passed passed = values.pass(vector.oid, binary, wire);
      EXPECT_EQ(passed.collected, Walked::Good) << vector.sql << binary;
      EXPECT_EQ(passed.said(), wire) << vector.sql << binary;
      EXPECT_TRUE(passed.met_all) << vector.sql << binary;
    }
  }
}

// Composites whose columns are composites that they share: each is looked at once, not once for each way that
// leads to it. Looked at by ways, this one takes 100^7 steps.
TEST(Walk, SharedTypesAreLookedAtOnce) {
  constexpr uint32_t first = 20'000, levels = 7;
  Types types;
  for (uint32_t level = 0; level < levels; ++level) {
    const std::vector<uint32_t> columns(100, first + level + 1);
    types.add(first + level, {.form = Form::Record}, columns);
  }
  std::vector<uint32_t> unknown;
  const uint32_t oids[] = {first, first, first + 3};
  types.add_unknown(oids, unknown);
  EXPECT_EQ(unknown, std::vector<uint32_t>{first + levels});
  EXPECT_TRUE(types.holds_record(first));
  EXPECT_NE(types.kinds(first, false), 0u);
}

// Both formats of a value show the host the same, but for types whose binary form says less or something
// else.
TEST(Walk, BothFormatsShowTheSame) {
  ValueBench values;
  size_t compared = 0;
  for (const Vector& vector : vectors) {
    const Passed text = values.pass(vector.oid, false, vector.text);
    const Passed binary = values.pass(vector.oid, true, unhex(vector.binary));
    const auto other = [](const Atom& atom) {
      return atom.kind == SP_KIND_PLAIN || atom.kind == SP_KIND_OPAQUE;
    };
    const Form form = values.types.find(vector.oid).form;
    if (form == Form::Vector || vector.oid == 2249 || std::ranges::any_of(binary.atoms, other)) continue;
    ++compared;
    EXPECT_EQ(text.atoms, binary.atoms) << vector.sql;
  }
  EXPECT_GE(compared, 80u);
}

// "jane" stands in a value: it does not in what the client gets, and what that gets can be walked again.
TEST(Walk, MaskedPartsAreGoneInBothFormats) {
  for (const char* const with : {"****", "-", "[name]", "a \"quoted\", \\odd\\ {(one)}", ""}) {
    ValueBench values;
    size_t found = 0;
    for (const Vector& vector : vectors) {
      if (std::string_view(vector.sql).find("regclass") != std::string_view::npos) continue;
      for (const bool binary : {false, true}) {
        const std::string wire = wire_of(vector, binary);
        const Passed passed = values.pass(vector.oid, binary, wire, replace("jane", with));
        EXPECT_TRUE(passed.met_all) << vector.sql;
        const bool held = std::ranges::any_of(
            passed.atoms, [](const Atom& atom) { return atom.text.find("jane") != std::string::npos; });
        found += held ? 1 : 0;
        const std::string said = passed.said();
        if (!held) {
          EXPECT_EQ(said, wire) << vector.sql;
        }
        if (!held || said == "null") continue;
        EXPECT_EQ(said.find("jane"), std::string::npos) << vector.sql;
        EXPECT_EQ(said.find("6a616e65"), std::string::npos) << vector.sql;
        const Passed again = values.pass(vector.oid, binary, said);
        EXPECT_EQ(again.said(), said) << vector.sql << " with " << with;
        for (const Atom& atom : again.atoms) EXPECT_EQ(atom.text.find("jane"), std::string::npos);
      }
    }
    EXPECT_GE(found, 60u) << with;
  }
}

// A range goes with its bound, an hstore with its key.
bool holds_parts_that_go_together(std::string_view sql) {
  return sql.find("range") != std::string_view::npos || sql.find("=>") != std::string_view::npos;
}

bool follows(const std::vector<Atom>& seen, const std::vector<Atom>& all) {
  size_t at = 0;
  for (const Atom& atom : all) at += at < seen.size() && seen[at] == atom ? 1 : 0;
  return at == seen.size();
}

// One part after the other is withheld: only it becomes NULL, or all where its place can hold no NULL; the
// others come out as they were.
TEST(Walk, EachPartCanBeWithheld) {
  ValueBench values;
  for (const Vector& vector : vectors) {
    for (const bool binary : {false, true}) {
      const std::string wire = wire_of(vector, binary);
      const std::vector<Atom> atoms = values.pass(vector.oid, binary, wire).atoms;
      for (size_t i = 0; i < atoms.size(); ++i) {
        size_t at = 0;
        const Passed passed = values.pass(vector.oid, binary, wire, [&](const Atom&) -> Masked {
          return {at++ == i ? SP_MASK_WITHHELD : SP_MASK_UNCHANGED};
        });
        EXPECT_TRUE(passed.met_all) << vector.sql << i;
        if (passed.built != Walked::Good) continue;
        std::vector<Atom> rest = atoms;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
        const std::vector<Atom> seen = values.pass(vector.oid, binary, passed.bytes).atoms;
        EXPECT_TRUE(follows(seen, rest)) << vector.sql << i;
        if (!holds_parts_that_go_together(vector.sql)) {
          EXPECT_EQ(seen, rest) << vector.sql << i;
        }
      }
    }
  }
}

struct Case {
  uint32_t oid;
  const char* in;
  const char* out;
};

// As array_out, record_out, range_out and hstore_out would write it.
TEST(Walk, TextIsQuotedAsTheServerDoes) {
  ValueBench values;
  for (const auto& [oid, in, out] : std::initializer_list<Case>{
           {1009, "{jane,b}", "{[name],b}"},
           {1009, "{\"jane a\",b}", "{\"[name] a\",b}"},
           {1009, "{\"jane\\\"\\\\\"}", "{\"[name]\\\"\\\\\"}"},
           {1009, "{{jane,NULL},{\"NULL\",\"\"}}", "{{[name],NULL},{\"NULL\",\"\"}}"},
           {1009, "[2:3]={jane,b}", "[2:3]={[name],b}"},
           {2249, "(jane,,\"\",\"a \"\"jane\"\" \\\\\")", "([name],,\"\",\"a \"\"[name]\"\" \\\\\")"},
           {2249, "(\"{\"\"a\"\": \"\"jane\"\"}\")", "(\"{\"\"a\"\": \"\"[name]\"\"}\")"},
           {2249, "(\"\\\\x6a616e65\")", "(\"\\\\x5b6e616d655d\")"},
           {hstore_oid, "\"jane\"=>\"b\"", "\"[name]\"=>\"b\""},
           {hstore_oid, "\"a\"=>\"jane\\\"\", \"b\"=>NULL", "\"a\"=>\"[name]\\\"\", \"b\"=>NULL"},
           {textrange_oid, "[jane,jane]", "[\"[name]\",\"[name]\"]"},
           {textrange_oid, "[jane,john]", "null"},
           {textrange_oid, "[jane,)", "[\"[name]\",)"},
           {textmultirange_oid, "{(,jane)}", "{(,\"[name]\")}"}}) {
    EXPECT_EQ(values.pass(oid, false, in, replace("jane", "[name]")).said(), out) << in;
  }
}

// The words that mean something else are quoted.
TEST(Walk, MaskedTextNeverBecomesSyntax) {
  ValueBench values;
  for (const char* const odd :
       {"NULL", "null", "", " ", "{}", ",", "\"", "\\", "(", ")", "=>", "a\tb", "}{"}) {
    for (const uint32_t oid : {1009u, 2249u, hstore_oid, 2287u, 1001u}) {
      const char* const in = oid == 1009   ? "{a,jane,b}"
                             : oid == 2249 ? "(a,jane,b)"
                             : oid == 2287 ? "{\"(a,jane)\",\"(jane,b)\"}"
                             : oid == 1001 ? "{\"\\\\x61\",\"\\\\x6a616e65\",\"\\\\x62\"}"
                                           : "\"a\"=>\"jane\", \"b\"=>\"c\"";
      const Passed passed = values.pass(oid, false, in, replace("jane", odd));
      std::vector<Atom> wanted;
      for (const Atom& atom : passed.atoms) {
        const std::string text = atom.text == "jane" ? odd : atom.text;
        if (!text.empty()) wanted.push_back({atom.kind, text});
      }
      const std::vector<Atom> seen = values.pass(oid, false, passed.said()).atoms;
      ASSERT_EQ(seen.size(), wanted.size()) << odd << " in " << passed.said();
      for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].text, wanted[i].text) << passed.said();
    }
  }
}

TEST(Walk, RangesStayRanges) {
  ValueBench values;
  const auto text = [&](uint32_t oid, const char* in, const char* what, const char* with) {
    return values.pass(oid, false, in, replace(what, with)).said();
  };
  EXPECT_EQ(text(3904, "[11,15)", "11", "00"), "[00,15)");
  EXPECT_EQ(text(3904, "[11,15)", "15", "00"), "null");
  EXPECT_EQ(text(3904, "[-15,15)", "15", "00"), "[-00,00)");
  EXPECT_EQ(text(3904, "[11,)", "11", "99"), "[99,)");
  EXPECT_EQ(text(3906, "[1.5,2.50]", "2.50", "1.5"), "[1.5,1.5]");
  EXPECT_EQ(text(3904, "empty", "empty", "full!"), "empty");
  EXPECT_EQ(text(4451, "{[1,3),[15,17)}", "17", "00"), "null");
  EXPECT_EQ(text(3905, "{\"[1,15)\",\"[2,3)\"}", "15", "00"), "{NULL,\"[2,3)\"}");
  EXPECT_EQ(values
                .pass(3904, true,
                      unhex("020000000400000001"
                            "0000000400000005"),
                      replace("5", "0"))
                .said(),
            "null");
  EXPECT_EQ(values
                .pass(3904, true,
                      unhex("020000000400000001"
                            "0000000400000005"),
                      replace("5", "7"))
                .said(),
            unhex("020000000400000001"
                  "0000000400000007"));
}

// A range in an array that becomes NULL does not shift what the parts behind it become.
TEST(Walk, WhatBecomesNullIsWalkedToItsEnd) {
  ValueBench values;
  for (const Vector& vector : vectors) {
    const std::string_view sql = vector.sql;
    if (vector.oid != textrange_array_oid && vector.oid != hstore_array_oid) continue;
    const Passed passed = values.pass(vector.oid, false, vector.text, withhold(sql[7] == '[' ? "jane" : "a"));
    EXPECT_TRUE(passed.met_all);
    EXPECT_EQ(passed.said().find("jane"), std::string::npos);
  }
  EXPECT_EQ(
      values.pass(textrange_array_oid, false, "{\"[secret,b]\",\"[c,d]\",\"[e,secret]\"}", withhold("secret"))
          .said(),
      "{NULL,\"[c,d]\",NULL}");
  EXPECT_EQ(
      values
          .pass(hstore_array_oid, false,
                "{\"\\\"secret\\\"=>\\\"b\\\"\",\"\\\"c\\\"=>\\\"secret\\\"\",\"\\\"d\\\"=>\\\"e\\\"\"}",
                withhold("secret"))
          .said(),
      "{NULL,\"\\\"c\\\"=>NULL\",\"\\\"d\\\"=>\\\"e\\\"\"}");
}

}  // namespace
}  // namespace sallyport::pg::test
