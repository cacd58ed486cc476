#include "ringlog/root_chain.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cerrno>

namespace sallyport::ringlog {
namespace {

constexpr std::string_view line_label = "splog-rotation 1 ";
constexpr std::string_view file_name = "/rotations";
constexpr uint64_t file_size_max = 1 << 20;

Digest digest_of(const Rotation& rotation) {
  constexpr std::array<char, 16> domain = {'s', 'p', 'l', 'o', 'g', ' ', 'r', 'o',
                                           't', 'a', 't', 'i', 'o', 'n', 1,   0};
  Sha256 sha;
  sha.add(std::as_bytes(std::span(domain)));
  sha.add(bytes_of(rotation).first(offsetof(Rotation, by_signer)));
  return sha.finish();
}

Result<void> write_rotations(Files& files, const std::string& directory,
                             const std::vector<Rotation>& rotations) {
  std::string text;
  for (const Rotation& rotation : rotations)
    text += std::string(line_label) + to_hex(bytes_of(rotation)) + "\n";
  return replace_file(files, directory + std::string(file_name), text, 0644);
}

}  // namespace

Result<std::vector<Rotation>> read_rotations(Files& files, const std::string& directory) {
  const std::string path = directory + std::string(file_name);
  auto bytes = files.read(path, 0, file_size_max);
  std::vector<Rotation> rotations;
  if (!bytes && bytes.error().code == ENOENT) return rotations;
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    Rotation rotation{};
    const bool valid =
        line.starts_with(line_label) &&
        from_hex(line.substr(line_label.size()), std::as_writable_bytes(std::span(&rotation, 1)));
    if (!valid) return fail(path + " holds a line that is no rotation", EBADMSG);
    rotations.push_back(rotation);
  }
  return rotations;
}

Result<void> finish_rotation(Files& files, const std::string& state_dir, const std::string& directory,
                             const Random& random) {
  auto rotations = read_rotations(files, directory);
  if (!rotations) return std::unexpected(std::move(rotations.error()));
  if (rotations->empty()) return {};
  const PublicKey root = rotations->back().root;
  const auto held = read_public_key(files, state_dir + "/log.pub");
  if (!held) return std::unexpected(held.error());
  if (*held == root) return {};
  auto key = RootKey::load_or_create(files, state_dir, random);
  if (!key) return std::unexpected(std::move(key.error()));
  if (key->key().public_key() != root) {
    auto next = key->prepared();
    if (!next || next->public_key() != root) {
      // Its key is gone, so it was never in force.
      rotations->pop_back();
      return write_rotations(files, directory, *rotations);
    }
    if (auto adopted = key->adopt_next(); !adopted) return adopted;
  }
  return write_public_key(files, state_dir + "/log.pub", root);
}

Result<PublicKey> rotate_root(Files& files, const std::string& state_dir, const std::string& directory,
                              const Random& random, uint64_t now_ns) {
  if (auto finished = finish_rotation(files, state_dir, directory, random); !finished)
    return std::unexpected(std::move(finished.error()));
  const auto held = read_public_key(files, state_dir + "/log.pub");
  if (!held) return std::unexpected(held.error());
  auto old = RootKey::load_or_create(files, state_dir, random);
  if (!old) return std::unexpected(std::move(old.error()));
  auto segments = list_segments(files, directory);
  auto rotations = read_rotations(files, directory);
  if (!segments || !rotations) return std::unexpected(segments ? rotations.error() : segments.error());
  if (segments->empty()) return fail("there is no log yet whose key could be rotated", ENOENT);
  auto tail = find_tail(files, directory, segments->back().id);
  if (!tail) return std::unexpected(std::move(tail.error()));
  auto root = old->prepare_next(random);
  if (!root) return std::unexpected(std::move(root.error()));
  Rotation rotation{.instance = tail->head.instance,
                    .number = tail->head.number,
                    .time_ns = now_ns,
                    .head = tail->head.hash,
                    .old_root = *held,
                    .signer = old->key().public_key(),
                    .root = *root,
                    .by_signer = {},
                    .by_root = {}};
  const Digest digest = digest_of(rotation);
  rotation.by_signer = old->key().sign(digest);
  auto next = old->prepared();
  if (!next) return std::unexpected(std::move(next.error()));
  rotation.by_root = next->sign(digest);
  rotations->push_back(rotation);
  // The statement stands before the key is used.
  auto done = write_rotations(files, directory, *rotations);
  if (done) done = finish_rotation(files, state_dir, directory, random);
  if (!done) return std::unexpected(std::move(done.error()));
  return *root;
}

const char* RootChain::begin(const PublicKey& pinned, std::vector<Rotation> rotations) {
  rotations_ = std::move(rotations);
  first_ = rotations_.empty() ? pinned : rotations_.front().old_root;
  bool known = pinned == first_;
  PublicKey held = first_;
  for (const Rotation& rotation : rotations_) {
    const Digest digest = digest_of(rotation);
    const bool is_signed = signature_is_valid(rotation.signer, digest, rotation.by_signer) &&
                           signature_is_valid(rotation.root, digest, rotation.by_root);
    if (rotation.old_root != held || !is_signed)
      return "a rotation of the root key that its keys did not sign";
    held = rotation.root;
    known |= pinned == held;
  }
  return known ? nullptr : "the given public key is none of this log's";
}

const char* RootChain::check(const SegmentFrame& genesis, uint64_t previous) {
  if (previous == 0) {
    if (genesis.signer != first_) return "not signed by the given public key";
  } else {
    const Rotation* rotation = nullptr;
    for (const Rotation& one : rotations_) {
      if (one.instance == previous) rotation = &one;
    }
    if (rotation == nullptr) {
      if (genesis.signer != next_root_ && genesis.signer != signer_)
        return "not signed by the key that the instance before names";
    } else {
      // Several rotations between two runs: the first is signed by what the instance named, each by the one
      // before.
      PublicKey expected{};
      for (const Rotation& one : rotations_) {
        if (one.instance != previous) continue;
        const bool follows = expected == PublicKey{} ? one.signer == next_root_ || one.signer == signer_
                                                     : one.signer == expected;
        if (!follows) return "a rotation of the root key by a key that was not its turn";
        expected = one.root;
      }
      if (genesis.signer != expected) return "not signed by the key that the root key was rotated to";
    }
  }
  signer_ = genesis.signer;
  next_root_ = genesis.next_root;
  return nullptr;
}

}  // namespace sallyport::ringlog
