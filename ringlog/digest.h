// SHA-256 and Ed25519 (RFC 8032) over libcrypto, as the log needs them. Running out of memory inside
// libcrypto is a CHECK: there is no way to go on that keeps the log whole. Each object belongs to one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/error.h"
#include "ringlog/frame.h"

typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_pkey_st EVP_PKEY;

namespace sallyport::ringlog {

// Fills the span with random bytes; the simulation's is seeded.
using Random = std::function<void(std::span<std::byte>)>;
[[nodiscard]] Random system_random();

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void reset();
  void add(Bytes bytes);
  [[nodiscard]] Digest finish();  // and resets

 private:
  EVP_MD_CTX* context_;
};

// The hash of a link (frame.h): `type` keeps kinds of frames apart, `hashed` is what stands between prefix
// and signature.
[[nodiscard]] Digest link_hash(Sha256& sha, FrameType type, Bytes hashed);

// RFC 6962's tree: leaves and nodes hashed under different first bytes, the left side a power of two.
[[nodiscard]] Digest leaf_hash(Sha256& sha, const Leaf& leaf, const Digest& headers_digest);
[[nodiscard]] Digest tree_root(Sha256& sha, std::span<const Digest> leaves);
// What leads from one leaf to the root (RFC 6962, 2.1.1): the hashes beside the way, from below.
[[nodiscard]] std::vector<Digest> tree_path(Sha256& sha, std::span<const Digest> leaves, size_t index);
// Where such a path leads; nothing where it does not fit the place among `count` leaves.
[[nodiscard]] std::optional<Digest> root_by_path(Sha256& sha, const Digest& leaf, size_t index, size_t count,
                                                 std::span<const Digest> path);

// A private signing key. Its memory is erased when it goes.
class SigningKey {
 public:
  static SigningKey generate(const Random& random);
  static SigningKey from_seed(std::span<const std::byte, 32> seed);
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&& other) noexcept;
  ~SigningKey();

  [[nodiscard]] Signature sign(const Digest& digest) const;
  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }

 private:
  SigningKey() = default;
  EVP_PKEY* key_ = nullptr;
  PublicKey public_key_{};
};

[[nodiscard]] bool signature_is_valid(const PublicKey& key, const Digest& digest, const Signature& signature);

[[nodiscard]] std::string to_hex(Bytes bytes);
// False unless `text` is exactly twice as long as `bytes` and all hexadecimal.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::byte> bytes);

}  // namespace sallyport::ringlog
