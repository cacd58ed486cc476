// The sample config and its cases, with the PostgreSQL plugin's own manifest and classifier.
#include <gtest/gtest.h>

#include "core/guard/cases.h"
#include "tests/unit/policy/fixture.h"

namespace sallyport::guard {
namespace {

TEST(Sample, CompilesAndComesToWhatItsCasesSay) {
  auto config = config::load(SAMPLE_CONFIG);
  ASSERT_TRUE(config.has_value()) << list(config.error());
  const sp_manifest* manifest = sallyport_plugin.manifest;
  const Compiled policy = Policy::compile(std::move(*config), {&manifest, 1});
  ASSERT_TRUE(policy.has_value()) << list(policy.error());
  const sp_plugin* plugin = &sallyport_plugin;
  const auto report = run_cases(**policy, SAMPLE_CASES, {&plugin, 1});
  ASSERT_TRUE(report.has_value()) << list(report.error());
  EXPECT_EQ(report->count, 7u);
  EXPECT_EQ(list(report->differences), "");
}

}  // namespace
}  // namespace sallyport::guard
