// Masks a batch of values by their plans. One Masker a thread; the data path's `mask(spans)` ends here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/error.h"
#include "core/guard/mask_action.h"
#include "core/guard/scanner.h"
#include "core/guard/token.h"

namespace sallyport::guard {

// One value of the batch: offset and size in the buffer, in ascending order, not overlapping; or anywhere
// else, beside the buffer.
struct MaskField {
  uint32_t offset = 0;  // 0 with `bytes`
  uint32_t size = 0;
  ValueKind kind = ValueKind::Text;
  const MaskPlan* plan = nullptr;  // null or empty: the value passes untouched
  uint8_t* bytes = nullptr;        // null: in the buffer
};

enum class MaskOutcome : uint8_t {
  Untouched,
  InPlace,   // same length, already written where the value lies
  Replaced,  // `bytes` stand for the value; where it lies it is still the old one, not to be passed on
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
  // `keys` are what plans with Token mean by their indexes.
  [[nodiscard]] std::span<const MaskResult> mask(const Scanner& scanner, std::span<uint8_t> buffer,
                                                 std::span<const MaskField> fields, TokenKeys keys = {});

  // The values that the last mask() changed, and by what: in no order. A value with several hits of a
  // detector stands once, with their count.
  struct Found {
    uint32_t field = 0;                  // of that call
    std::optional<DetectorId> detector;  // nothing: a field rule has masked the whole value
    uint32_t hits = 0;
  };
  [[nodiscard]] std::span<const Found> found() const { return found_; }

  // Which of `wanted` hit one of the texts; JSON among them is looked at decoded, too. Nothing: they cannot
  // be judged.
  [[nodiscard]] std::optional<DetectorSet> find(const Scanner& scanner, DetectorSet wanted,
                                                std::span<const std::string_view> texts, TokenKeys keys = {});

  // The same as mask_text for bytes of a protocol: each text among them is looked at by itself, the bytes
  // between are left out.
  [[nodiscard]] std::string mask_bytes(const Scanner& scanner, const MaskPlan& plan, std::string_view bytes,
                                       TokenKeys keys = {});

  // For the control plane: request text on the record, approvals, webhooks. "[withheld]" if it cannot be
  // judged.
  [[nodiscard]] std::string mask_text(const Scanner& scanner, const MaskPlan& plan, std::string_view text,
                                      TokenKeys keys = {});

  [[nodiscard]] const MaskCounters& counters() const { return counters_; }

 private:
  struct Piece {  // a Replaced result's place in the arena, which may still move while it grows
    uint32_t field;
    size_t begin;
    size_t end;
  };

  // What one scan looks at: the values in the buffer, or copies of those beside it.
  struct Part {
    std::vector<Field> fields;
    std::vector<uint32_t> index;    // fields[i] is the caller's index[i]
    std::vector<uint32_t> decided;  // the caller's fields with something to do whatever the scan finds
    ScanResult scan;
  };

  // A JSON value that is being masked (masker_json.cc).
  struct JsonJob {
    std::span<uint8_t> value;
    const MaskPlan* plan = nullptr;
    std::span<const Hit> hits;  // those not yet behind us
    MaskAction whole = MaskAction::None;
    bool in_place = false;
    uint32_t done = 0;  // of the value, up to here it is in the arena
  };

  void choose_fields(std::span<uint8_t> buffer, std::span<const MaskField> fields);
  [[nodiscard]] bool copy_loose(Bytes value, const MaskField& field, bool decode);
  void mask_part(const Scanner& scanner, std::span<uint8_t> buffer, std::span<const MaskField> fields,
                 std::span<const uint8_t> scanned, Part& part);
  void mask_found(std::span<uint8_t> buffer, std::span<const MaskField> fields, const Part& part);
  void mask_field(std::span<uint8_t> buffer, std::span<const MaskField> fields, uint32_t index,
                  std::span<const Hit> hits);
  void note_found(uint32_t index, const MaskPlan& plan, std::span<const Hit> hits);
  void withhold(uint32_t index);
  [[nodiscard]] MaskOutcome mask_one(std::span<uint8_t> value, const MaskField& field,
                                     std::span<const Hit> hits);
  [[nodiscard]] MaskOutcome mask_whole(std::span<uint8_t> value, MaskAction action, TokenKeyIndex key,
                                       ValueKind kind);
  [[nodiscard]] const TokenKey& key_at(TokenKeyIndex index) const;
  [[nodiscard]] std::string_view token(TokenKeyIndex key, Bytes value, ValueKind kind);
  void append_label(Bytes value, const Hit& hit, MaskAction action, const MaskPlan& plan, ValueKind kind);
  [[nodiscard]] MaskOutcome mask_hits(std::span<uint8_t> value, const MaskField& field,
                                      std::span<const Hit> hits);
  [[nodiscard]] MaskOutcome mask_json(std::span<uint8_t> value, const MaskField& field,
                                      std::span<const Hit> hits);
  [[nodiscard]] MaskOutcome replace_json(Bytes value, MaskAction action, TokenKeyIndex key);
  void mask_json_number(JsonJob& job, Range at, Range looked_at);
  void mask_json_string(JsonJob& job, Range at, Range looked_at);
  void mask_json_piece(JsonJob& job, Range at, MaskAction action, const Hit& hit);
  void append(std::string_view text) { arena_.insert(arena_.end(), text.begin(), text.end()); }
  void append(Bytes bytes) { arena_.insert(arena_.end(), bytes.begin(), bytes.end()); }

  ScanScratch scratch_;
  Tokenizer tokenizer_;
  TokenKeys keys_;                    // of the call under way
  const Scanner* scanner_ = nullptr;  // likewise
  std::vector<Found> found_;
  Part in_buffer_;
  Part loose_;
  std::vector<uint8_t> loose_bytes_;  // what loose_ looks at, a zero byte after each
  std::vector<uint8_t> json_piece_;
  std::vector<uint8_t> arena_;
  std::vector<Piece> pieces_;
  std::vector<MaskResult> results_;
  MaskCounters counters_;
};

}  // namespace sallyport::guard
