// Payloads sealed to an auditor: X25519 with a key of the sender's own for each segment, HKDF-SHA256 (RFC
// 5869), AES-256-GCM. Who has the log's files reads facts; who has the auditor's private key reads texts and
// replies too. Sealing changes nothing in how the log is proven: what is hashed and signed is what stands
// there.
//
//   secret = HKDF(X25519(sender, auditor), salt = sender's key · auditor's key, info = "sallyport log seal
//   1") nonce  = 4 zero bytes · number;  additional data = the record's bytes from `instance` to the header's
//   end
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ringlog/digest.h"
#include "ringlog/files.h"

typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;

namespace sallyport::ringlog {

using SealKey = std::array<std::byte, 32>;  // X25519, public or private

// Writer's thread.
class Sealer {
 public:
  // EINVAL: a key with which nothing can be agreed.
  static Result<Sealer> make(const SealKey& auditor, Random random);
  Sealer(Sealer&& other) noexcept;
  Sealer& operator=(Sealer&&) = delete;
  ~Sealer();

  // Another sender's key from here on. At each segment.
  void change_key();
  // Fills `sealed` (sizeof(SealFrame) more bytes than `payload`). `aad`: the record's, as it will stand
  // there.
  void seal(Bytes aad, Bytes payload, std::span<std::byte> sealed);

 private:
  Sealer(const SealKey& auditor, Random random);
  bool agree();

  SealKey auditor_;
  Random random_;
  SealKey sender_{};
  uint64_t number_ = 0;
  EVP_CIPHER_CTX* cipher_ = nullptr;
};

// Readers' thread. Keys that were agreed on are kept while it lives.
class Opener {
 public:
  static Result<Opener> load(Files& files, const std::string& path);
  explicit Opener(const SealKey& key);
  Opener(Opener&& other) noexcept;
  Opener& operator=(Opener&&) = delete;
  ~Opener();

  // `record` as it was before it was sealed; its payload lives until the next call. False where this is not
  // the key, or the record was changed: `record` stays sealed.
  bool open(RecordView& record);

 private:
  SealKey key_, public_key_{};
  std::map<SealKey, SealKey> secrets_;  // by the sender's key
  std::vector<std::byte> opened_;
  EVP_CIPHER_CTX* cipher_ = nullptr;
};

// The auditor's pair: "auditor.pub" and "auditor.key" (0600) in `folder`, which must not hold them yet.
[[nodiscard]] Result<SealKey> make_seal_keys(Files& files, const std::string& folder, const Random& random);
[[nodiscard]] Result<SealKey> read_seal_public_key(Files& files, const std::string& path);

// What it was before it was sealed.
[[nodiscard]] inline size_t payload_size_of(const RecordView& record) {
  return record.sealed ? record.payload.size() - sizeof(SealFrame) : record.payload.size();
}

}  // namespace sallyport::ringlog
