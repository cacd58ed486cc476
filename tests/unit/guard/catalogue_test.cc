// Every detector against the vectors that make_vectors.py makes by the published rules, and those written by
// hand. Each detector is one case, so that a failure names it.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/guard/scanner.h"
#include "tests/unit/guard/made_vectors.h"

namespace sallyport::guard {
namespace {

std::string show(std::string_view text, const std::vector<Range>& marks) {
  std::string out(text);
  for (size_t i = marks.size(); i-- > 0;) {
    out.insert(marks[i].end, "»");
    out.insert(marks[i].begin, "«");
  }
  return out;
}

class EachDetector : public testing::TestWithParam<size_t> {
 protected:
  static void SetUpTestSuite() {
    scanner_ = *Scanner::compile(DetectorSet::all());
    ASSERT_TRUE(scratch_.prepare(*scanner_).has_value());
  }
  static void TearDownTestSuite() { scanner_.reset(); }

  static std::string found(const std::string& text, DetectorSet detectors) {
    const Field field{0, static_cast<uint32_t>(text.size()), detectors};
    ScanResult result;
    EXPECT_TRUE(scanner_->scan({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, {&field, 1},
                               scratch_, result));
    std::vector<Range> ranges;
    for (const Hit& hit : result.hits) ranges.push_back(hit.range);
    return show(text, ranges);
  }

  static inline std::shared_ptr<const Scanner> scanner_;
  static inline ScanScratch scratch_;
};

TEST_P(EachDetector, FindsItsVectorsAndLeavesNearMisses) {
  const Detector& detector = Catalogue::all()[GetParam()];
  const auto lines = made_vectors().find(std::string(detector.name()));
  ASSERT_NE(lines, made_vectors().end()) << detector.name() << " has no vectors";
  const auto hits = samples(lines->second.hits);
  const auto misses = samples(lines->second.misses);
  EXPECT_GE(hits.size(), 20u);
  EXPECT_GE(misses.size(), 20u);
  for (const Sample& sample : hits) {
    ASSERT_FALSE(sample.ranges.empty()) << sample.text;
    EXPECT_EQ(found(sample.text, detector.id), show(sample.text, sample.ranges));
  }
  for (const Sample& sample : misses) EXPECT_EQ(found(sample.text, detector.id), sample.text);
}

// docs/MASKING.md tells of each detector in the catalogue's own words.
TEST(MaskingPage, ListsTheCatalogue) {
  std::ifstream file(MASKING_PAGE);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  for (const std::string_view set : {"@pii", "@secrets"}) {
    std::string table = "| in `" + std::string(set) + "` | what counts as one | source |\n|---|---|---|\n";
    for (const Detector& detector : Catalogue::all()) {
      if (detector.set() != set) continue;
      table += "| `" + std::string(detector.name()) + "` | " + std::string(detector.doc) + " | " +
               std::string(detector.source) + " |\n";
    }
    EXPECT_NE(page.find(table), std::string::npos) << "docs/MASKING.md must hold this table:\n" << table;
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EachDetector, testing::Range(size_t{0}, detector_count),
                         [](const auto& each) {
                           std::string name(Catalogue::all()[each.param].name());
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace sallyport::guard
