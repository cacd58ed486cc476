#include "ringlog/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <bit>
#include <utility>
#include <vector>

#include "config/check.h"

namespace sallyport::ringlog {
namespace {

// Fetched once: an implicit fetch costs more than hashing a small record.
const EVP_MD* sha256() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CHECK(md != nullptr);
  return md;
}

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

}  // namespace

Random system_random() {
  return [](std::span<std::byte> bytes) {
    CHECK(RAND_bytes(raw(bytes.data()), static_cast<int>(bytes.size())) == 1);
  };
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  CHECK(context_ != nullptr);
  CHECK(EVP_DigestInit_ex2(context_, sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::reset() { CHECK(EVP_DigestInit_ex2(context_, nullptr, nullptr) == 1); }

void Sha256::add(Bytes bytes) { CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1); }

Digest Sha256::finish() {
  Digest digest;
  CHECK(EVP_DigestFinal_ex(context_, raw(digest.data()), nullptr) == 1);
  reset();
  return digest;
}

Digest link_hash(Sha256& sha, FrameType type, Bytes hashed) {
  std::array<char, 16> domain = {'s', 'a', 'l', 'l', 'y', 'p', 'o', 'r', 't', ' ', 'l', 'o', 'g', 1, 0, 0};
  domain[14] = static_cast<char>(type);
  sha.add(std::as_bytes(std::span(domain)));
  sha.add(hashed);
  return sha.finish();
}

Digest leaf_hash(Sha256& sha, const Leaf& leaf, const Digest& headers_digest) {
  constexpr std::byte leaf_mark{0};
  sha.add({&leaf_mark, 1});
  sha.add(bytes_of(leaf.instance));
  sha.add(bytes_of(leaf.session));
  sha.add(leaf.previous);
  sha.add(headers_digest);
  sha.add(leaf.payload_digest);
  return sha.finish();
}

namespace {

Digest node_hash(Sha256& sha, const Digest& left, const Digest& right) {
  constexpr std::byte node_mark{1};
  sha.add({&node_mark, 1});
  sha.add(left);
  sha.add(right);
  return sha.finish();
}

// One level up; an odd last node moves up unchanged, which gives RFC 6962's tree.
void raise_level(Sha256& sha, std::vector<Digest>& level) {
  size_t count = 0;
  for (size_t i = 0; i + 1 < level.size(); i += 2) level[count++] = node_hash(sha, level[i], level[i + 1]);
  if (level.size() % 2 == 1) level[count++] = level.back();
  level.resize(count);
}

}  // namespace

Digest tree_root(Sha256& sha, std::span<const Digest> leaves) {
  CHECK(!leaves.empty());
  std::vector<Digest> level(leaves.begin(), leaves.end());
  while (level.size() > 1) raise_level(sha, level);
  return level.front();
}

std::vector<Digest> tree_path(Sha256& sha, std::span<const Digest> leaves, size_t index) {
  CHECK(index < leaves.size());
  std::vector<Digest> level(leaves.begin(), leaves.end());
  std::vector<Digest> path;
  for (; level.size() > 1; index /= 2) {
    const size_t beside = index ^ 1;
    if (beside < level.size()) path.push_back(level[beside]);
    raise_level(sha, level);
  }
  return path;
}

std::optional<Digest> root_by_path(Sha256& sha, const Digest& leaf, size_t index, size_t count,
                                   std::span<const Digest> path) {
  if (index >= count) return std::nullopt;
  Digest node = leaf;
  for (; count > 1; index /= 2, count = (count + 1) / 2) {
    if ((index ^ 1) >= count) continue;
    if (path.empty()) return std::nullopt;
    node = index % 2 == 1 ? node_hash(sha, path.front(), node) : node_hash(sha, node, path.front());
    path = path.subspan(1);
  }
  if (!path.empty()) return std::nullopt;
  return node;
}

SigningKey SigningKey::generate(const Random& random) {
  std::array<std::byte, 32> seed;
  random(seed);
  SigningKey key = from_seed(seed);
  OPENSSL_cleanse(seed.data(), seed.size());
  return key;
}

SigningKey SigningKey::from_seed(std::span<const std::byte, 32> seed) {
  SigningKey key;
  key.key_ = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed.data()), seed.size());
  CHECK(key.key_ != nullptr);
  size_t size = key.public_key_.size();
  CHECK(EVP_PKEY_get_raw_public_key(key.key_, raw(key.public_key_.data()), &size) == 1);
  return key;
}

SigningKey::SigningKey(SigningKey&& other) noexcept { *this = std::move(other); }

SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
  std::swap(key_, other.key_);
  std::swap(public_key_, other.public_key_);
  return *this;
}

SigningKey::~SigningKey() { EVP_PKEY_free(key_); }  // libcrypto clears the private part

Signature SigningKey::sign(const Digest& digest) const {
  Signature signature;
  size_t size = signature.size();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  CHECK(context != nullptr);
  CHECK(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_) == 1);
  CHECK(EVP_DigestSign(context, raw(signature.data()), &size, raw(digest.data()), digest.size()) == 1);
  EVP_MD_CTX_free(context);
  return signature;
}

bool signature_is_valid(const PublicKey& key, const Digest& digest, const Signature& signature) {
  EVP_PKEY* pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(key.data()), key.size());
  if (pkey == nullptr) return false;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  CHECK(context != nullptr);
  const bool valid = EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, pkey) == 1 &&
                     EVP_DigestVerify(context, raw(signature.data()), signature.size(), raw(digest.data()),
                                      digest.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(pkey);
  return valid;
}

std::string to_hex(Bytes bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += digits[static_cast<unsigned>(byte) >> 4];
    text += digits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

bool from_hex(std::string_view text, std::span<std::byte> bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  const auto value = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (size_t i = 0; i < bytes.size(); i++) {
    const int high = value(text[2 * i]);
    const int low = value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::byte>(high * 16 + low);
  }
  return true;
}

}  // namespace sallyport::ringlog
