#include "core/io/blocks.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace sallyport {
namespace {

TEST(BlocksTest, CountsWhatIsOut) {
  Blocks blocks = Blocks::open(4, 4096, true).value();
  EXPECT_EQ(blocks.out(), 0U);
  blocks.take(3);
  blocks.take(0);
  EXPECT_EQ(blocks.out(), 2U);
  blocks.give_back(3);
  EXPECT_EQ(blocks.out(), 1U);
  EXPECT_EQ(blocks.at(3).size(), 4096U);
  EXPECT_EQ(blocks.at(1).data() - blocks.at(0).data(), 4096);
}

// Two owners of one block would mix two connections' bytes: the process ends instead.
TEST(BlocksDeathTest, GivingBackTwiceEndsTheProcess) {
  Blocks blocks = Blocks::open(2, 4096, false).value();
  blocks.take(1);
  blocks.give_back(1);
  EXPECT_DEATH(blocks.give_back(1), "CHECK failed");
  EXPECT_DEATH(blocks.give_back(2), "CHECK failed");
}

// The pool holds clients' data, so the kernel marks it as not to be dumped ("dd" in smaps).
TEST(BlocksTest, AreLeftOutOfCoreDumps) {
  Blocks blocks = Blocks::open(16, 65536, false).value();
  auto start = reinterpret_cast<uintptr_t>(blocks.at(0).data());
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t from = 0;
    uintptr_t to = 0;
    if (sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) inside = from <= start && start < to;
    if (!inside || !line.starts_with("VmFlags:")) continue;
    found = true;
    EXPECT_NE((line + " ").find(" dd "), std::string::npos) << line;
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace sallyport
