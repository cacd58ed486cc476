// Spans in, hits out: one pass over a buffer that holds many fields.
//
// Hyperscan and the digit scanner run over the bytes from the first field's begin to the last one's end,
// framing bytes included, because a call costs 175-275 ns and a batch 11 ns a field. What they report is a
// candidate only; each is mapped to its field and confirmed there (detector.h). So hits never depend on the
// bytes around a field, nor on which fields share a batch, and a value cut over two fields is no hit.
//
// Where the fields cover little of the buffer they are gathered first, with a zero byte between them.
#pragma once

#include <hs.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "config/error.h"
#include "core/guard/confirm_digits.h"
#include "core/guard/custom.h"
#include "core/guard/detector.h"
#include "core/guard/digits.h"

namespace sallyport::guard {

// One value inside the batch's buffer. Fields are in ascending order and do not overlap; size may be 0. Any
// alignment; bytes need not be text.
struct Field {
  uint32_t offset = 0;
  uint32_t size = 0;
  DetectorSet detectors = DetectorSet::all();  // those of the Scanner that count for this field
};

struct Hit {
  uint32_t field = 0;  // index into the batch
  Range range;         // of the field
  DetectorId detector{};
  DetectorSet detectors;  // all that took part, where overlapping hits were merged; holds `detector`
};

// A core that was not confirmed. Where a hit stands beside it in the same field it is judged once more,
// within the bytes between the hits, because that is how the value will look once they are masked.
struct Rejected {
  uint32_t field = 0;
  uint32_t end = 0;  // of the core, in the field
  DetectorId detector{};
};
inline constexpr size_t rejected_count_max = 65'536;  // of a batch; more are not judged again

// A field with more hits than this is told to the caller as `crowded` and reports none of them.
inline constexpr uint32_t field_hit_count_max = 65'536;
inline constexpr size_t batch_size_max = size_t{64} << 20;
// Fields are gathered when the bytes between them outnumber their own by this much.
inline constexpr size_t gather_gap_size_min = 256;

class Scanner;

// What a thread needs to scan; its vectors keep their capacity, so that scan() allocates nothing once they
// have grown (hits take at most 4 bytes a byte of the batch). One scan at a time.
class ScanScratch {
 public:
  ScanScratch() = default;
  ~ScanScratch();
  ScanScratch(const ScanScratch&) = delete;
  ScanScratch& operator=(const ScanScratch&) = delete;

  // Before the first scan with `scanner`; may be called again for another one (a reload). Allocates.
  [[nodiscard]] Result<void> prepare(const Scanner& scanner);

 private:
  friend class Scanner;
  hs_scratch_t* scratch_ = nullptr;
  hs_scratch_t* custom_scratch_ = nullptr;
  std::vector<uint8_t> gathered_;
  std::vector<Field> gathered_fields_;
  DigitFindings digits_;
  std::vector<DigitHit> digit_hits_;
  std::vector<Rejected> rejected_;
};

struct ScanResult {
  std::vector<Hit> hits;          // by field, then by begin; disjoint within a field
  std::vector<uint32_t> crowded;  // fields over field_hit_count_max, ascending
};

// Immutable; shared by all threads.
class Scanner {
 public:
  // Compiles for 1-100 ms: off the data path.
  [[nodiscard]] static Result<std::shared_ptr<const Scanner>> compile(
      DetectorSet detectors, std::shared_ptr<const CustomDetectors> custom = nullptr);
  ~Scanner();
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  // Clears `result` and fills it. `buffer` is at most batch_size_max bytes and holds every field. A failure
  // is the engine's own (never the bytes' fault): nothing of the batch has been judged then.
  [[nodiscard]] bool scan(Bytes buffer, std::span<const Field> fields, ScanScratch& scratch,
                          ScanResult& result) const;

  [[nodiscard]] DetectorSet detectors() const { return detectors_; }
  // What stands for a redacted hit.
  [[nodiscard]] std::string_view label(DetectorId id) const {
    return is_custom(id) ? custom_->label(id) : Catalogue::at(id).label;
  }

 private:
  friend class ScanScratch;
  Scanner() = default;

  // Appends hits that stand free once those found so far are masked.
  void judge_again(Bytes buffer, std::span<const Field> fields, ScanScratch& scratch,
                   std::vector<Hit>& hits) const;
  static int on_literal(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                        void* context);
  [[nodiscard]] bool scan_literals(Bytes buffer, std::span<const Field> fields, ScanScratch& scratch,
                                   std::vector<Hit>& hits) const;
  void scan_digits(Bytes buffer, std::span<const Field> fields, ScanScratch& scratch,
                   std::vector<Hit>& hits) const;

  // The detector's own judgement (detector.h), built in or not.
  [[nodiscard]] std::optional<Range> confirm(DetectorId id, Bytes field, uint32_t end,
                                             ScanScratch& scratch) const {
    return is_custom(id) ? custom_->confirm(id, field, end, scratch.custom_scratch_)
                         : Catalogue::at(id).confirm(field, end);
  }

  std::shared_ptr<const CustomDetectors> custom_;
  DetectorSet detectors_;
  DetectorSet digit_run_detectors_;
  DetectorSet letter_digit_detectors_;
  hs_database_t* database_ = nullptr;  // null when no detector has a literal core
};

}  // namespace sallyport::guard
