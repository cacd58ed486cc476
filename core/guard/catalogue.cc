#include <array>

#include "core/guard/catalogue_pii.h"
#include "core/guard/catalogue_secrets.h"

namespace sallyport::guard {
namespace {

constexpr auto detectors = [] {
  std::array<Detector, detector_count> all{};
  static_assert(std::size(pii_rows) + std::size(secret_rows) == detector_count);
  std::ranges::copy(secret_rows, std::ranges::copy(pii_rows, all.begin()).out);
  return all;
}();

constexpr bool in_order() {
  for (size_t i = 0; i < detectors.size(); ++i) {
    if (static_cast<size_t>(detectors[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order());

template <typename Is>
constexpr DetectorSet collect(Is is) {
  DetectorSet set;
  for (const Detector& detector : detectors) {
    if (is(detector)) set |= detector.id;
  }
  return set;
}

}  // namespace

std::span<const Detector, detector_count> Catalogue::all() { return detectors; }

const Detector& Catalogue::at(DetectorId id) { return detectors[static_cast<size_t>(id)]; }

std::optional<DetectorSet> Catalogue::find(std::string_view name) {
  const DetectorSet found =
      collect([name](const Detector& detector) { return detector.name() == name || detector.set() == name; });
  if (found.empty()) return std::nullopt;
  return found;
}

DetectorSet Catalogue::with(Form form) {
  return collect([form](const Detector& detector) { return detector.form == form; });
}

DetectorSet Catalogue::with(CoreKind core) {
  // A NINO in its printed form is digits with spaces.
  const DetectorSet set = collect([core](const Detector& detector) { return detector.core == core; });
  return core == CoreKind::DigitRun ? set | DetectorId::UkNino : set;
}

}  // namespace sallyport::guard
