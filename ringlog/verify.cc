#include "ringlog/verify.h"

#include "ringlog/verifier.h"

namespace sallyport::ringlog {

Result<VerifyReport> verify(Files& files, const std::string& directory, const PublicKey& root,
                            const std::optional<Head>& saved) {
  return Verifier(files, directory, root, saved ? std::vector<Head>{*saved} : std::vector<Head>()).run();
}

Result<VerifyReport> verify(Files& files, const std::string& directory, const PublicKey& root,
                            std::vector<Head> saved) {
  return Verifier(files, directory, root, std::move(saved)).run();
}

Verifier::Verifier(Files& files, std::string directory, const PublicKey& root, std::vector<Head> saved)
    : files_(files), directory_(std::move(directory)), root_(root), saved_(std::move(saved)) {}

Result<VerifyReport> Verifier::run() {
  std::vector<std::string> strangers;
  auto segments = list_segments(files_, directory_, &strangers);
  if (!segments) return std::unexpected(std::move(segments.error()));
  if (!strangers.empty()) {
    file_ = strangers.front();
    fault(FaultKind::StrangerFile, 0, "no name of a segment");
    return std::move(report_);
  }
  auto rotations = read_rotations(files_, directory_);
  const char* wrong = rotations ? roots_.begin(root_, std::move(*rotations)) : rotations.error().text.c_str();
  if (wrong != nullptr) {
    file_ = segments->empty() ? "rotations" : segments->front().name;
    fault(FaultKind::BadKey, 0, wrong);
    return std::move(report_);
  }
  report_.rotations = roots_.rotations().size();
  if (!collect_pins(*segments)) return std::move(report_);
  for (size_t i = 0; i < segments->size(); i++) {
    const SegmentInfo& info = (*segments)[i];
    const SegmentInfo* next = i + 1 < segments->size() ? &(*segments)[i + 1] : nullptr;
    const bool first = i == 0 || (*segments)[i - 1].id.instance != info.id.instance;
    const bool last = next == nullptr || next->id.instance != info.id.instance;
    file_ = info.name;
    const uint32_t expected = first ? 1 : (*segments)[i - 1].id.segment + 1;
    if (info.id.segment != expected) {
      fault(FaultKind::MissingSegment, 0, segment_name({info.id.instance, expected}) + " is missing");
      return std::move(report_);
    }
    if (first) report_.instances++;
    if (!check_segment(info, last ? nullptr : next)) return std::move(report_);
    if (!last) continue;
    if (!check_pins(info.id.instance)) return std::move(report_);
    previous_instance_ = info.id;
    report_.head = head_;
    report_.closed = closed_ && final_;
  }
  for (const auto& [key, pin] : pins_) {
    report_.heads += pin.saved && pin.found ? 1 : 0;
    if (pin.found) continue;
    file_ = segment_name({key.first, 1});
    fault(pin.saved ? FaultKind::WrongHead : FaultKind::MissingInstance, 0, "the whole chain is missing");
    break;
  }
  return std::move(report_);
}

bool Verifier::fault(FaultKind kind, uint64_t offset, std::string text) {
  if (!report_.fault)
    report_.fault = {.file = file_, .offset = offset, .kind = kind, .text = std::move(text)};
  return false;
}

// Links that must exist: each instance names the end of the one before, and the auditor may hold a head.
bool Verifier::collect_pins(const std::vector<SegmentInfo>& segments) {
  for (const Head& head : saved_) {
    const auto [pin, fresh] =
        pins_.try_emplace({head.instance, head.number}, Pin{.hash = head.hash, .saved = true});
    if (fresh || pin->second.hash == head.hash) continue;
    file_ = segment_name({head.instance, head.segment});
    return fault(FaultKind::WrongHead, head.offset,
                 "two saved heads tell of different links " + std::to_string(head.number) +
                     ": the log was rolled back and written anew, or one of them was made up");
  }
  for (const SegmentInfo& info : segments) {
    if (info.id.segment != 1) continue;
    auto bytes = files_.read(directory_ + "/" + info.name, 0, sizeof(SegmentFrame));
    Bytes frame;
    if (!bytes || check_frame(*bytes, 0, frame) != FrameStatus::Good) continue;  // reported in its turn
    if (type_of(frame) != FrameType::Segment) continue;
    const auto header = load<SegmentFrame>(frame);
    if (header.predecessor == 0 || header.predecessor >= info.id.instance) continue;
    pins_.try_emplace({header.predecessor, header.predecessor_number}, Pin{.hash = header.link.previous});
  }
  return true;
}

bool Verifier::check_pins(uint64_t instance) {
  for (auto pin = pins_.lower_bound({instance, 0}); pin != pins_.end() && pin->first.first == instance;
       ++pin) {
    if (pin->second.found) continue;
    return fault(pin->second.saved ? FaultKind::WrongHead : FaultKind::Truncated, head_.offset,
                 "ends at link " + std::to_string(head_.number) + "; link " +
                     std::to_string(pin->first.second) + " is known to have existed");
  }
  return true;
}

}  // namespace sallyport::ringlog
