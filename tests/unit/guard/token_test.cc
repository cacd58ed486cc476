// Tokens: the hash is HMAC, the forms are as told, and only the gateway's own are taken for tokens.
#include "core/guard/token.h"

#include <gtest/gtest.h>

#include <set>

#include "core/guard/masker.h"

namespace sallyport::guard {
namespace {

Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string hex(std::span<const uint8_t> bytes) {
  std::string out;
  for (const uint8_t byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    out += digits;
  }
  return out;
}

struct Key {
  TokenKeyBlock block;
  TokenKey key;
  explicit Key(const std::string& id, const std::string& secret)
      : block(token_key_block(secret)), key{id, block} {}
};

// RFC 4231, test cases 1, 2 and 6.
TEST(Token, Hmac) {
  Tokenizer tokenizer;
  const auto hmac = [&](const std::string& secret, std::string_view value) {
    const Key key("k", secret);
    return hex(tokenizer.hmac(key.key, bytes_of(value)));
  };
  EXPECT_EQ(hmac(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// As any other HMAC would make them: Python's hmac and hashlib say these.
TEST(Token, Forms) {
  Tokenizer tokenizer;
  const Key key("k1", "0123456789abcdef");
  const std::string text(tokenizer.text(key.key, bytes_of("jane@example.com")));
  EXPECT_EQ(text, "tok_k1_myjmcre7bf790srqs9ama1tv3c");
  EXPECT_EQ(tokenizer.number(key.key, bytes_of("jane@example.com")), "661678224");
  std::string uuid = "6F1C7D3E-8a2b-4c5d-9e0f-123456789abc", same = "6f1c7d3e-8a2b-4c5d-9e0f-123456789abc";
  tokenizer.uuid(key.key, {reinterpret_cast<uint8_t*>(uuid.data()), uuid.size()});
  tokenizer.uuid(key.key, {reinterpret_cast<uint8_t*>(same.data()), same.size()});
  EXPECT_EQ(uuid, "49789d3e-494f-8eca-9399-cd341d20f390");
  EXPECT_EQ(uuid, same);
}

TEST(Token, OnlyItsOwnAreTokens) {
  Tokenizer tokenizer;
  const Key key("k1", "0123456789abcdef"), other("k2", "0123456789abcdef"), secret("k1", "fedcba9876543210");
  const std::string text(tokenizer.text(key.key, bytes_of("a value")));
  EXPECT_TRUE(tokenizer.is_token(key.key, bytes_of(text)));
  EXPECT_FALSE(tokenizer.is_token(other.key, bytes_of(text)));
  EXPECT_FALSE(tokenizer.is_token(secret.key, bytes_of(text)));
  EXPECT_FALSE(tokenizer.is_token(key.key, bytes_of(text + "0")));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(tokenizer.is_token(key.key, bytes_of(changed))) << changed;
  }
  const std::string around = "see " + text + "!";
  const TokenKey keys[] = {other.key, key.key};
  EXPECT_TRUE(tokenizer.within_token(keys, bytes_of(around), {4, 4 + static_cast<uint32_t>(text.size())}));
  EXPECT_TRUE(tokenizer.within_token(keys, bytes_of(around), {10, 20}));
  EXPECT_FALSE(tokenizer.within_token(keys, bytes_of(around), {3, 20}));
  EXPECT_FALSE(tokenizer.within_token(keys, bytes_of(around), {20, static_cast<uint32_t>(around.size())}));
  EXPECT_FALSE(tokenizer.within_token({}, bytes_of(around), {10, 20}));
}

struct Fixture {
  std::shared_ptr<const Scanner> scanner = *Scanner::compile(DetectorSet::all());
  Masker masker;
  Key first{"k1", "0123456789abcdef"}, second{"k2", "the second key's secret"};
  const TokenKey keys[2] = {first.key, second.key};

  Fixture() { EXPECT_TRUE(masker.prepare(*scanner).has_value()); }

  std::string mask(std::string value, const MaskPlan& plan, ValueKind kind = ValueKind::Text) {
    const MaskField field{.size = static_cast<uint32_t>(value.size()), .kind = kind, .plan = &plan};
    const MaskResult one =
        masker.mask(*scanner, {reinterpret_cast<uint8_t*>(value.data()), value.size()}, {&field, 1}, keys)[0];
    if (one.outcome == MaskOutcome::Withhold) return "(withheld)";
    return one.outcome == MaskOutcome::Replaced ? std::string(one.bytes.begin(), one.bytes.end()) : value;
  }
};

// One value, one token, wherever it stands and whatever its type.
TEST(TokenMask, SameValueSameToken) {
  Fixture fixture;
  Tokenizer tokenizer;
  const std::string token(tokenizer.text(fixture.keys[0], bytes_of("jane@example.com")));
  const std::string number(tokenizer.number(fixture.keys[0], bytes_of("4111111111111111")));
  MaskPlan content, whole;
  content.add(DetectorSet::all(), MaskAction::Token, 0);
  whole.add_whole(MaskAction::Token, 0);
  EXPECT_EQ(fixture.mask("jane@example.com", content), token);
  EXPECT_EQ(fixture.mask("jane@example.com", whole), token);
  EXPECT_EQ(fixture.mask("to jane@example.com!", content), "to " + token + "!");
  EXPECT_EQ(fixture.mask(R"({"mail":"jane\u0040example.com"})", content, ValueKind::Json),
            R"({"mail":")" + token + R"("})");
  EXPECT_EQ(fixture.mask(R"( "jane\u0040example.com" )", whole, ValueKind::Json), "\"" + token + "\"");
  EXPECT_EQ(fixture.mask("4111111111111111", content, ValueKind::Digits), number);
  EXPECT_EQ(fixture.mask("4111111111111111", whole, ValueKind::Digits), number);
  EXPECT_EQ(fixture.mask(R"([4111111111111111])", content, ValueKind::Json), "[" + number + "]");
  EXPECT_NE(fixture.mask("joe@example.com", content), token);
  MaskPlan other;
  other.add(DetectorSet::all(), MaskAction::Token, 1);
  EXPECT_EQ(fixture.mask("jane@example.com", other),
            tokenizer.text(fixture.keys[1], bytes_of("jane@example.com")));
  const std::string uuid = fixture.mask("6f1c7d3e-8a2b-4c5d-9e0f-123456789abc", whole, ValueKind::Uuid);
  EXPECT_TRUE(is_uuid(bytes_of(uuid)) && uuid[14] == '8') << uuid;
}

// A token stays what it is: no detector hits it, and none is made of it; but what only looks like one is a
// value.
TEST(TokenMask, TokensStay) {
  Fixture fixture;
  Tokenizer tokenizer;
  MaskPlan content, whole, strict;
  content.add(DetectorSet::all(), MaskAction::Token, 0);
  whole.add_whole(MaskAction::Token, 0);
  strict.add(DetectorSet::all(), MaskAction::Redact);
  for (int i = 0; i < 200; ++i) {
    const std::string token(tokenizer.text(fixture.keys[0], bytes_of("value " + std::to_string(i))));
    EXPECT_EQ(fixture.mask(token, whole), token);
    for (const char* before : {"", "password=", "Bearer ", "api_key: ", "ssn "}) {
      EXPECT_EQ(fixture.mask(before + token, strict), before + token);
      EXPECT_EQ(fixture.mask(before + token, content), before + token);
    }
    EXPECT_EQ(fixture.mask("{\"p\\u0061ssword\":\"" + token + "\"}", strict, ValueKind::Json),
              "{\"p\\u0061ssword\":\"" + token + "\"}");
  }
  const std::string forged = "tok_k1_" + std::string(15, '0') + "4111111111" + "0";
  EXPECT_NE(fixture.mask(forged, whole), forged);
  EXPECT_NE(fixture.mask("password=" + forged, strict), "password=" + forged);
}

// The mask's key decides; where several make tokens of one hit, the first.
TEST(TokenMask, KeysOfPlans) {
  MaskPlan plan;
  plan.add(DetectorId::Email, MaskAction::Token, 1);
  plan.add(DetectorId::Email, MaskAction::Token, 0);
  plan.add(DetectorId::Phone, MaskAction::Partial, 0);
  EXPECT_EQ(plan.key_of(DetectorSet(DetectorId::Email) | DetectorId::Phone), 1);
  plan.add_whole(MaskAction::Token, 1);
  plan.add_whole(MaskAction::Token, 0);
  EXPECT_EQ(plan.whole_key, 1);
}

}  // namespace
}  // namespace sallyport::guard
