// JSON values: what they say when decoded, and that masks leave them JSON.
#include "core/guard/json.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/guard/masker.h"

namespace sallyport::guard {
namespace {

Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
std::string text_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

std::string decoded(std::string_view text) {
  std::vector<uint8_t> out;
  return decode_json(bytes_of(text), out) ? text_of(out) : "(none)";
}

// RFC 8259, section by section.
TEST(Json, WhatIsJson) {
  for (const char* text : {"null", "true", " false ", "0", "-0", "10", "-1.5e+10", "1E5", "0.0", "\"\"",
                           "\"a\\u0041\\/\\\\\"", "[]", "{}", "[1,2]", "{\"a\":{\"b\":[]}}",
                           "\t[ 1 , {} ]\r\n", "\"\\ud83d\\ude00\"", "\"\xc3\xa9\""}) {
    EXPECT_TRUE(valid_json(bytes_of(text))) << text;
  }
  for (const char* text : {"",     " ",          "nul",     "nulll",    "01",         "-",      "1.",  ".5",
                           "1e",   "+1",         "\"",      "\"\\x\"",  "\"\\u12\"",  "\"\n\"", "[",   "]",
                           "[1,]", "[,1]",       "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}",  "[1}", "{]",
                           "1 2",  "\"a\"\"b\"", "[1 2]",   "'a'",      "\"\\"}) {
    EXPECT_FALSE(valid_json(bytes_of(text))) << text;
  }
  EXPECT_TRUE(valid_json(bytes_of(std::string(json_depth_max, '[') + std::string(json_depth_max, ']'))));
  EXPECT_FALSE(
      valid_json(bytes_of(std::string(json_depth_max + 1, '[') + std::string(json_depth_max + 1, ']'))));
}

TEST(Json, Decoding) {
  EXPECT_EQ(decoded(R"({"a\u0040b" : "x\/y\tz"})"), "{\"a@b\" : \"x/y\tz\"}");
  EXPECT_EQ(decoded(R"("\u00e9\u65e5\ud83d\ude00")"), "\"é日😀\"");
  EXPECT_EQ(decoded(R"("\ud83d" )"), "\"\xef\xbf\xbd\" ");
  EXPECT_EQ(decoded(R"("\ude00\ud83dx")"), "\"\xef\xbf\xbd\xef\xbf\xbdx\"");
  // A quote ends no value that it stands in; in JSON within a string it is one.
  EXPECT_EQ(decoded(R"(["a\"b", "{\"a\":1}"])"), R"(["a'b", "{"a":1}"])");
  EXPECT_EQ(decoded(R"(["a\"b")"), "(none)");
}

TEST(Json, EscapingComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  std::vector<uint8_t> escaped, back;
  escape_json(bytes_of(all), escaped);
  EXPECT_TRUE(valid_json(bytes_of('"' + text_of(escaped) + '"')));
  decode_json_string(escaped, back);
  EXPECT_EQ(text_of(back), all);
}

struct Fixture {
  std::shared_ptr<const Scanner> scanner = *Scanner::compile(DetectorSet::all());
  Masker masker;

  Fixture() { EXPECT_TRUE(masker.prepare(*scanner).has_value()); }

  std::string mask(std::string value, const MaskPlan& plan) {
    const std::string before = value;
    const MaskField field{
        .size = static_cast<uint32_t>(value.size()), .kind = ValueKind::Json, .plan = &plan};
    const MaskResult one =
        masker.mask(*scanner, {reinterpret_cast<uint8_t*>(value.data()), value.size()}, {&field, 1})[0];
    switch (one.outcome) {
      case MaskOutcome::Withhold: return "(withheld)";
      case MaskOutcome::Replaced: EXPECT_EQ(value, before); return text_of(one.bytes);
      case MaskOutcome::Untouched: EXPECT_EQ(value, before); return value;
      case MaskOutcome::InPlace: EXPECT_NE(value, before); return value;
    }
    return "";
  }
  std::string mask(const std::string& value, MaskAction action) {
    MaskPlan plan;
    plan.add(DetectorSet::all(), action);
    return mask(value, plan);
  }
  std::string whole(const std::string& value, MaskAction action) {
    MaskPlan plan;
    plan.add_whole(action);
    return mask(value, plan);
  }
};

// Hits apply within strings, however those are spelt, keys included.
TEST(JsonMask, Strings) {
  Fixture fixture;
  EXPECT_EQ(fixture.mask(R"({"mail":"jane@example.com","n":1})", MaskAction::Partial),
            R"({"mail":"j***@e******.com","n":1})");
  EXPECT_EQ(fixture.mask(R"({"mail":"to jane@example.com!"})", MaskAction::Redact),
            R"({"mail":"to [email]!"})");
  EXPECT_EQ(fixture.mask(R"({"mail":"to \u006aane\u0040example.com\n!"})", MaskAction::Redact),
            R"({"mail":"to [email]\n!"})");
  EXPECT_EQ(fixture.mask(R"(["\ud83d","jane\u0040example.com","\/"])", MaskAction::Partial),
            R"(["\ud83d","j***@e******.com","\/"])");
  EXPECT_EQ(fixture.mask(R"({"jane\u0040example.com":{"a":"joe@example.com"}})", MaskAction::Redact),
            R"({"[email]":{"a":"[email]"}})");
  EXPECT_EQ(fixture.mask(R"("jane@example.com, joe\u0040example.com \"")", MaskAction::KeepShape),
            R"("xxxx@xxxxxxx.xxx, xxx@xxxxxxx.xxx \"")");
  EXPECT_EQ(fixture.mask(R"(["nothing \u0041"])", MaskAction::Redact), R"(["nothing \u0041"])");
}

// The word that gives a value its meaning stands in a key; a whole string is assigned to it.
TEST(JsonMask, ContextInKeys) {
  Fixture fixture;
  EXPECT_EQ(fixture.mask(R"({"password":"hunter2hunter2"})", MaskAction::Redact),
            R"({"password":"[password]"})");
  EXPECT_EQ(fixture.mask(R"({"password":"hunter2\"hunter2"})", MaskAction::Redact),
            R"({"password":"[password]"})");
  EXPECT_EQ(fixture.mask(R"({"password":"h\"unter2hunter2"})", MaskAction::Redact),
            R"({"password":"[password]"})");
  EXPECT_EQ(fixture.mask(R"({"password":"hunter2\nhunter2"})", MaskAction::Redact),
            R"({"password":"[password]"})");
  EXPECT_EQ(fixture.mask(R"({"p\u0061ssword":"hunter2hunter2"})", MaskAction::Redact),
            R"({"p\u0061ssword":"[password]"})");
  EXPECT_EQ(fixture.mask(R"(["{\"password\": \"hunter2hunter2\", \"a\": 1}"])", MaskAction::Redact),
            R"(["{\"password\": \"[password]\", \"a\": 1}"])");
  EXPECT_EQ(fixture.mask(R"({"ssn":123456789})", MaskAction::Redact), R"({"ssn":0})");
  EXPECT_EQ(fixture.mask(R"({"ss\u006e":"123456789"})", MaskAction::Redact), R"({"ss\u006e":"[us-ssn]"})");
}

TEST(JsonMask, Numbers) {
  Fixture fixture;
  EXPECT_EQ(fixture.mask(R"({"card":4111111111111111})", MaskAction::Redact), R"({"card":0})");
  EXPECT_EQ(fixture.mask(R"({"card":4111111111111111})", MaskAction::Partial),
            R"({"card":1000000000001111})");
  EXPECT_EQ(fixture.mask(R"({"card":4111111111111111})", MaskAction::KeepShape),
            R"({"card":1000000000000000})");
  EXPECT_EQ(fixture.mask(R"(["\u0041",4111111111111111,-1])", MaskAction::Redact), R"(["\u0041",0,-1])");
}

// A mask of the field: the structure stays, and nothing that was a value.
TEST(JsonMask, WholeValues) {
  Fixture fixture;
  const std::string value = R"({"na\u006de":["Ann \"x\"",-12.5e+3,true,null,""]})";
  EXPECT_EQ(fixture.whole(value, MaskAction::Redact), R"("[masked]")");
  EXPECT_EQ(fixture.whole(value, MaskAction::KeepShape), R"({"xxxx":["Xxx \"x\"",-10.0e+0,true,null,""]})");
  EXPECT_EQ(fixture.whole(R"({"name":["Ann",12]})", MaskAction::KeepShape), R"({"xxxx":["Xxx",10]})");
  EXPECT_EQ(fixture.whole(R"("Jane Elizabeth Doe")", MaskAction::Partial), R"("Jan************Doe")");
  EXPECT_EQ(fixture.whole("not JSON", MaskAction::Redact), R"("[masked]")");
  EXPECT_EQ(fixture.whole("not JSON", MaskAction::KeepShape), "(withheld)");
}

// What cannot be decoded is not shown; without a backslash and without a hit nothing needs to be decoded.
TEST(JsonMask, WhatIsNoJson) {
  Fixture fixture;
  EXPECT_EQ(fixture.mask(R"({"a":"\x"})", MaskAction::Partial), "(withheld)");
  EXPECT_EQ(fixture.mask(R"({"a":"jane@example.com")", MaskAction::Partial), "(withheld)");
  EXPECT_EQ(fixture.mask(R"({"a":"plain")", MaskAction::Partial), R"({"a":"plain")");
  const std::string deep = std::string(json_depth_max + 1, '[') + "\"jane\\u0040example.com\"" +
                           std::string(json_depth_max + 1, ']');
  EXPECT_EQ(fixture.mask(deep, MaskAction::Partial), "(withheld)");
}

// However each character is spelt, the same is found and the rest stays as it was spelt.
TEST(JsonMask, AnySpelling) {
  Fixture fixture;
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto spell = [&random](std::string_view text) {
      std::string out;
      for (const char c : text) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04X", static_cast<unsigned char>(c));
        out += random() % 4 == 0 ? escape : std::string(1, c);
      }
      return out;
    };
    const std::string before = spell("write to "), after = spell(", and bye");
    const std::string value =
        "{\"" + spell("note") + "\": [\"" + before + spell("jane@example.com") + after + "\"]}";
    const std::string masked = fixture.mask(value, MaskAction::Redact);
    EXPECT_NE(masked.find("\": [\"" + before + "[email]" + after + "\"]}"), std::string::npos)
        << value << masked;
  }
}

}  // namespace
}  // namespace sallyport::guard
