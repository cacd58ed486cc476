#include "ringlog/keys.h"

#include <openssl/crypto.h>

#include <cerrno>
#include <optional>

namespace sallyport::ringlog {
namespace {

constexpr std::string_view private_label = "sallyport-log-private-ed25519 ";
constexpr std::string_view public_label = "sallyport-log-public-ed25519 ";

Result<std::array<std::byte, 32>> read_key(Files& files, const std::string& path, std::string_view label) {
  auto bytes = files.read(path, 0, 4096);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  std::array<std::byte, 32> key;
  const bool labelled = text.starts_with(label);
  const bool valid = labelled && from_hex(text.substr(label.size()), key);
  OPENSSL_cleanse(bytes->data(), bytes->size());
  if (!valid) return fail(path + " is no log key; restore it from your backup", EBADMSG);
  return key;
}

Result<void> write_key(Files& files, const std::string& path, std::string_view label, Bytes key,
                       unsigned mode) {
  std::string text = std::string(label) + to_hex(key) + "\n";
  auto result = replace_file(files, path, text, mode);
  OPENSSL_cleanse(text.data(), text.size());
  return result;
}

}  // namespace

Result<RootKey> RootKey::load_or_create(Files& files, const std::string& state_dir, const Random& random) {
  const std::string path = state_dir + "/log.key";
  const std::string public_path = state_dir + "/log.pub";
  if (auto seed = read_key(files, path, private_label)) {
    RootKey root(files, path, SigningKey::from_seed(*seed));
    OPENSSL_cleanse(seed->data(), seed->size());
    // A crash between the two files of the first start; later the name is gone and nothing moves.
    (void)files.rename(public_path + ".first", public_path);
    return root;
  } else if (seed.error().code != ENOENT) {
    return std::unexpected(std::move(seed.error()));
  }
  // The private key is written first: a crash before the public one leaves no name that nothing can sign for.
  if (auto existing = read_public_key(files, public_path)) {
    return fail(path +
                    " is missing while log.pub exists; restore it, or move the log and log.pub away to begin "
                    "a new log",
                ENOENT);
  }
  std::array<std::byte, 32> seed;
  random(seed);
  RootKey root(files, path, SigningKey::from_seed(seed));
  auto written = write_key(files, public_path + ".first", public_label, root.key().public_key(), 0644);
  if (written) written = write_key(files, path, private_label, seed, 0600);
  OPENSSL_cleanse(seed.data(), seed.size());
  if (written) written = files.rename(public_path + ".first", public_path);
  if (written) written = files.sync_directory(state_dir);
  if (!written) return std::unexpected(std::move(written.error()));
  return root;
}

Result<PublicKey> RootKey::prepare_next(const Random& random) {
  std::array<std::byte, 32> seed;
  random(seed);
  const SigningKey next = SigningKey::from_seed(seed);
  auto written = write_key(*files_, path_ + ".next", private_label, seed, 0600);
  OPENSSL_cleanse(seed.data(), seed.size());
  if (!written) return std::unexpected(std::move(written.error()));
  return next.public_key();
}

Result<SigningKey> RootKey::prepared() {
  auto seed = read_key(*files_, path_ + ".next", private_label);
  if (!seed) return std::unexpected(std::move(seed.error()));
  SigningKey key = SigningKey::from_seed(*seed);
  OPENSSL_cleanse(seed->data(), seed->size());
  return key;
}

Result<void> RootKey::adopt_next() {
  auto seed = read_key(*files_, path_ + ".next", private_label);
  if (!seed) return std::unexpected(std::move(seed.error()));
  auto moved = files_->rename(path_ + ".next", path_);
  if (moved) moved = files_->sync_directory(path_.substr(0, path_.rfind('/')));
  key_ = SigningKey::from_seed(*seed);
  OPENSSL_cleanse(seed->data(), seed->size());
  return moved;
}

Result<void> write_public_key(Files& files, const std::string& path, const PublicKey& key) {
  return write_key(files, path, public_label, key, 0644);
}

Result<PublicKey> read_public_key(Files& files, const std::string& path) {
  return read_key(files, path, public_label);
}

}  // namespace sallyport::ringlog
