// The values that the canary plants.
#include "core/guard/fakes.h"

#include "tests/unit/guard/masker_fixture.h"

namespace sallyport::guard {
namespace {

// Goal: a canary that comes back as it was planted is a leak, never a fake that nobody would have found.
// Method: each fake alone, its detector alone, every action.
TEST(Fakes, EveryDetectorCatchesItsOwnByEveryAction) {
  MaskerFixture fixture;
  for (const Detector& detector : Catalogue::all()) {
    const Fake fake = fake_of(detector.id);
    EXPECT_TRUE(fixture.found(fake.text).has(detector.id)) << detector.name() << ": " << fake.text;
    EXPECT_GE(fake.hidden.size(), 6u) << detector.name();
    EXPECT_NE(fake.text.find(fake.hidden), std::string::npos) << detector.name();
    for (const MaskAction action :
         {MaskAction::KeepShape, MaskAction::Partial, MaskAction::Token, MaskAction::Redact}) {
      const std::string masked = fixture.mask(fake.text, plan_of(action, detector.id));
      EXPECT_EQ(masked.find(fake.hidden), std::string::npos) << detector.name() << ": " << masked;
    }
  }
}

// Goal: a mask of requests does not keep a fake from being planted. Method: pieces of three, as the probe
// sends them.
TEST(Fakes, NoPieceIsFoundByAnyDetector) {
  MaskerFixture fixture;
  for (const Detector& detector : Catalogue::all()) {
    const std::string text = fake_of(detector.id).text;
    std::string pieces;
    for (size_t at = 0; at < text.size(); at += 3)
      pieces += (at == 0 ? "'" : "||'") + text.substr(at, 3) + "'";
    EXPECT_TRUE(fixture.found("SELECT " + pieces).empty()) << detector.name() << ": " << pieces;
  }
}

}  // namespace
}  // namespace sallyport::guard
