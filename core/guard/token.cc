#include "core/guard/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "config/check.h"
#include "core/guard/confirm_text.h"

namespace sallyport::guard {
namespace {

constexpr std::string_view base32 = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view prefix = "tok_";
constexpr size_t code_size = 26;  // characters of 5 bits that hold 128
constexpr size_t head_size = 12;  // bytes of the value's hash
constexpr size_t uuid_size = 36;

size_t token_size(const TokenKey& key) { return prefix.size() + key.id.size() + 1 + code_size; }

// 128 bits, the highest first, with two zero bits behind them.
void append_base32(std::span<const uint8_t, 16> bytes, std::string& out) {
  uint32_t bits = 0;
  int count = 0;
  for (const uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 5; count -= 5) out += base32[bits >> (count - 5) & 31];
  }
  out += base32[bits << (5 - count) & 31];
}

std::optional<std::array<uint8_t, 16>> from_base32(Bytes code) {
  std::array<uint8_t, 16> bytes{};
  uint32_t bits = 0;
  int count = 0;
  size_t at = 0;
  for (const uint8_t c : code) {
    const size_t digit = base32.find(static_cast<char>(c));
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 5 | static_cast<uint32_t>(digit);
    count += 5;
    if (count < 8 || at == bytes.size()) continue;
    count -= 8;
    bytes[at++] = static_cast<uint8_t>(bits >> count);
  }
  return bytes;
}

}  // namespace

TokenKeyBlock token_key_block(std::string_view secret) {
  TokenKeyBlock block{};
  if (secret.size() <= block.size()) {
    std::memcpy(block.data(), secret.data(), secret.size());
    return block;
  }
  unsigned size = 0;
  CHECK(EVP_Digest(secret.data(), secret.size(), reinterpret_cast<unsigned char*>(block.data()), &size,
                   EVP_sha256(), nullptr) == 1);
  return block;
}

Tokenizer::Tokenizer() : sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
  CHECK(sha256_ != nullptr && context_ != nullptr);
}

Tokenizer::~Tokenizer() {
  EVP_MD_CTX_free(context_);
  EVP_MD_free(sha256_);
}

// By hand, because EVP_MAC would allocate for each value.
void Tokenizer::hash(const TokenKey& key, uint8_t pad, Bytes value, Digest& out) {
  CHECK(key.block.size() == token_key_block_size);
  std::array<uint8_t, token_key_block_size> padded;
  for (size_t i = 0; i < padded.size(); ++i) padded[i] = static_cast<uint8_t>(key.block[i]) ^ pad;
  unsigned size = 0;
  const bool done = EVP_DigestInit_ex2(context_, sha256_, nullptr) == 1 &&
                    EVP_DigestUpdate(context_, padded.data(), padded.size()) == 1 &&
                    EVP_DigestUpdate(context_, value.data(), value.size()) == 1 &&
                    EVP_DigestFinal_ex(context_, out.data(), &size) == 1;
  OPENSSL_cleanse(padded.data(), padded.size());
  CHECK(done && size == out.size());
}

Tokenizer::Digest Tokenizer::hmac(const TokenKey& key, Bytes value) {
  Digest inner, outer;
  hash(key, 0x36, value, inner);
  hash(key, 0x5c, inner, outer);
  return outer;
}

// The check binds the head to its id, so that what only looks like a token is a value as any other.
void Tokenizer::make_text(const TokenKey& key, std::span<const uint8_t, head_size> head) {
  text_.assign(prefix).append(key.id).push_back('_');
  std::array<uint8_t, 16> bytes;
  std::ranges::copy(head, bytes.begin());
  text_.append(reinterpret_cast<const char*>(head.data()), head.size());
  const Digest check = hmac(key, {reinterpret_cast<const uint8_t*>(text_.data()), text_.size()});
  std::copy_n(check.begin(), bytes.size() - head.size(), bytes.begin() + head.size());
  text_.resize(text_.size() - head.size());
  append_base32(bytes, text_);
}

std::string_view Tokenizer::text(const TokenKey& key, Bytes value) {
  const Digest digest = hmac(key, value);
  make_text(key, std::span(digest).first<head_size>());
  return text_;
}

std::string_view Tokenizer::number(const TokenKey& key, Bytes value) {
  constexpr uint64_t least = 100'000'000;
  const Digest digest = hmac(key, value);
  uint64_t bits = 0;
  for (size_t i = 0; i < sizeof bits; ++i) bits = bits << 8 | digest[i];
  text_ = std::to_string(least + bits % (9 * least));
  return text_;
}

void Tokenizer::uuid(const TokenKey& key, std::span<uint8_t> value) {
  constexpr std::string_view hex = "0123456789abcdef";
  CHECK(value.size() == uuid_size);
  for (uint8_t& c : value) c = is_upper(c) ? static_cast<uint8_t>(c + 32) : c;
  Digest digest = hmac(key, value);
  digest[6] = static_cast<uint8_t>(0x80 | (digest[6] & 0x0f));
  digest[8] = static_cast<uint8_t>(0x80 | (digest[8] & 0x3f));
  size_t digit = 0;
  for (uint8_t& c : value) {
    if (c == '-') continue;
    c = static_cast<uint8_t>(hex[digest[digit / 2] >> (digit % 2 == 0 ? 4 : 0) & 15]);
    ++digit;
  }
}

bool Tokenizer::is_token(const TokenKey& key, Bytes value) {
  if (value.size() != token_size(key) || !as_text(value).starts_with(prefix)) return false;
  const std::string_view rest = as_text(value).substr(prefix.size());
  if (!rest.starts_with(key.id) || rest[key.id.size()] != '_') return false;
  const auto bytes = from_base32(value.last(code_size));
  if (!bytes) return false;
  make_text(key, std::span(*bytes).first<head_size>());
  return text_ == as_text(value);
}

bool Tokenizer::within_token(TokenKeys keys, Bytes value, Range range) {
  for (const TokenKey& key : keys) {
    const size_t size = token_size(key);
    if (range.size() > size || value.size() < size) continue;
    const size_t first = range.end > size ? range.end - size : 0;
    for (size_t at = first; at <= range.begin && at + size <= value.size(); ++at) {
      if (value[at] == prefix[0] && is_token(key, value.subspan(at, size))) return true;
    }
  }
  return false;
}

}  // namespace sallyport::guard
