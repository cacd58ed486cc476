#include "ringlog/witness_head.h"

#include <algorithm>
#include <cerrno>

namespace sallyport::ringlog {
namespace {

constexpr std::string_view label = "splog-head ";

bool is_of_head(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == ' ' || c == '-'; }

}  // namespace

Result<std::vector<Head>> find_heads(std::string_view text) {
  std::vector<Head> heads;
  for (size_t line = 1; !text.empty(); line++) {
    const size_t end = text.find('\n');
    const bool is_whole = end != text.npos;
    std::string_view rest = text.substr(0, end);
    text.remove_prefix(is_whole ? end + 1 : text.size());
    const size_t at = rest.find(label);
    if (at == rest.npos) continue;
    rest.remove_prefix(at);
    rest = rest.substr(0, static_cast<size_t>(std::ranges::find_if_not(rest, is_of_head) - rest.begin()));
    const Result<Head> head = parse_head(rest);
    if (head) {
      heads.push_back(*head);
    } else if (is_whole) {
      return fail("line " + std::to_string(line) + " begins a head of the log and does not end it", EBADMSG);
    }
  }
  return heads;
}

Result<void> check_head(Files& files, const std::string& directory, const Head& head) {
  const std::string name = segment_name({.instance = head.instance, .segment = head.segment});
  const auto read = files.read(directory + "/" + name, 0, head.offset);
  if (!read && read.error().code == ENOENT) return fail(name + " is missing", ENOENT);
  if (!read) return std::unexpected(read.error());
  const Bytes bytes(*read);
  Bytes frame;
  Sha256 sha;
  for (size_t at = 0; at < bytes.size(); at += frame.size()) {
    if (check_frame(bytes, at, frame) != FrameStatus::Good)
      return fail(name + " is damaged or ends at byte " + std::to_string(at), EBADMSG);
    const FrameType type = type_of(frame);
    if (at + frame.size() != head.offset) continue;
    const bool is_link = type == FrameType::Segment || type == FrameType::Commit || type == FrameType::Close;
    if (!is_link || load<Link>(frame, sizeof(FramePrefix)).number != head.number ||
        link_hash(sha, type, hashed_part(frame)) != head.hash)
      return fail(name + " holds something else at byte " + std::to_string(head.offset), EBADMSG);
    return {};
  }
  return fail(name + " ends at byte " + std::to_string(bytes.size()), EBADMSG);
}

}  // namespace sallyport::ringlog
