// The kit's own parts: text, transcripts, recording, the skeleton's copy. That it finds broken plugins is
// shown in tests/wire.
#include "core/path/kit.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "core/path/kit_skeleton.h"
#include "core/path/kit_text.h"
#include "core/path/loader.h"

namespace sallyport {
namespace {

namespace fs = std::filesystem;

TEST(KitText, EveryByteSurvivesQuoting) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  const std::string quoted = kit_quote(bytes);
  size_t used = 0;
  const Result<std::string> back = kit_unquote(quoted + " rest", &used);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, bytes);
  EXPECT_EQ(used, quoted.size());
}

TEST(KitText, BadQuotesAreErrors) {
  size_t used = 0;
  for (const char* text : {"", "x", "\"open", "\"\\q\"", "\"\\x1\"", "\"\\"})
    EXPECT_FALSE(kit_unquote(text, &used)) << text;
}

TEST(KitTranscript, ErrorsNameTheLine) {
  const auto error = [](const char* text) {
    const Result<KitTranscript> transcript = parse_transcript("t", text);
    return transcript ? "" : transcript.error().text;
  };
  EXPECT_EQ(error("# fine\n\nclient < \"a\" \"b\"*3  # also fine\n"), "");
  EXPECT_EQ(error("client < \"a\"\nnonsense\n"), "t:2: unknown step `nonsense`");
  EXPECT_EQ(error("client > \"a\"\n"), "t:1: expected `< BYTES`");
  EXPECT_EQ(error("leg 9 < \"a\"\n"), "t:1: a leg's number is 0 to 7");
  EXPECT_EQ(error("set colour red\n"), "t:1: nothing named `colour` can be set");
  EXPECT_EQ(error("answer DROP perhaps\n"), "t:1: expected allow, deny or wait, not `perhaps`");
  EXPECT_EQ(error("opened 1 2\n"), "t:1: unexpected `2`");
}

// Neighbouring inputs may come in one piece, so they are one step.
TEST(KitTranscript, NeighbouringInputsAreOneStep) {
  const auto transcript = parse_transcript("t", "client < \"a\"\nclient < \"b\"*3\nleg 1 < \"c\"\n");
  ASSERT_TRUE(transcript);
  ASSERT_EQ(transcript->steps.size(), 2u);
  EXPECT_EQ(transcript->steps[0].bytes, "abbb");
}

class KitSkeletonTest : public testing::Test {
 protected:
  void SetUp() override {
    const Result<Plugin> plugin = load_plugin(SKELETON, {.digest = {}, .check_ownership = false});
    ASSERT_TRUE(plugin) << plugin.error().text;
    abi_ = plugin->abi;
  }
  const sp_plugin* abi_ = nullptr;
};

// What is recorded passes the kit.
TEST_F(KitSkeletonTest, RecordedTranscriptPasses) {
  const KitCapture capture[] = {{0, "store password\n"}, {1, "OK\n"}, {0, "GET a\nDEL b\n"},
                                {1, "OK a\n"},           {1, "OK\n"}, {0, "half"}};
  const Result<KitRecorded> recorded = record_session(*abi_, "recorded", {}, capture, "target-password");
  ASSERT_TRUE(recorded) << recorded.error().text;
  const std::string* text = &recorded->text;
  EXPECT_NE(text->find("opened 1\nexpect leg 1 > \"app target-password\\n\"\n"), std::string::npos) << *text;
  EXPECT_NE(text->find("expect held client 4\n"), std::string::npos) << *text;
  const KitCase result = check_transcript(*abi_, "recorded", *text);
  EXPECT_EQ(result.failures, std::vector<std::string>{});
  EXPECT_GT(result.run_count, 100u);
}

TEST_F(KitSkeletonTest, RecordingBytesOfAnUnopenedLegFails) {
  const KitCapture capture[] = {{0, "store wrong\n"}, {1, "OK\n"}};
  EXPECT_FALSE(record_session(*abi_, "recorded", {}, capture, "target-password"));
}

// A transcript that leaves something unsaid fails: output, held bytes, an end.
TEST_F(KitSkeletonTest, UnsaidThingsFail) {
  const std::string login =
      "client < \"store password\\n\"\nopened 1\nexpect leg 1 > \"app target-password\\n\"\n";
  const auto failure = [this](const std::string& text) {
    const KitCase result = check_transcript(*abi_, "t", text);
    return result.failures.empty() ? std::string() : result.failures.front();
  };
  EXPECT_EQ(failure(login), "");
  EXPECT_NE(failure(login + "leg 1 < \"OK\\n\"\n").find("no `expect` names"), std::string::npos);
  EXPECT_NE(failure(login + "client < \"G\"\n").find("held at the end"), std::string::npos);
  EXPECT_NE(failure(login + "end client\n").find("no `expect ended` says so"), std::string::npos);
}

// `plugin new`: the copy is whole, bears the new name, and refuses to overwrite.
TEST(KitSkeleton, CopyBearsTheNewName) {
  std::string pattern = (fs::temp_directory_path() / "sallyport-skeleton-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path folder = fs::path(pattern) / "mine";
  const Result<void> written = write_skeleton(folder, "mine");
  ASSERT_TRUE(written) << written.error().text;
  for (const SkeletonFile& file : skeleton_files()) EXPECT_TRUE(fs::exists(folder / file.name)) << file.name;
  std::ifstream in(folder / "skeleton.c");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_NE(text.find("TEXT(\"mine\")"), std::string::npos);
  EXPECT_EQ(text.find("TEXT(\"lines"), std::string::npos);
  // As skeleton.c and plugins/plugin.md say: plugin.h and a C compiler are all it takes.
  const std::string build =
      "cd '" + folder.string() + "' && cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden -I . -o mine.so *.c";
  ASSERT_EQ(system(build.c_str()), 0);
  const Result<Plugin> plugin = load_plugin(folder / "mine.so");
  ASSERT_TRUE(plugin) << plugin.error().text;
  EXPECT_EQ(plugin->name(), "mine");
  const KitReport report = check_plugin(*plugin->abi, folder / "transcripts", {.random_count = 3});
  EXPECT_TRUE(report.passed()) << report.text();
  EXPECT_FALSE(write_skeleton(folder, "mine"));
  EXPECT_FALSE(write_skeleton(fs::path(pattern) / "other", "No Name"));
  fs::remove_all(pattern);
}

}  // namespace
}  // namespace sallyport
