// Rows and reports through the masks: what passes, what is edited, re-emitted, withheld; hostile bytes.
#include <gtest/gtest.h>

#include "tests/unit/postgresql/rows_bench.h"

namespace sallyport::pg::test {
namespace {

const std::string closing = message('C', text("SELECT 1")) + message('Z', "I");

std::string send(RowsBench& bench, const std::string& bytes) {
  bench.host.receive(1, bytes);
  return bench.host.legs[0].output;
}

TEST(Rows, WithoutMasksNothingIsLookedAt) {
  RowsBench bench;
  const std::string bytes = row_description({{"email", 16500, 2}}) + data_row({"jane@example.com"}) +
                            error("22P02", "jane") + closing;
  EXPECT_EQ(send(bench, bytes), bytes);
  EXPECT_EQ(bench.host.legs[0].passed, bytes);
  EXPECT_TRUE(bench.host.mask_sizes.empty());
  EXPECT_FALSE(bench.host.called("connect"));  // no look-up either
}

TEST(Rows, EditsInPlacePassWithoutACopy) {
  RowsBench bench;
  bench.mask("jane", "****");
  const auto bytes = [](const char* name) {
    return row_description({{"a"}, {"b"}}) + data_row({std::string(name) + "@x.org", std::nullopt}) +
           data_row({"", name}) + closing;
  };
  EXPECT_EQ(send(bench, bytes("jane")), bytes("****"));
  EXPECT_TRUE(bench.host.legs[0].emitted.empty());
  EXPECT_EQ(bench.host.mask_sizes, std::vector<size_t>{2});  // one call; NULL and empty values are not listed
}

TEST(Rows, ResizedRowsAreEmittedInTheirPlace) {
  RowsBench bench;
  bench.mask("jane", "[name]");
  const auto bytes = [](const char* name) {
    return row_description({{"a"}, {"b"}}) + data_row({"before", "x"}) +
           data_row({std::string("<") + name + ">", std::nullopt}) + data_row({"y", name}) +
           data_row({"between", ""}) + data_row({name, name}) + closing;
  };
  EXPECT_EQ(send(bench, bytes("jane")), bytes("[name]"));
  EXPECT_EQ(bench.host.legs[1].input, "");
}

TEST(Rows, WithheldValuesAreNull) {
  RowsBench bench;
  bench.host.masked_field = [](const sp_field&) { return true; };
  bench.host.mask_value = [](sp_field_id, std::string_view value, uint8_t*) {
    return sp_masked{value == "jane" ? SP_MASK_WITHHELD : SP_MASK_UNCHANGED, {}};
  };
  const std::string head = row_description({{"a"}, {"b"}});
  EXPECT_EQ(send(bench, head + data_row({"jane", "x"}) + closing),
            head + data_row({std::nullopt, "x"}) + closing);
  EXPECT_EQ(bench.rows.withheld_count(), 1u);
}

TEST(Rows, OnlyTheMaskedColumnIsShownToTheHost) {
  RowsBench bench;
  bench.mask("jane", "****");
  bench.host.masked_field = [](const sp_field& field) {
    return view_of(field.label) == "b" || view_of(field.label).empty();
  };
  const std::string head = row_description({{"a"}, {"b"}});
  EXPECT_EQ(send(bench, head + data_row({"jane", "jane"}) + closing),
            head + data_row({"jane", "****"}) + closing);
  EXPECT_EQ(bench.host.mask_sizes, std::vector<size_t>{1});
}

TEST(Rows, BinaryTextIsMaskedAsText) {
  RowsBench bench;
  bench.mask("jane", "****");
  const std::string head = row_description({{"a", 0, 0, 25, 1}, {"b"}});
  EXPECT_EQ(send(bench, head + data_row({"jane", "x"}) + data_row({std::nullopt, "jane"}) + closing),
            head + data_row({"****", "x"}) + data_row({std::nullopt, "****"}) + closing);
}

// A tsvector's binary form is not looked into.
TEST(Rows, BinaryThatCannotBeReadIsOpaqueToTheHost) {
  RowsBench bench;
  bench.mask("x", "x");
  send(bench, row_description({{"v", 0, 0, 3614, 1}}) + data_row({"abc"}) + closing);
  const auto column = std::ranges::find(bench.host.fields, "v", &FakeHost::Field::label);
  ASSERT_NE(column, bench.host.fields.end());
  EXPECT_EQ(column->kind, SP_KIND_OPAQUE);
}

TEST(Rows, AMaskedValueIsOfItsTypeOrNull) {
  RowsBench bench;
  bench.mask("4111", "****");
  const std::string head =
      row_description({{"i", 0, 0, 23}, {"n", 0, 0, 1700}, {"d", 0, 0, 1082}, {"t", 0, 0, 25}});
  EXPECT_EQ(send(bench, head + data_row({"4111", "4111.5", "4111-01-01", "4111"}) + closing),
            head + data_row({std::nullopt, std::nullopt, std::nullopt, "****"}) + closing);
  RowsBench digits;
  digits.mask("4111", "0000");
  EXPECT_EQ(send(digits, head + data_row({"4111", "4111.5", "2024-01-01", "4111"}) + closing),
            head + data_row({"0000", "0000.5", "2024-01-01", "0000"}) + closing);
}

TEST(Rows, JsonStaysJson) {
  const std::string head = row_description({{"j", 0, 0, 3802}});
  const auto masked = [&](std::string text, std::string replacement, std::string value) {
    RowsBench bench;
    bench.mask(std::move(text), std::move(replacement));
    return send(bench, head + data_row({value}) + closing);
  };
  EXPECT_EQ(masked("jane", "[name]", R"({"a":"jane"})"), head + data_row({R"({"a":"[name]"})"}) + closing);
  EXPECT_EQ(masked("4111", "****", R"({"a":4111})"), head + data_row({std::nullopt}) + closing);
  EXPECT_EQ(masked("", "[masked]", R"({"a":"jane"})"), head + data_row({"\"[masked]\""}) + closing);
  EXPECT_EQ(masked("", "\"", R"({"a":"jane"})"), head + data_row({std::nullopt}) + closing);
}

TEST(Rows, ByteaIsLookedIntoBehindItsDigits) {
  RowsBench bench;
  bench.mask("jane", "[name]");
  const std::string head = row_description({{"b", 0, 0, 17}});
  EXPECT_EQ(send(bench, head + data_row({"\\x003c6a616e65"}) + data_row({"\\x00"}) + closing),
            head + data_row({"\\x003c5b6e616d655d"}) + data_row({"\\x00"}) + closing);
}

std::string report(char type, std::string_view codes, const std::string& value) {
  std::string body = "S" + text("ERROR") + "V" + text("ERROR") + "C" + text("23505");
  for (const char code : codes) body += std::string(1, code) + text(value);
  return message(type, body + std::string(1, '\0'));
}

TEST(Rows, ReportsAreMaskedInEveryField) {
  RowsBench bench;
  bench.mask("jane doe", "[name]");
  const std::string codes = "MDHWqstcdnFLRPpx";
  EXPECT_EQ(send(bench, report('E', codes, "jane doe") + report('N', codes, "jane doe") + closing),
            report('E', codes, "[name]") + report('N', codes, "[name]") + closing);
}

// Drivers parse positions as numbers and show severities: a mask of whole values must leave them.
TEST(Rows, ConstantsOfTheServerStay) {
  RowsBench bench;
  bench.mask("", "[masked]");
  const auto with = [](const std::string& said) {
    return message('E', "S" + text("FEHLER") + "V" + text("ERROR") + "C" + text("22P02") + "M" + text(said) +
                            "P" + text("8") + "F" + text("numutils.c") + "L" + text("232") + "R" +
                            text("pg_strtoint32") + std::string(1, '\0'));
  };
  EXPECT_EQ(send(bench, with("invalid input syntax: \"jane\"")), with("[masked]"));
}

TEST(Rows, WithheldReportsSaySo) {
  RowsBench bench;
  bench.host.masked_field = [](const sp_field&) { return true; };
  bench.host.mask_value = [](sp_field_id, std::string_view value, uint8_t*) {
    return sp_masked{value == "jane" ? SP_MASK_WITHHELD : SP_MASK_UNCHANGED, {}};
  };
  EXPECT_EQ(send(bench, error("22P02", "jane")), error("22P02", "[withheld]"));
}

// Data exceptions and constraint violations quote values; what they quote has no known origin.
TEST(Rows, ReportsThatQuoteValuesAreOfUnknownOrigin) {
  for (const auto& [code, unknown] :
       {std::pair{"22P02", true}, {"23505", true}, {"P0001", true}, {"42P01", false}, {"22012", false}}) {
    RowsBench bench;
    std::vector<uint32_t> flags;
    bench.host.masked_field = [&](const sp_field& field) { return (field.flags & SP_FIELD_NO_ORIGIN) != 0; };
    bench.host.mask_value = [](sp_field_id, std::string_view, uint8_t*) {
      return sp_masked{SP_MASK_WITHHELD, {}};
    };
    EXPECT_EQ(send(bench, error(code, "jane")).find("jane") == std::string::npos, unknown) << code;
  }
}

TEST(Rows, UnknownShapesAreWithheldWhereMasksApply) {
  RowsBench bench;
  bench.mask("never", "never");
  bench.shape = std::make_shared<RowShape>(Rows::unknown_shape());
  EXPECT_EQ(send(bench, data_row({"jane", std::nullopt, ""})),
            data_row({std::nullopt, std::nullopt, std::nullopt}));
  RowsBench clear;
  clear.shape = std::make_shared<RowShape>(Rows::unknown_shape());
  EXPECT_EQ(send(clear, data_row({"jane"})), data_row({"jane"}));
}

// A shape that was made while nothing was masked knows no origins: after a reload its values are withheld
// until it is prepared again.
TEST(Rows, MasksThatComeWithAReload) {
  RowsBench bench;
  send(bench, row_description({{"email", 16500, 2}}));
  bench.mask("jane", "****");
  bench.rows.reset_fields();
  bench.host.take(0);
  EXPECT_EQ(send(bench, data_row({"jane"})), data_row({std::nullopt}));
  EXPECT_EQ(bench.rows.prepare(*bench.shape), Described::Waiting);
  bench.open_catalogue();
  bench.answer_catalogue({{"16500", "2", "public", "customers", "email", "f"}});
  EXPECT_EQ(bench.rows.prepare(*bench.shape), Described::Done);
  bench.host.take(0);
  EXPECT_EQ(send(bench, data_row({"jane"})), data_row({"****"}));
}

TEST(Rows, FieldsAreNamedAnewAfterAReset) {
  RowsBench bench;
  bench.mask("jane", "****");
  send(bench, row_description({{"a"}}) + data_row({"jane"}));
  const size_t before = bench.host.fields.size();
  bench.rows.reset_fields();
  EXPECT_TRUE(bench.host.fields.empty());
  bench.host.take(0);
  EXPECT_EQ(send(bench, data_row({"jane"})), data_row({"****"}));
  EXPECT_EQ(bench.host.fields.size(), before);
}

// A session that describes for ever names a bounded number of fields at a time.
TEST(Rows, FieldsAreBounded) {
  RowsBench bench;
  bench.mask("jane", "****");
  const std::string head = row_description(std::vector<Col>(100, Col{"a"}));
  const std::string row = data_row(Values(100, "x"));
  for (int i = 0; i < 400; ++i) {
    bench.host.take(0);
    ASSERT_EQ(send(bench, head + row), head + row);
    ASSERT_LE(bench.host.fields.size(), 17'000u);
  }
}

TEST(Rows, HostileRowsPassNothing) {
  const std::string good = data_row({"jane", "x"});
  std::vector<std::pair<std::string, std::string>> cases = {
      {"no count", message('D', "")},
      {"half a count", message('D', "\x00")},
      {"too few", data_row({"jane"})},
      {"too many", data_row({"jane", "x", "y"})},
      {"none", data_row({})},
      {"count 65535", message('D', std::string("\xff\xff", 2))},
      {"length -2", message('D', std::string("\0\2\xff\xff\xff\xfe\xff\xff\xff\xff", 10))},
      {"length INT_MIN", message('D', std::string("\0\2\x80\0\0\0\xff\xff\xff\xff", 10))},
      {"length INT_MAX", message('D', std::string("\0\2\x7f\xff\xff\xff\xff\xff\xff\xff", 10))},
      {"length one too long", message('D', std::string("\0\2\0\0\0\1\0\0\0\1x", 11))},
      {"bytes behind", message('D', good.substr(5) + "x")},
  };
  for (size_t size = 0; size < good.size() - 5; ++size) {
    cases.emplace_back("cut at " + std::to_string(size), message('D', good.substr(5, size)));
  }
  for (const auto& [name, bytes] : cases) {
    RowsBench bench;
    bench.mask("jane", "[name]");
    const std::string head = row_description({{"a"}, {"b"}});
    bench.host.receive(1, head);
    bench.host.receive(1, data_row({"x", "y"}) + bytes + good);
    EXPECT_FALSE(bench.ok) << name;
    EXPECT_EQ(bench.host.legs[0].output, head) << name;
  }
}

TEST(Rows, HostileReportsPassNothing) {
  for (const std::string& body : {std::string(), std::string("M"), std::string("Mjane"), "M" + text("jane"),
                                  "M" + text("jane") + std::string("\0x", 2)}) {
    RowsBench bench;
    bench.mask("jane", "[name]");
    bench.host.receive(1, message('E', body));
    EXPECT_FALSE(bench.ok);
    EXPECT_TRUE(bench.host.legs[0].output.empty());
  }
}

TEST(Rows, ARefusedMaskPassesNothing) {
  RowsBench bench;
  bench.mask("jane", "[name]");
  bench.host.refuse_call = "mask";
  send(bench, row_description({{"a"}}) + data_row({"jane"}));
  EXPECT_FALSE(bench.ok);
  EXPECT_TRUE(bench.host.legs[0].output.empty());
}

// Whole, byte by byte, and in odd pieces: the same bytes reach the client.
TEST(Rows, SplitInvariance) {
  const std::string bytes =
      row_description({{"a"}, {"i", 0, 0, 23}, {"j", 0, 0, 114}}) + data_row({"jane", "1", R"(["jane"])"}) +
      data_row({std::nullopt, "jane", "jane"}) + data_row({"", "2", "3"}) + error("23505", "jane exists") +
      data_row({"jane jane", "4", "5"}) + message('N', "M" + text("jane") + std::string(1, '\0')) + closing;
  const auto run = [&](size_t chunk) {
    RowsBench bench;
    bench.mask("jane", "[name]");
    for (size_t at = 0; at < bytes.size(); at += chunk) bench.host.receive(1, bytes.substr(at, chunk));
    EXPECT_TRUE(bench.ok);
    EXPECT_EQ(bench.host.legs[1].input, "");
    return bench.host.legs[0].output;
  };
  const std::string whole = run(bytes.size());
  EXPECT_EQ(whole.find("jane exists"), std::string::npos);
  for (const size_t chunk : {1, 2, 3, 5, 7, 11, 31}) EXPECT_EQ(run(chunk), whole) << chunk;
}

}  // namespace
}  // namespace sallyport::pg::test
