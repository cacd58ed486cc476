#include "plugins/postgresql/login/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace sallyport::pg {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int sextet(char c) {
  const size_t at = alphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// Hex of md5(first + second) into `out`. False: there is no MD5.
bool md5_hex(std::string_view first, std::string_view second, std::string& out) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const bool done = context != nullptr && EVP_DigestInit_ex(context, EVP_md5(), nullptr) == 1 &&
                    EVP_DigestUpdate(context, first.data(), first.size()) == 1 &&
                    EVP_DigestUpdate(context, second.data(), second.size()) == 1 &&
                    EVP_DigestFinal_ex(context, digest, &size) == 1 && size == 16;
  EVP_MD_CTX_free(context);
  out.clear();
  for (unsigned i = 0; done && i < size; ++i) {
    out.push_back("0123456789abcdef"[digest[i] >> 4]);
    out.push_back("0123456789abcdef"[digest[i] & 15]);
  }
  OPENSSL_cleanse(digest, sizeof digest);
  return done;
}

}  // namespace

Digest sha256(std::span<const uint8_t> data) {
  Digest out;
  SHA256(data.data(), data.size(), out.data());
  return out;
}

Digest hmac_sha256(std::span<const uint8_t> key, std::string_view text) {
  Digest out;
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const uint8_t*>(text.data()),
       text.size(), out.data(), &size);
  return out;
}

std::string base64(std::span<const uint8_t> data) {
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  for (size_t i = 0; i < data.size(); i += 3) {
    const size_t left = data.size() - i;
    const uint32_t bits = uint32_t{data[i]} << 16 | (left > 1 ? uint32_t{data[i + 1]} << 8 : 0) |
                          (left > 2 ? uint32_t{data[i + 2]} : 0);
    out.push_back(alphabet[bits >> 18 & 63]);
    out.push_back(alphabet[bits >> 12 & 63]);
    out.push_back(left > 1 ? alphabet[bits >> 6 & 63] : '=');
    out.push_back(left > 2 ? alphabet[bits & 63] : '=');
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const size_t padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
    uint32_t bits = 0;
    for (size_t j = 0; j < 4 - padding; ++j) {
      const int value = sextet(text[i + j]);
      if (value < 0) return std::nullopt;
      bits |= static_cast<uint32_t>(value) << (18 - 6 * j);
    }
    // Bits that fall away must be zero, or two texts would stand for the same bytes.
    if ((padding == 1 && (bits & 0xff) != 0) || (padding == 2 && (bits & 0xffff) != 0)) return std::nullopt;
    out.push_back(static_cast<char>(bits >> 16));
    if (padding < 2) out.push_back(static_cast<char>(bits >> 8));
    if (padding < 1) out.push_back(static_cast<char>(bits));
  }
  return out;
}

std::string md5_password(std::string_view user, std::string_view password, std::span<const uint8_t> salt) {
  std::string inner;
  std::string outer;
  const bool done = md5_hex(password, user, inner) &&
                    md5_hex(inner, {reinterpret_cast<const char*>(salt.data()), salt.size()}, outer);
  wipe(inner);
  return done ? "md5" + outer : std::string();
}

void wipe(void* data, size_t size) {
  if (size > 0) OPENSSL_cleanse(data, size);
}

bool equal(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sallyport::pg
