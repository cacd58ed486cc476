#include "ringlog/commit.h"

#include <algorithm>
#include <tuple>

#include "config/check.h"
#include "ringlog/segment.h"

namespace sallyport::ringlog {

void Commit::clear() {
  bytes_.clear();
  records_.clear();
}

void Commit::add(Bytes entry) {
  const size_t offset = bytes_.size();
  const auto frame = load<RecordFrame>(entry);
  if (sealer_ != nullptr && frame.session != 0 && frame.payload_size != 0) {
    append_sealed(entry);
  } else {
    bytes_.insert(bytes_.end(), entry.begin(), entry.end());
  }
  finish_record(std::span(bytes_).subspan(offset));
  records_.push_back({.instance = frame.instance, .session = frame.session, .offset = offset});
}

// The gateway's own payloads (session 0: policies) stay readable.
void Commit::append_sealed(Bytes entry) {
  auto frame = load<RecordFrame>(entry);
  const Bytes payload = entry.subspan(sizeof frame + frame.header_size, frame.payload_size);
  frame.payload_size += sizeof(SealFrame);
  frame.form = form_sealed;
  frame.prefix.size = static_cast<uint32_t>(record_frame_size(frame.header_size, frame.payload_size));
  const size_t offset = bytes_.size();
  bytes_.resize(offset + frame.prefix.size);  // the padding: zeros
  const auto place = std::span(bytes_).subspan(offset);
  const size_t facts_end = sizeof frame + frame.header_size;
  std::memcpy(place.data(), &frame, sizeof frame);
  std::memcpy(place.data() + sizeof frame, entry.data() + sizeof frame, frame.header_size);
  constexpr size_t from = sizeof(FramePrefix);
  sealer_->seal(Bytes(place).subspan(from, facts_end - from), payload,
                place.subspan(facts_end, frame.payload_size));
}

// All of one session's records in this commit, in order.
Leaf Commit::make_leaf(std::span<const Record> records, Digest& headers_digest) {
  Leaf leaf{.instance = records.front().instance, .session = records.front().session};
  bool has_payload = false;
  for (const Record& record : records) {
    const auto frame = load<RecordFrame>(bytes_, record.offset);
    constexpr size_t from = sizeof(FramePrefix);
    sha_.add(Bytes(bytes_).subspan(record.offset + from, sizeof(RecordFrame) - from + frame.header_size));
    has_payload |= frame.payload_size > 0;
  }
  headers_digest = sha_.finish();
  if (!has_payload) return leaf;
  leaf.salt = salts_[leaf_frames_.size()];
  sha_.add(leaf.salt);
  for (const Record& record : records) {
    const auto frame = load<RecordFrame>(bytes_, record.offset);
    sha_.add(
        Bytes(bytes_).subspan(record.offset + sizeof(RecordFrame) + frame.header_size, frame.payload_size));
  }
  leaf.payload_digest = sha_.finish();
  return leaf;
}

Digest Commit::seal(CommitFrame frame, std::span<const Watermark> watermarks, Leaves& leaves,
                    const SigningKey& key) {
  CHECK(!records_.empty());
  frame.record_count = static_cast<uint32_t>(records_.size());
  const auto order = [](const Record& r) { return std::tuple(r.instance, r.session, r.offset); };
  const auto before = [&](const Record& a, const Record& b) { return order(a) < order(b); };
  if (!std::is_sorted(records_.begin(), records_.end(), before))
    std::sort(records_.begin(), records_.end(), before);

  leaf_frames_.clear();
  leaf_hashes_.clear();
  size_t leaf_count = 1;
  for (size_t i = 1; i < records_.size(); i++) {
    const bool same =
        records_[i].instance == records_[i - 1].instance && records_[i].session == records_[i - 1].session;
    leaf_count += same ? 0 : 1;
  }
  salts_.resize(leaf_count);
  random_(std::as_writable_bytes(std::span(salts_)));
  for (size_t from = 0, to = 0; from < records_.size(); from = to) {
    bool closed = false;
    const auto same = [&](const Record& r) {
      return r.instance == records_[from].instance && r.session == records_[from].session;
    };
    for (to = from; to < records_.size() && same(records_[to]); to++) {
      closed |=
          load<RecordFrame>(bytes_, records_[to].offset).kind == static_cast<uint8_t>(Kind::SessionClosed);
    }
    Digest headers_digest;
    Leaf leaf = make_leaf(std::span(records_).subspan(from, to - from), headers_digest);
    const Leaves::Key who(leaf.instance, leaf.session);
    leaf.previous = leaves.previous(who);
    leaf_hashes_.push_back(leaf_hash(sha_, leaf, headers_digest));
    leaf_frames_.push_back(leaf);
    leaves.advance(who, leaf_hashes_.back(), closed);
  }

  frame.leaf_count = static_cast<uint32_t>(leaf_frames_.size());
  frame.watermark_count = static_cast<uint32_t>(watermarks.size());
  frame.root = tree_root(sha_, leaf_hashes_);
  const size_t offset = bytes_.size();
  const auto append = [&](Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); };
  append(bytes_of(frame));
  append(std::as_bytes(watermarks));
  const Digest hash = link_hash(sha_, FrameType::Commit, Bytes(bytes_).subspan(offset + sizeof(FramePrefix)));
  append(key.sign(hash));
  append(std::as_bytes(std::span(leaf_frames_)));
  finish_frame(std::span(bytes_).subspan(offset), FrameType::Commit);
  return hash;
}

}  // namespace sallyport::ringlog
