#include "ringlog/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "config/check.h"

namespace sallyport::ringlog {
namespace {

constexpr std::string_view info = "sallyport log seal 1";
constexpr std::string_view private_label = "sallyport-seal-key 1 ";
constexpr std::string_view public_label = "sallyport-seal-pub 1 ";
constexpr uint64_t key_file_size_max = 200;
using Nonce = std::array<std::byte, 12>;

const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }
unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

SealKey public_of(const SealKey& key) {
  EVP_PKEY* pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw(key.data()), key.size());
  CHECK(pair != nullptr);
  SealKey made;
  size_t size = made.size();
  CHECK(EVP_PKEY_get_raw_public_key(pair, raw(made.data()), &size) == 1);
  EVP_PKEY_free(pair);
  return made;
}

// RFC 5869.
SealKey derive(Bytes shared, const SealKey& sender, const SealKey& auditor) {
  SealKey secret;
  std::array<std::byte, 64> salt;
  std::ranges::copy(sender, salt.begin());
  std::ranges::copy(auditor, salt.begin() + sender.size());
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr);
  CHECK(context != nullptr);
  size_t size = secret.size();
  CHECK(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1 &&
        EVP_PKEY_CTX_set1_hkdf_salt(context, raw(salt.data()), static_cast<int>(salt.size())) == 1 &&
        EVP_PKEY_CTX_set1_hkdf_key(context, raw(shared.data()), static_cast<int>(shared.size())) == 1 &&
        EVP_PKEY_CTX_add1_hkdf_info(context, reinterpret_cast<const unsigned char*>(info.data()),
                                    static_cast<int>(info.size())) == 1 &&
        EVP_PKEY_derive(context, raw(secret.data()), &size) == 1);
  EVP_PKEY_CTX_free(context);
  return secret;
}

// False where the other's key is a point of small order (RFC 7748, section 6.1).
bool exchange(const SealKey& own, const SealKey& other, SealKey& shared) {
  EVP_PKEY* mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw(own.data()), own.size());
  EVP_PKEY* theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, raw(other.data()), other.size());
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(mine, nullptr);
  CHECK(mine != nullptr && theirs != nullptr && context != nullptr);
  size_t size = shared.size();
  const bool done = EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, theirs) == 1 &&
                    EVP_PKEY_derive(context, raw(shared.data()), &size) == 1;
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(theirs);
  EVP_PKEY_free(mine);
  return done;
}

Nonce nonce_of(uint64_t number) {
  Nonce nonce{};
  std::memcpy(nonce.data() + 4, &number, sizeof number);
  return nonce;
}

Result<SealKey> read_key(Files& files, const std::string& path, std::string_view label) {
  auto bytes = files.read(path, 0, key_file_size_max);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  SealKey key;
  const bool valid = text.starts_with(label) && from_hex(text.substr(label.size()), key);
  OPENSSL_cleanse(bytes->data(), bytes->size());
  if (valid) return key;
  return fail(path +
                  (label == public_label ? " is no auditor's public key" : " is no auditor's private key") +
                  "; `sallyport log seal-key --out DIR` makes a pair",
              EBADMSG);
}

Result<void> write_key(Files& files, const std::string& path, std::string_view label, const SealKey& key,
                       unsigned mode) {
  // Never over another: what was sealed to it could not be read again.
  auto file = files.create(path, mode);
  if (!file) return std::unexpected(std::move(file.error()));
  std::string text = std::string(label) + to_hex(key) + "\n";
  auto done = write_all(files, *file, std::as_bytes(std::span(text)), 0);
  if (done) done = files.sync(*file);
  files.close(*file);
  OPENSSL_cleanse(text.data(), text.size());
  return done;
}

// The bytes of the record's frame from `instance` to the header's end.
std::vector<std::byte> aad_of(const RecordView& record) {
  const RecordFrame frame{.prefix = {},
                          .instance = record.instance,
                          .header_size = static_cast<uint32_t>(record.header.size()),
                          .payload_size = static_cast<uint32_t>(record.payload.size()),
                          .sequence = record.sequence,
                          .time_ns = record.time_ns,
                          .session = record.session,
                          .kind = static_cast<uint8_t>(record.kind),
                          .form = form_sealed,
                          .ring = record.ring,
                          .zero32 = 0};
  const Bytes fixed = bytes_of(frame).subspan(sizeof(FramePrefix));
  std::vector<std::byte> aad(fixed.begin(), fixed.end());
  aad.insert(aad.end(), record.header.begin(), record.header.end());
  return aad;
}

}  // namespace

Sealer::Sealer(const SealKey& auditor, Random random) : auditor_(auditor), random_(std::move(random)) {}

Sealer::Sealer(Sealer&& other) noexcept
    : auditor_(other.auditor_),
      random_(std::move(other.random_)),
      sender_(other.sender_),
      number_(other.number_),
      cipher_(std::exchange(other.cipher_, nullptr)) {}

Sealer::~Sealer() { EVP_CIPHER_CTX_free(cipher_); }  // clears the key

Result<Sealer> Sealer::make(const SealKey& auditor, Random random) {
  Sealer sealer(auditor, std::move(random));
  if (!sealer.agree())
    return fail(
        "the auditor's public key is none that anything can be sealed to; `sallyport log seal-key` makes one",
        EINVAL);
  return sealer;
}

bool Sealer::agree() {
  SealKey own, shared;
  random_(own);
  const bool agreed = exchange(own, auditor_, shared);
  if (agreed) {
    sender_ = public_of(own);
    number_ = 0;
    SealKey secret = derive(shared, sender_, auditor_);
    if (cipher_ == nullptr) cipher_ = EVP_CIPHER_CTX_new();
    CHECK(cipher_ != nullptr);
    CHECK(EVP_EncryptInit_ex(cipher_, EVP_aes_256_gcm(), nullptr, raw(secret.data()), nullptr) == 1);
    OPENSSL_cleanse(secret.data(), secret.size());
  }
  OPENSSL_cleanse(own.data(), own.size());
  OPENSSL_cleanse(shared.data(), shared.size());
  return agreed;
}

void Sealer::change_key() { CHECK(agree()); }

void Sealer::seal(Bytes aad, Bytes payload, std::span<std::byte> sealed) {
  CHECK(sealed.size() == payload.size() + sizeof(SealFrame));
  SealFrame frame{.key = sender_, .number = ++number_, .tag = {}};
  const Nonce nonce = nonce_of(frame.number);
  std::byte* out = sealed.data() + sizeof frame;
  int size = 0;
  CHECK(EVP_EncryptInit_ex(cipher_, nullptr, nullptr, nullptr, raw(nonce.data())) == 1);
  CHECK(EVP_EncryptUpdate(cipher_, nullptr, &size, raw(aad.data()), static_cast<int>(aad.size())) == 1);
  CHECK(EVP_EncryptUpdate(cipher_, raw(out), &size, raw(payload.data()), static_cast<int>(payload.size())) ==
        1);
  CHECK(EVP_EncryptFinal_ex(cipher_, raw(out) + size, &size) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(cipher_, EVP_CTRL_GCM_GET_TAG, static_cast<int>(frame.tag.size()),
                            frame.tag.data()) == 1);
  std::memcpy(sealed.data(), &frame, sizeof frame);
}

Opener::Opener(const SealKey& key) : key_(key), public_key_(public_of(key)), cipher_(EVP_CIPHER_CTX_new()) {
  CHECK(cipher_ != nullptr);
}

Opener::Opener(Opener&& other) noexcept
    : key_(other.key_),
      public_key_(other.public_key_),
      secrets_(std::move(other.secrets_)),
      opened_(std::move(other.opened_)),
      cipher_(std::exchange(other.cipher_, nullptr)) {}

Opener::~Opener() {
  EVP_CIPHER_CTX_free(cipher_);
  OPENSSL_cleanse(key_.data(), key_.size());
  for (auto& [sender, secret] : secrets_) OPENSSL_cleanse(secret.data(), secret.size());
}

Result<Opener> Opener::load(Files& files, const std::string& path) {
  auto key = read_key(files, path, private_label);
  if (!key) return std::unexpected(std::move(key.error()));
  Opener opener(*key);
  OPENSSL_cleanse(key->data(), key->size());
  return opener;
}

bool Opener::open(RecordView& record) {
  if (!record.sealed || record.erased || record.payload.size() <= sizeof(SealFrame)) return false;
  const auto frame = ringlog::load<SealFrame>(record.payload);
  auto secret = secrets_.find(frame.key);
  if (secret == secrets_.end()) {
    SealKey shared;
    if (!exchange(key_, frame.key, shared)) return false;
    secret = secrets_.emplace(frame.key, derive(shared, frame.key, public_key_)).first;
    OPENSSL_cleanse(shared.data(), shared.size());
  }
  const Bytes text = record.payload.subspan(sizeof frame);
  const std::vector<std::byte> aad = aad_of(record);
  const Nonce nonce = nonce_of(frame.number);
  opened_.resize(text.size());
  auto tag = frame.tag;
  int size = 0;
  const bool opened =
      EVP_DecryptInit_ex(cipher_, EVP_aes_256_gcm(), nullptr, raw(secret->second.data()),
                         raw(nonce.data())) == 1 &&
      EVP_DecryptUpdate(cipher_, nullptr, &size, raw(aad.data()), static_cast<int>(aad.size())) == 1 &&
      EVP_DecryptUpdate(cipher_, raw(opened_.data()), &size, raw(text.data()),
                        static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher_, EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag.size()), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher_, raw(opened_.data()) + size, &size) == 1;
  if (!opened) {
    opened_.clear();
    return false;
  }
  record.payload = opened_;
  record.sealed = false;
  return true;
}

Result<SealKey> make_seal_keys(Files& files, const std::string& folder, const Random& random) {
  SealKey key;
  random(key);
  const SealKey pub = public_of(key);
  auto written = write_key(files, folder + "/auditor.key", private_label, key, 0600);
  if (written) written = write_key(files, folder + "/auditor.pub", public_label, pub, 0644);
  if (written) written = files.sync_directory(folder);
  OPENSSL_cleanse(key.data(), key.size());
  if (!written) return std::unexpected(std::move(written.error()));
  return pub;
}

Result<SealKey> read_seal_public_key(Files& files, const std::string& path) {
  return read_key(files, path, public_label);
}

}  // namespace sallyport::ringlog
