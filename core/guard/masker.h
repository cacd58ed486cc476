// Masks a batch of values by their plans. One Masker a thread; the data path's `mask(spans)` ends here.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/error.h"
#include "core/guard/mask_action.h"
#include "core/guard/scanner.h"

namespace sallyport::guard {

// One value of the batch: offset and size in the buffer, in ascending order, not overlapping.
struct MaskField {
  uint32_t offset = 0;
  uint32_t size = 0;
  ValueKind kind = ValueKind::Text;
  const MaskPlan* plan = nullptr;  // null or empty: the value passes untouched
};

enum class MaskOutcome : uint8_t {
  Untouched,
  InPlace,   // same length, already written into the buffer
  Replaced,  // `bytes` stand for the value; the buffer still holds the old one and must not be passed on
  Withhold,  // cannot be judged (too many hits, or the engine failed): the caller passes none of it
};

struct MaskResult {
  MaskOutcome outcome = MaskOutcome::Untouched;
  Bytes bytes;  // Replaced only; lent until the next call
};

struct MaskCounters {
  std::array<uint64_t, detector_slot_count> hits{};  // by the detector that names the hit
  uint64_t whole = 0;                                // values masked by a field rule
  uint64_t masked_fields = 0;
  uint64_t withheld_fields = 0;
};

class Masker {
 public:
  // Once for each Scanner that mask() will be given (again after a reload). Allocates.
  [[nodiscard]] Result<void> prepare(const Scanner& scanner) { return scratch_.prepare(scanner); }

  // One result for each field, lent until the next call. Writes only inside fields whose outcome is InPlace.
  // Plans may name only detectors of `scanner`. Allocates nothing once warm.
  [[nodiscard]] std::span<const MaskResult> mask(const Scanner& scanner, std::span<uint8_t> buffer,
                                                 std::span<const MaskField> fields);

  // For the control plane: request text on the record, approvals, webhooks. "[withheld]" if it cannot be
  // judged.
  [[nodiscard]] std::string mask_text(const Scanner& scanner, const MaskPlan& plan, std::string_view text);

  [[nodiscard]] const MaskCounters& counters() const { return counters_; }

 private:
  struct Piece {  // a Replaced result's place in the arena, which may still move while it grows
    uint32_t field;
    size_t begin;
    size_t end;
  };

  void choose_fields(std::span<const MaskField> fields);
  void mask_found(std::span<uint8_t> buffer, std::span<const MaskField> fields);
  void mask_field(std::span<uint8_t> buffer, std::span<const MaskField> fields, uint32_t index,
                  std::span<const Hit> hits);
  void withhold(uint32_t index);
  [[nodiscard]] MaskOutcome mask_one(std::span<uint8_t> value, const MaskField& field,
                                     std::span<const Hit> hits);
  [[nodiscard]] MaskOutcome mask_whole(std::span<uint8_t> value, MaskAction action, ValueKind kind);
  [[nodiscard]] MaskOutcome mask_hits(std::span<uint8_t> value, const MaskField& field,
                                      std::span<const Hit> hits);
  void append(std::string_view text) { arena_.insert(arena_.end(), text.begin(), text.end()); }
  void append(Bytes bytes) { arena_.insert(arena_.end(), bytes.begin(), bytes.end()); }

  ScanScratch scratch_;
  ScanResult scan_;
  std::vector<Field> scanned_;
  std::vector<uint32_t> scanned_index_;  // scanned_[i] is fields[scanned_index_[i]] of the batch
  std::vector<uint32_t> decided_;        // fields with something to do whatever the scan finds
  std::vector<uint8_t> arena_;
  std::vector<Piece> pieces_;
  std::vector<MaskResult> results_;
  MaskCounters counters_;
};

}  // namespace sallyport::guard
