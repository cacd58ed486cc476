// The loader refuses what may have been changed by others, is pinned otherwise, or breaks the contract.
#include "core/path/loader.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

class LoaderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "sallyport-loader-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A copy that belongs to nobody else.
  fs::path copy(const char* built, const std::string& name) {
    const fs::path path = folder_ / name;
    fs::copy_file(built, path);
    chmod(path.c_str(), 0644);
    return path;
  }
  static std::string error(const fs::path& path, const LoadOptions& options = {}) {
    const Result<Plugin> plugin = load_plugin(path, options);
    return plugin ? "" : plugin.error().text;
  }
  fs::path folder_;
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(LoaderTest, LoadsTheSkeletonAndTellsItsDigest) {
  const fs::path path = copy(SKELETON, "skeleton.so");
  const Result<Plugin> plugin = load_plugin(path);
  ASSERT_TRUE(plugin) << plugin.error().text;
  EXPECT_EQ(plugin->name(), "lines");
  EXPECT_EQ(plugin->digest.size(), 64u);
  EXPECT_EQ(error(path, {.digest = plugin->digest}), "");
  EXPECT_EQ(error(path, {.digest = "sha256:" + plugin->digest}), "");
}

TEST_F(LoaderTest, RefusesAnotherDigestBeforeLoading) {
  const fs::path path = copy(SKELETON, "skeleton.so");
  EXPECT_HAS(error(path, {.digest = std::string(64, '0')}), "but the config pins 0000");
  EXPECT_HAS(error(path, {.digest = "abc"}), "not a SHA-256");
}

// glibc knows an object by the name that it was opened with: two plugins must not be taken for one.
TEST_F(LoaderTest, TwoPluginsInOneProcessStayTwo) {
  const Result<Plugin> first = load_plugin(copy(SKELETON, "skeleton.so"));
  const Result<Plugin> second = load_plugin(copy(BROKEN, "broken.so"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->name(), "lines");
  EXPECT_EQ(second->name(), "broken");
}

TEST_F(LoaderTest, RefusesWhatOthersMayWrite) {
  const fs::path path = copy(SKELETON, "skeleton.so");
  chmod(path.c_str(), 0664);
  EXPECT_HAS(error(path), "the file is writable by its group or by others: chmod go-w it");
  chmod(path.c_str(), 0644);
  chmod(folder_.c_str(), 0777);
  EXPECT_HAS(error(path), "its directory");
  EXPECT_EQ(error(path, {.digest = {}, .check_ownership = false}), "");
}

TEST_F(LoaderTest, RefusesAnothersFile) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const fs::path path = copy(SKELETON, "skeleton.so");
  ASSERT_EQ(chown(path.c_str(), 12345, 0), 0);
  EXPECT_HAS(error(path), "belongs to user id 12345");
}

TEST_F(LoaderTest, RefusesPathsThatAreNotAPluginsFile) {
  const fs::path path = copy(SKELETON, "skeleton.so");
  fs::create_symlink(path, folder_ / "link.so");
  std::ofstream(folder_ / "text.so") << "no plugin";
  chmod((folder_ / "text.so").c_str(), 0644);
  EXPECT_HAS(error("skeleton.so"), "not absolute");
  EXPECT_HAS(error(folder_ / "none.so"), "No such file");
  EXPECT_HAS(error(folder_ / "link.so"), "symbolic link");
  EXPECT_HAS(error(folder_), "not a regular file");
  EXPECT_HAS(error(folder_ / "text.so"), "the dynamic linker refuses it");
}

// ---- The table.

sp_text text(const char* string) { return {string, strlen(string)}; }

struct Table {
  std::vector<sp_fact> facts = {{text("verb"), text("")}, {text("field.rows"), text("")}};
  std::vector<sp_text> values = {text("GET")};
  std::vector<sp_condition> conditions;
  std::vector<sp_clause> clauses;
  std::vector<sp_rule_set> sets;
  sp_manifest manifest = {};
  sp_plugin plugin = {};

  Table() {
    conditions = {{text("verb"), values.data(), 1}};
    clauses = {{conditions.data(), 1}};
    sets = {{text("good/read-only"), text(""), clauses.data(), 1}};
    manifest.size = sizeof manifest;
    manifest.name = text("good");
    manifest.version = text("1");
    plugin.magic = SP_MAGIC;
    plugin.abi_major = SP_ABI_MAJOR;
    plugin.abi_minor = SP_ABI_MINOR;
    plugin.size = sizeof plugin;
    plugin.open = [](const sp_host*, sp_session*, const sp_open*) -> void* { return nullptr; };
    plugin.feed = [](void*, const sp_input*) { return SP_OK; };
    plugin.close = [](void*) {};
    plugin.classify = [](sp_text, void (*)(void*, const sp_ask*), void*) { return 0; };
  }
  std::string error() {
    manifest.facts = facts.data();
    manifest.fact_count = facts.size();
    manifest.sets = sets.data();
    manifest.set_count = sets.size();
    plugin.manifest = &manifest;
    const Result<void> sound = check_plugin_table(plugin);
    return sound ? "" : sound.error().text;
  }
};

TEST(PluginTable, AcceptsASoundOne) { EXPECT_EQ(Table().error(), ""); }

TEST(PluginTable, RefusesOtherVersions) {
  Table magic, major, minor, size;
  magic.plugin.magic = 1;
  major.plugin.abi_major = SP_ABI_MAJOR + 1;
  minor.plugin.abi_minor = SP_ABI_MINOR + 1;
  size.plugin.size = 8;
  EXPECT_HAS(magic.error(), "SP_MAGIC");
  EXPECT_HAS(major.error(), "built for plugin ABI " + std::to_string(SP_ABI_MAJOR + 1) + ".");
  EXPECT_HAS(minor.error(), "use a newer gateway");
  EXPECT_HAS(size.error(), "smaller than ABI 1.0's");
}

TEST(PluginTable, NeedsItsFunctions) {
  Table table;
  table.plugin.classify = nullptr;
  EXPECT_HAS(table.error(), "lacks one of the functions");
}

TEST(PluginTable, RefusesNamesThatTheConfigCouldNotWrite) {
  for (const char* name : {"", "Upper", "1st", "a b", "../x"}) {
    Table table;
    table.manifest.name = text(name);
    EXPECT_HAS(table.error(), "the name must have") << name;
  }
}

TEST(PluginTable, PermissionsMustFit) {
  const std::vector<sp_permission> good = {{text("a-1"), text("help"), SP_PERMISSION_UNMASKED},
                                           {text("b"), text(""), 0}};
  const auto said = [](const std::vector<sp_permission>& list) {
    Table table;
    table.manifest.permissions = list.data();
    table.manifest.permission_count = list.size();
    return table.error();
  };
  EXPECT_EQ(said(good), "");
  EXPECT_HAS(said({{text("No"), text(""), 0}}), "a permission's name");
  EXPECT_HAS(said({{text("a"), text(""), 2}}), "a permission's flags");
  EXPECT_HAS(said({{text("a"), text(""), 0}, {text("a"), text(""), 0}}), "declared twice");
  // A plugin that was built before there were any is asked for none.
  Table old;
  old.manifest.size = offsetof(sp_manifest, permissions);
  old.manifest.permission_count = 7;
  EXPECT_EQ(old.error(), "");
}

TEST(PluginTable, FactsAndSetsMustFit) {
  Table fact, twice, verb, set, empty, values, capability;
  fact.facts.push_back({text("colour"), text("")});
  twice.facts.push_back({text("verb"), text("")});
  verb.facts.erase(verb.facts.begin());
  set.conditions[0].fact = text("object");
  empty.clauses[0].condition_count = 0;
  values.conditions[0].value_count = 0;
  capability.manifest.capabilities = 1u << 30;
  EXPECT_HAS(fact.error(), "fact \"colour\" is neither verb, object nor field.NAME");
  EXPECT_HAS(twice.error(), "a fact is declared twice");
  EXPECT_HAS(verb.error(), "fact \"verb\" is not declared");
  EXPECT_HAS(set.error(), "uses fact \"object\", which is not declared");
  EXPECT_HAS(empty.error(), "would match everything");
  EXPECT_HAS(values.error(), "a condition without values");
  EXPECT_HAS(capability.error(), "capabilities that this gateway does not know");
}

}  // namespace
}  // namespace sallyport
