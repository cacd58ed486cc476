// The root key of an installation's log: `log.pub` is what auditors hold and changes only by a rotation
// (root_chain.h); `log.key` (0600) signs the first segment of the next instance and is then replaced by the
// key which that segment names. A key read from the disk later can therefore sign nothing that was already
// written.
#pragma once

#include <string>

#include "ringlog/digest.h"
#include "ringlog/files.h"

namespace sallyport::ringlog {

class RootKey {
 public:
  // Makes both files where neither exists. A lone log.pub is an error: a new key would not verify under it.
  static Result<RootKey> load_or_create(Files& files, const std::string& state_dir, const Random& random);

  [[nodiscard]] const SigningKey& key() const { return key_; }
  // Makes the successor and writes it beside the key, durable; adopt() puts it in its place once a segment
  // names it.
  Result<PublicKey> prepare_next(const Random& random);
  Result<void> adopt_next();
  // What prepare_next has written.
  [[nodiscard]] Result<SigningKey> prepared();

 private:
  RootKey(Files& files, std::string path, SigningKey key)
      : files_(&files), path_(std::move(path)), key_(std::move(key)) {}

  Files* files_;
  std::string path_;  // of log.key
  SigningKey key_;
};

// The key that `log verify` needs, in a file of its own.
[[nodiscard]] Result<void> write_public_key(Files& files, const std::string& path, const PublicKey& key);
[[nodiscard]] Result<PublicKey> read_public_key(Files& files, const std::string& path);

}  // namespace sallyport::ringlog
