// The sample config and its cases, with the PostgreSQL plugin's own manifest and classifier.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/guard/cases.h"
#include "tests/unit/config/folder.h"
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

// config.md names the keys of a case, as the reader of cases lists them.
TEST(Sample, TheReferenceNamesEachKeyOfACase) {
  auto config = config::load(SAMPLE_CONFIG);
  ASSERT_TRUE(config.has_value()) << list(config.error());
  const sp_manifest* manifest = sallyport_plugin.manifest;
  const Compiled policy = Policy::compile(std::move(*config), {&manifest, 1});
  ASSERT_TRUE(policy.has_value());
  const config::Folder folder;
  const auto report = run_cases(**policy, folder.write("cases.toml", "[[case]]\nzzzzzzzzzzzz = 1\n"), {});
  ASSERT_FALSE(report.has_value());
  const std::string said = list(report.error());
  const size_t known = said.find("known are");
  ASSERT_NE(known, std::string::npos) << said;
  std::istringstream keys(said.substr(known + 9, said.find('\n', known) - known - 9));
  std::ifstream file(REFERENCE);
  std::string page(std::istreambuf_iterator<char>(file), {});
  page = page.substr(page.find("## Cases"));
  size_t count = 0;
  for (std::string key; keys >> key; ++count)
    EXPECT_NE(page.find("\n| `" + key + "` |"), std::string::npos) << key;
  EXPECT_EQ(count, 6u);
}

}  // namespace
}  // namespace sallyport::guard
