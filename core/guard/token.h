// Tokens: under `action = "token"` a value is replaced by one that only this value gives, under this key. A
// keyed hash (HMAC-SHA-256, RFC 2104) of the value's bytes makes it; the mask's key decides, neither target
// nor type does. Its forms:
//
//   text, JSON string  tok_<id>_<26 characters of Crockford's base32, lower case>: 128 bits, 96 of the
//                      value's hash and 32 of a keyed check, by which the gateway knows its own tokens
//   number             9 digits, the first not zero
//   UUID               the hash's first 16 bytes, as version 8 (RFC 9562 section 5.8)
//
// A Tokenizer belongs to one thread and allocates nothing once made; keys are shared.
#pragma once

#include <openssl/types.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/guard/detector.h"

namespace sallyport::guard {

inline constexpr size_t token_key_block_size = 64;  // SHA-256's
using TokenKeyBlock = std::array<std::byte, token_key_block_size>;

// The block that HMAC pads: a longer secret is hashed first.
[[nodiscard]] TokenKeyBlock token_key_block(std::string_view secret);

// The block lies with whoever keeps secrets and outlives this.
struct TokenKey {
  std::string id;  // 1-8 letters and digits
  std::span<const std::byte> block;
};
using TokenKeys = std::span<const TokenKey>;

class Tokenizer {
 public:
  using Digest = std::array<uint8_t, 32>;

  Tokenizer();
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // The view is good until the next call.
  [[nodiscard]] std::string_view text(const TokenKey& key, Bytes value);
  [[nodiscard]] std::string_view number(const TokenKey& key, Bytes value);
  // Overwrites 36 bytes of a UUID; letter case does not count.
  void uuid(const TokenKey& key, std::span<uint8_t> value);

  // Whether `value` is a whole token that `key` made.
  [[nodiscard]] bool is_token(const TokenKey& key, Bytes value);
  // Whether `range` lies within a token that one of the keys made.
  [[nodiscard]] bool within_token(TokenKeys keys, Bytes value, Range range);

  [[nodiscard]] Digest hmac(const TokenKey& key, Bytes value);

 private:
  void hash(const TokenKey& key, uint8_t pad, Bytes value, Digest& out);
  void make_text(const TokenKey& key, std::span<const uint8_t, 12> head);

  EVP_MD* sha256_ = nullptr;
  EVP_MD_CTX* context_ = nullptr;
  std::string text_;
};

}  // namespace sallyport::guard
