// Values that are not made of others, in every form: what the host sees of them, and what the client gets.
#include "plugins/postgresql/rows/scalar.h"

#include <gtest/gtest.h>

#include "tests/unit/postgresql/value_bench.h"

namespace sallyport::pg::test {
namespace {

std::string decoded(Form form, bool binary, std::string_view wire) {
  std::string out;
  return decode(form, binary, as_bytes(wire), out) ? out : "no value";
}

std::string encoded(Form form, bool binary, std::string_view masked) {
  std::string out;
  return encode(form, binary, masked, out) ? out : "no value";
}

// What a mask made of an integer goes back to the width that it had, or nowhere.
TEST(Scalar, IntegersKeepTheirWidth) {
  EXPECT_EQ(encoded(Form::Int2, true, "-2"), unhex("fffe"));
  EXPECT_EQ(encoded(Form::Int4, true, "4111"), unhex("0000100f"));
  EXPECT_EQ(encoded(Form::Int8, true, "4111111111111111"), unhex("000e9b08a568f1c7"));
  EXPECT_EQ(encoded(Form::Oid, true, "4294967295"), unhex("ffffffff"));
  EXPECT_EQ(encoded(Form::Int4, false, "0000"), "0000");
  for (const auto& [form, text] : {std::pair{Form::Int2, "32768"},
                                   {Form::Int2, "-32769"},
                                   {Form::Int4, "2147483648"},
                                   {Form::Int8, "9223372036854775808"},
                                   {Form::Oid, "-1"},
                                   {Form::Oid, "4294967296"},
                                   {Form::Int4, ""},
                                   {Form::Int4, "-"},
                                   {Form::Int4, "+1"},
                                   {Form::Int4, " 1"},
                                   {Form::Int4, "1 "},
                                   {Form::Int4, "****"},
                                   {Form::Int4, "1.5"}}) {
    EXPECT_EQ(encoded(form, true, text), "no value") << text;
    EXPECT_EQ(encoded(form, false, text), "no value") << text;
  }
}

TEST(Scalar, IntegersOfOtherSizesAreNone) {
  for (const Form form : {Form::Int2, Form::Int4, Form::Int8, Form::Oid}) {
    const size_t width = form == Form::Int2 ? 2 : form == Form::Int8 ? 8 : 4;
    for (size_t size = 0; size < 10; ++size) {
      EXPECT_EQ(decoded(form, true, std::string(size, '\1')) == "no value", size != width) << size;
    }
  }
}

// A card number fits a float8; its exponent must not hide it.
TEST(Scalar, FloatsShowTheirDigits) {
  EXPECT_EQ(decoded(Form::Float, true, unhex("432d36114ad1e38e")), "4111111111111111");
  EXPECT_EQ(decoded(Form::Float, false, "4.111111111111111e+15"), "4111111111111111");
  EXPECT_EQ(decoded(Form::Float, false, "1.5"), "1.5");
  EXPECT_EQ(decoded(Form::Float, true, unhex("3fc00000")), "1.5");
  EXPECT_EQ(decoded(Form::Float, true, unhex("3fc000")), "no value");
  EXPECT_EQ(decoded(Form::Float, true, ""), "no value");
  EXPECT_EQ(encoded(Form::Float, false, "0000000000000000"), "0000000000000000");
  EXPECT_EQ(encoded(Form::Float, false, "[card]"), "no value");
  EXPECT_EQ(encoded(Form::Float, true, "0"), "no value");
}

TEST(Scalar, ByteaInBothOfItsTexts) {
  EXPECT_EQ(decoded(Form::Bytea, false, "\\x6a616E65"), "jane");
  EXPECT_EQ(decoded(Form::Bytea, false, "\\x"), "");
  EXPECT_EQ(decoded(Form::Bytea, false, "ja\\\\ne\\000\\377"), std::string("ja\\ne\0\xff", 7));
  EXPECT_EQ(encoded(Form::Bytea, false, "j\xff"), "\\x6aff");
  EXPECT_EQ(encoded(Form::Bytea, true, "j\xff"), "j\xff");
  for (const char* text : {"\\x6", "\\x6g", "\\x6a6", "\\", "\\1", "\\12", "\\400", "\\08", "\\a"}) {
    EXPECT_EQ(decoded(Form::Bytea, false, text), "no value") << text;
  }
}

TEST(Scalar, Addresses) {
  for (const auto& [wire, text] : {std::pair{"02200004c0a80001", "192.168.0.1"},
                                   {"02180004c0a80001", "192.168.0.1/24"},
                                   {"022001040a000001", "10.0.0.1/32"},
                                   {"0380001020010db8000000000000000000000001", "2001:db8::1"},
                                   {"0320011020010db8000000000000000000000000", "2001:db8::/32"}}) {
    EXPECT_EQ(decoded(Form::Address, true, unhex(wire)), text);
    const std::string whole = unhex(wire);
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(decoded(Form::Address, true, whole.substr(0, size)), "no value") << size;
    }
    EXPECT_EQ(decoded(Form::Address, true, whole + "x"), "no value");
  }
  EXPECT_EQ(decoded(Form::Address, true, unhex("04200004c0a80001")), "no value");  // no such family
  EXPECT_EQ(decoded(Form::Address, true, unhex("03200004c0a80001")), "no value");  // four bytes of version 6
  EXPECT_EQ(encoded(Form::Address, false, "[ip]"), "no value");
  EXPECT_EQ(encoded(Form::Address, true, "10.0.0.1"), "no value");
}

TEST(Scalar, HardwareAddresses) {
  EXPECT_EQ(decoded(Form::Hardware, true, unhex("08002b010203")), "08:00:2b:01:02:03");
  EXPECT_EQ(decoded(Form::Hardware, true, unhex("08002b0102030405")), "08:00:2b:01:02:03:04:05");
  for (const size_t size : {0, 5, 7, 9}) {
    EXPECT_EQ(decoded(Form::Hardware, true, std::string(size, 'x')), "no value");
  }
}

TEST(Scalar, Uuids) {
  constexpr std::string_view text = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  const std::string wire = unhex("a0eebc999c0b4ef8bb6d6bb9bd380a11");
  EXPECT_EQ(decoded(Form::Uuid, true, wire), text);
  EXPECT_EQ(encoded(Form::Uuid, true, text), wire);
  EXPECT_EQ(encoded(Form::Uuid, false, text), text);
  EXPECT_EQ(decoded(Form::Uuid, true, wire.substr(1)), "no value");
  EXPECT_EQ(decoded(Form::Uuid, true, wire + "x"), "no value");
  for (const char* bad : {"", "a0eebc999c0b4ef8bb6d6bb9bd380a11", "[masked]",
                          "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99+9c0b-4ef8-bb6d-6bb9bd380a11"}) {
    EXPECT_EQ(encoded(Form::Uuid, true, bad), "no value") << bad;
    EXPECT_EQ(encoded(Form::Uuid, false, bad), "no value") << bad;
  }
}

TEST(Scalar, JsonStaysJson) {
  for (const Form form : {Form::Json, Form::Jsonb}) {
    EXPECT_EQ(encoded(form, false, R"({"a":"[email]"})"), R"({"a":"[email]"})");
    EXPECT_EQ(encoded(form, false, "[masked]"), "\"[masked]\"");
    EXPECT_EQ(encoded(form, false, "a\"b"), "no value");
    EXPECT_EQ(encoded(form, false, "a\\b"), "no value");
    EXPECT_EQ(encoded(form, false, "a\nb"), "no value");
  }
}

TEST(Scalar, ALetterIsOneByte) {
  EXPECT_EQ(encoded(Form::Letter, true, "*"), "*");
  EXPECT_EQ(encoded(Form::Letter, false, "[masked]"), "no value");
  EXPECT_EQ(encoded(Form::Letter, false, ""), "no value");
}

TEST(Scalar, XmlStaysXml) {
  for (const char* good : {"", "[masked]", "<a>[email]</a>", "<a/>", "<a b='1' c=\"x &amp; y\" />",
                           "a<b>c</b>d", "<!-- x - y -->", "<![CDATA[<&]]>",
                           "<?pi x?><a:b xmlns:a='u'>&#233;</a:b>", "<\xc3\xa9>x</\xc3\xa9 >", "<a\n></a>"}) {
    EXPECT_EQ(encoded(Form::Xml, false, good), good);
  }
  for (const char* bad : {"<*>****</*>",
                          "<a>",
                          "</a>",
                          "<a></b>",
                          "<a",
                          "<",
                          "&",
                          "a & b",
                          "&name;",
                          "&#7;",
                          "&#x41;",
                          "<a b>",
                          "<a b=c>",
                          "<a b='<'/>",
                          "<a b='1' b='2'/>",
                          "<a b='1'c='2'/>",
                          "<!-- -- -->",
                          "<!DOCTYPE a>",
                          "<?xml version='1.0'?>",
                          "]]>",
                          "<a>\x01</a>",
                          "<1/>",
                          "<?>",
                          "<!-- x",
                          "<a b='1",
                          "<a b='&'/>"}) {
    EXPECT_EQ(encoded(Form::Xml, false, bad), "no value") << bad;
  }
}

// Where no other value can stand for it, the client gets NULL.
TEST(Scalar, WhatNothingCanStandFor) {
  for (const Form form : {Form::Enum, Form::Versioned, Form::Registered, Form::Search, Form::Vector,
                          Form::Plain, Form::Obscure, Form::Address, Form::Hardware}) {
    EXPECT_EQ(encoded(form, false, "[masked]"), "no value") << static_cast<int>(form);
    EXPECT_EQ(encoded(form, true, "[masked]"), "no value") << static_cast<int>(form);
  }
}

// Bounds that a mask turned round are those of no range.
TEST(Scalar, Bounds) {
  EXPECT_TRUE(may_bound(Form::Int4, false, "1", "2"));
  EXPECT_TRUE(may_bound(Form::Int4, false, "-2", "-1"));
  EXPECT_TRUE(may_bound(Form::Int4, false, "-1", "0000"));
  EXPECT_TRUE(may_bound(Form::Int4, false, "-0", "0"));
  EXPECT_TRUE(may_bound(Form::Numeric, false, "1.50", "1.5"));
  EXPECT_TRUE(may_bound(Form::Numeric, false, "0009.9", "10"));
  EXPECT_TRUE(may_bound(Form::Int4, true, unhex("ffffffff"), unhex("00000001")));
  EXPECT_TRUE(may_bound(Form::Text, false, "same", "same"));
  EXPECT_FALSE(may_bound(Form::Int4, false, "2", "1"));
  EXPECT_FALSE(may_bound(Form::Int4, false, "-1", "-2"));
  EXPECT_FALSE(may_bound(Form::Int4, false, "0", "-0.1"));
  EXPECT_FALSE(may_bound(Form::Numeric, false, "10.01", "10.001"));
  EXPECT_FALSE(may_bound(Form::Numeric, false, "NaN", "1"));
  EXPECT_FALSE(may_bound(Form::Int4, true, unhex("00000001"), unhex("ffffffff")));
  EXPECT_FALSE(may_bound(Form::Int4, true, unhex("00000001"), ""));
  EXPECT_FALSE(may_bound(Form::Text, false, "a", "b"));  // only its collation knows
}

}  // namespace
}  // namespace sallyport::pg::test
