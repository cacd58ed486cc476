// Any bytes as a field that a core reported: a hit lies within the field, and nothing beyond it is read.
#include "core/guard/confirm_digits.h"
#include "core/guard/detector.h"
#include "core/guard/digits.h"
#include "tests/fuzz/fuzz.h"

using namespace sallyport;
using namespace sallyport::guard;

namespace {

void judge_digits(const fuzz::Exact& field) {
  DigitFindings portable;
  find_digits(field.span(), true, DigitEngine::Portable, portable);
  if (digit_engine() == DigitEngine::Avx2) {
    DigitFindings fast;
    find_digits(field.span(), true, DigitEngine::Avx2, fast);
    FUZZ_REQUIRE(fast.digits == portable.digits && fast.runs == portable.runs &&
                 fast.letter_digits == portable.letter_digits);
  }
  for (const DigitRun& run : portable.runs) {
    FUZZ_REQUIRE(run.begin < run.end && run.end <= field.span().size());
    std::vector<DigitHit> hits;
    judge_digit_run(field.span(), {run.begin, run.end}, DetectorSet::all(), hits);
    for (const DigitHit& hit : hits) {
      FUZZ_REQUIRE(hit.range.begin < hit.range.end && hit.range.end <= field.span().size());
    }
    // What is turned away at little cost is no hit.
    if (run.end - run.begin > 64) continue;
    const uint64_t digits = digit_mask(portable, run.begin, run.end - run.begin);
    FUZZ_REQUIRE(hits.empty() || worth_judging(field.span(), {run.begin, run.end}, digits));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Source source(data, size);
  const uint8_t which = source.u8();
  const size_t at = source.u16();
  const fuzz::Exact field(source.rest());
  if (field.span().empty()) return 0;
  const Detector& detector = Catalogue::all()[which % detector_count];
  if (detector.confirm == nullptr) {
    judge_digits(field);
    return 0;
  }
  for (const size_t end : {at % (field.span().size() + 1), field.span().size()}) {
    if (end == 0) continue;
    const auto hit = detector.confirm(field.span(), static_cast<uint32_t>(end));
    FUZZ_REQUIRE(!hit || (hit->begin < hit->end && hit->end <= field.span().size()));
  }
  return 0;
}
