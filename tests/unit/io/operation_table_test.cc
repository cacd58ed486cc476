#include "core/io/operation_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "core/io/sim_random.h"

namespace sallyport {
namespace {

std::set<uint64_t> tokens_of(const OperationTable& table, int fd) {
  std::set<uint64_t> tokens;
  for (uint64_t handle = table.first(fd); handle != 0; handle = table.next(handle))
    tokens.insert(table.token(handle));
  return tokens;
}

TEST(OperationTableTest, FindsByTokenAndByDescriptor) {
  OperationTable table;
  uint64_t receive = table.add(100, 7);
  uint64_t send = table.add(101, 7);
  uint64_t cancel = table.add(102, -1);
  EXPECT_EQ(table.find(101), send);
  EXPECT_EQ(table.find(103), 0U);
  EXPECT_EQ(tokens_of(table, 7), (std::set<uint64_t>{100, 101}));
  EXPECT_EQ(tokens_of(table, 8), (std::set<uint64_t>{}));
  EXPECT_EQ(table.token(cancel), 102U);
  EXPECT_EQ(table.remove(receive), 100U);
  EXPECT_EQ(tokens_of(table, 7), (std::set<uint64_t>{101}));
  EXPECT_EQ(table.count(), 2U);
}

// A slot is used again under another handle, so that a late word about the old one hits nobody.
TEST(OperationTableDeathTest, AnOldHandleNamesNobody) {
  OperationTable table;
  uint64_t old_handle = table.add(1, 7);
  table.remove(old_handle);
  EXPECT_NE(table.add(1, 7), old_handle);
  EXPECT_DEATH(table.remove(old_handle), "CHECK failed");
}

TEST(OperationTableDeathTest, ATokenIsInFlightOnce) {
  OperationTable table;
  table.add(5, 7);
  EXPECT_DEATH(table.add(5, 8), "CHECK failed");
}

// Against a plain model, over many random steps, with tokens and descriptors that collide in their buckets.
TEST(OperationTableTest, AgreesWithAModel) {
  OperationTable table;
  SimRandom random(11);
  struct Entry {
    uint64_t handle;
    int fd;
  };
  std::map<uint64_t, Entry> model;
  for (int step = 0; step < 200'000; ++step) {
    uint64_t token = random.up_to(40'000);
    auto found = model.find(token);
    if (found == model.end()) {
      int fd = static_cast<int>(random.below(20'000)) - 1;
      model[token] = {table.add(token, fd), fd};
    } else {
      ASSERT_EQ(table.find(token), found->second.handle);
      ASSERT_TRUE(found->second.fd < 0 || tokens_of(table, found->second.fd).contains(token));
      ASSERT_EQ(table.remove(found->second.handle), token);
      ASSERT_EQ(table.find(token), 0U);
      model.erase(found);
    }
    ASSERT_EQ(table.count(), model.size());
  }
  std::map<int, std::set<uint64_t>> by_fd;
  for (auto& [token, entry] : model) by_fd[entry.fd].insert(token);
  for (auto& [fd, tokens] : by_fd) {
    if (fd >= 0) {
      EXPECT_EQ(tokens_of(table, fd), tokens);
    }
  }
}

}  // namespace
}  // namespace sallyport
