#include "core/guard/hits.h"

#include <algorithm>

namespace sallyport::guard {
namespace {

bool by_place(const Hit& a, const Hit& b) {
  if (a.field != b.field) return a.field < b.field;
  if (a.range.begin != b.range.begin) return a.range.begin < b.range.begin;
  if (a.range.end != b.range.end) return a.range.end > b.range.end;
  return a.detector < b.detector;
}

}  // namespace

void settle(ScanResult& result) {
  std::vector<Hit>& hits = result.hits;
  if (!std::ranges::is_sorted(hits, by_place)) std::ranges::sort(hits, by_place);
  size_t kept = 0;
  size_t field_begin = 0;  // the first kept hit of the field under way
  const auto close_field = [&] {
    if (kept - field_begin > field_hit_count_max) {
      result.crowded.push_back(hits[field_begin].field);
      kept = field_begin;
    }
    field_begin = kept;
  };
  for (const Hit& hit : hits) {
    if (kept > field_begin && hits[kept - 1].field != hit.field) close_field();
    Hit* const before = kept > field_begin ? &hits[kept - 1] : nullptr;
    if (before != nullptr && hit.range.begin < before->range.end) {
      before->range.end = std::max(before->range.end, hit.range.end);
      before->detector = std::max(before->detector, hit.detector);
      before->detectors |= hit.detectors;
    } else {
      hits[kept++] = hit;
    }
  }
  close_field();
  hits.resize(kept);
}

}  // namespace sallyport::guard
