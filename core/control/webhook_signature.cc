#include "core/control/webhook_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>
#include <optional>

#include "config/check.h"
#include "config/limits.h"

namespace sallyport {

namespace {

constexpr size_t hex_size = 64;

// Digits alone, without a sign or a leading zero: one time has one spelling.
std::optional<int64_t> seconds_of(std::string_view text) {
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || text.size() > 12)
    return std::nullopt;
  if (text.front() < '1' || text.front() > '9') return std::nullopt;
  return seconds;
}

bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The signature comes first: who cannot sign learns nothing of our clock.
SignatureFault judge(std::string_view secret, std::string_view signed_text, std::string_view hex,
                     int64_t then_s, int64_t now_s) {
  if (!is_same(hmac_sha256_hex(secret, signed_text), hex)) return SignatureFault::wrong;
  const int64_t age_s = now_s - then_s;
  if (age_s > int64_t{limits::webhook_skew_s} || age_s < -int64_t{limits::webhook_skew_s})
    return SignatureFault::old;
  return SignatureFault::none;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

}  // namespace

std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  CHECK(made != nullptr && size == digest.size());
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string sign_delivery(std::string_view secret, int64_t now_s, std::string_view body) {
  const std::string time = std::to_string(now_s);
  return "t=" + time + ",v1=" + hmac_sha256_hex(secret, joined({time, ".", body}));
}

std::string sign_answer(std::string_view secret, std::string_view path, int64_t now_s,
                        std::string_view body) {
  const std::string time = std::to_string(now_s);
  return "t=" + time + ",v1=" + hmac_sha256_hex(secret, joined({path, ".", time, ".", body}));
}

SignatureFault check_answer(std::string_view secret, const SignedRequest& request, int64_t now_s) {
  constexpr std::string_view time_key = "t=", hex_key = ",v1=";
  const size_t comma = request.signature.find(hex_key);
  if (!request.signature.starts_with(time_key) || comma == request.signature.npos)
    return SignatureFault::unsigned_;
  const std::string_view time = request.signature.substr(time_key.size(), comma - time_key.size());
  const std::string_view hex = request.signature.substr(comma + hex_key.size());
  const std::optional<int64_t> then_s = seconds_of(time);
  if (!then_s || hex.size() != hex_size) return SignatureFault::unsigned_;
  return judge(secret, joined({request.path, ".", time, ".", request.body}), hex, *then_s, now_s);
}

SignatureFault check_slack(std::string_view secret, const SignedRequest& request, int64_t now_s) {
  constexpr std::string_view version = "v0=";
  const std::optional<int64_t> then_s = seconds_of(request.slack_time);
  if (!then_s || !request.signature.starts_with(version) ||
      request.signature.size() != version.size() + hex_size)
    return SignatureFault::unsigned_;
  return judge(secret, joined({"v0:", request.slack_time, ":", request.body}),
               request.signature.substr(version.size()), *then_s, now_s);
}

}  // namespace sallyport
