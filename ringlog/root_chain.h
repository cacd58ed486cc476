// Which root key may begin an instance: the one that the instance before names, or after a rotation the new
// one. A rotation is signed by the key that would have been next and by the new one, so that an auditor who
// holds either verifies the whole log. Rotations stand in the log's folder, in `rotations`, a line each. Any
// thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ringlog/keys.h"
#include "ringlog/segment.h"

namespace sallyport::ringlog {

struct Rotation {
  uint64_t instance;  // the last one under the old key
  uint64_t number;    // its last link, whose hash is `head`
  uint64_t time_ns;
  Digest head;
  PublicKey old_root;  // what auditors held until then
  PublicKey signer;    // what the last instance named as next
  PublicKey root;      // what they may hold from then on
  // Of what stands before them, SHA-256 behind a domain of its own.
  Signature by_signer, by_root;
};
static_assert(sizeof(Rotation) == 280);

// In order; none where there is no such file. EBADMSG: a line that is no rotation.
[[nodiscard]] Result<std::vector<Rotation>> read_rotations(Files& files, const std::string& directory);

// Makes a new root key: log.key and log.pub in `state_dir` become its own. No gateway may run. The new key.
[[nodiscard]] Result<PublicKey> rotate_root(Files& files, const std::string& state_dir,
                                            const std::string& directory, const Random& random,
                                            uint64_t now_ns);
// Brings to its end what a crash has interrupted. Before an instance begins.
[[nodiscard]] Result<void> finish_rotation(Files& files, const std::string& state_dir,
                                           const std::string& directory, const Random& random);

class RootChain {
 public:
  // What is wrong with the rotations, or with `pinned`, the key that the verifier was given; null: nothing.
  const char* begin(const PublicKey& pinned, std::vector<Rotation> rotations);
  // The same of an instance's first segment; `previous` is the instance before, 0 for none.
  const char* check(const SegmentFrame& genesis, uint64_t previous);
  [[nodiscard]] const std::vector<Rotation>& rotations() const { return rotations_; }

 private:
  std::vector<Rotation> rotations_;
  PublicKey first_{};                 // signs the very first instance
  PublicKey signer_{}, next_root_{};  // of the last instance
};

}  // namespace sallyport::ringlog
