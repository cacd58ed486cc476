#include "core/path/kit_leg.h"

#include "config/check.h"

namespace sallyport {

std::string KitLeg::consume(size_t size, int to) {
  CHECK(size <= unconsumed.size());
  std::string bytes = unconsumed.substr(0, size);
  unconsumed.erase(0, size);
  (to == kDropped ? dropped : passed) += size;
  if (size == 0) return bytes;
  if (!fates.empty() && fates.back().to == to) {
    fates.back().size += size;
  } else {
    fates.push_back({to, size});
  }
  CHECK(received == passed + dropped + unconsumed.size());
  return bytes;
}

void KitLeg::close_unit() {
  unit_of = kNobody;
  output += waiting;
  waiting.clear();
}

}  // namespace sallyport
