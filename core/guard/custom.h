// Detectors that a config defines ([[detector]]): a bounded pattern, words that must stand near, a check sum.
//
// The core is the pattern itself or, where there are words, each of them. Hyperscan reports ends only (FACTS:
// no start of match), so the start is found by matching the pattern, anchored on both sides, against each
// length that it can have, the longest first. That is why its widths are bounded.
#pragma once

#include <hs.h>

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/guard/detector.h"

namespace sallyport::guard {

inline constexpr uint32_t custom_width_min = 4;
inline constexpr uint32_t custom_width_max = 128;
inline constexpr uint32_t custom_spread_max = 64;  // of widths: each costs a candidate one more match

// Immutable; shared by all threads.
class CustomDetectors {
 public:
  // Problems name the file, the line, and what to write instead. Compiles for milliseconds a detector: off
  // the data path.
  [[nodiscard]] static std::expected<std::shared_ptr<const CustomDetectors>, std::vector<config::Problem>>
  compile(const std::vector<config::CustomDetector>& detectors);
  ~CustomDetectors();
  CustomDetectors(const CustomDetectors&) = delete;
  CustomDetectors& operator=(const CustomDetectors&) = delete;

  [[nodiscard]] std::optional<DetectorSet> find(std::string_view name) const;
  [[nodiscard]] std::string_view name(DetectorId id) const;
  // "[employee]": what stands for a redacted hit.
  [[nodiscard]] std::string_view label(DetectorId id) const;
  // Patterns for the scanner's database.
  [[nodiscard]] std::vector<std::string> cores(DetectorId id) const;
  // As Confirm. `scratch` is of this object's prepare(), and not the one of the scan under way.
  [[nodiscard]] std::optional<Range> confirm(DetectorId id, Bytes field, uint32_t end,
                                             hs_scratch_t* scratch) const;
  [[nodiscard]] bool prepare(hs_scratch_t** scratch) const;

 private:
  friend std::vector<std::string> detector_names(const CustomDetectors* custom);
  struct Entry {
    std::string name;
    std::string label;
    std::string pattern;
    std::vector<std::string> words;  // in upper case
    config::DetectorCheck check = config::DetectorCheck::none;
    uint32_t width_min = 0;
    uint32_t width_max = 0;
    hs_database_t* anchored = nullptr;  // the pattern and nothing around it
    hs_database_t* plain = nullptr;     // with words only
  };
  CustomDetectors() = default;

  [[nodiscard]] static Result<void> compile(const config::CustomDetector& detector, Entry& entry);
  [[nodiscard]] static std::optional<Range> judge(const Entry& entry, Bytes field, uint32_t end,
                                                  hs_scratch_t* scratch);

  std::vector<Entry> entries_;
};

// What a mask's `detect` may name: built-in detectors, sets, and those of `custom`, which may be null.
[[nodiscard]] std::optional<DetectorSet> find_detectors(std::string_view name, const CustomDetectors* custom);
[[nodiscard]] std::vector<std::string> detector_names(const CustomDetectors* custom);
// The message for a name that none has.
[[nodiscard]] std::string no_detector(const std::string& name, const CustomDetectors* custom);

}  // namespace sallyport::guard
