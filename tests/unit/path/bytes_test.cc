// Buffer, SendQueue and TlsStream: bytes keep their order and their memory whatever the cuts are. A Ring of
// the system lends the blocks.
#include <gtest/gtest.h>
#include <string.h>

#include <random>
#include <string>

#include "core/path/buffer.h"
#include "core/path/send_queue.h"

namespace sallyport {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class BytesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Ring::open({.entry_count = 64, .block_count = 8, .block_size = limits::block_size});
    ASSERT_TRUE(opened) << opened.error().text;
    ring = std::move(*opened);
    pool.emplace(*ring);
  }
  void TearDown() override {
    if (!pool) return;
    EXPECT_EQ(pool->chunks_out(), 0u);
    pool.reset();
  }
  ChunkRef chunk(const std::string& text) {
    ChunkRef made = pool->make(text.size());
    memcpy(made->data, text.data(), text.size());
    return made;
  }

  std::unique_ptr<Ring> ring;
  std::optional<ChunkPool> pool;
};

TEST_F(BytesTest, BufferJoinsWhatComesInPieces) {
  std::minstd_rand random(7);
  std::string sent, seen;
  Buffer buffer;
  for (int step = 0; step < 2000; ++step) {
    const std::string piece(random() % 300, static_cast<char>('a' + step % 26));
    sent += piece;
    if (!piece.empty()) buffer.add(*pool, chunk(piece), piece.size());
    const size_t take = buffer.empty() ? 0 : random() % (buffer.size() + 1);
    seen += text_of(buffer.bytes().first(take));
    buffer.consume(take);
    if (step % 7 == 0) buffer.settle(*pool);
  }
  seen += text_of(buffer.bytes());
  EXPECT_EQ(seen, sent);
  buffer.clear();
}

TEST_F(BytesTest, BufferNeverWritesOverWhatASendStillRefersTo) {
  Buffer buffer;
  SendQueue queue;
  memcpy(buffer.reserve(*pool, 4).data(), "abcd", 4);
  buffer.grew(4);
  queue.push(buffer.chunk(), buffer.done(), 4);
  buffer.consume(4);
  memcpy(buffer.reserve(*pool, 4).data(), "EFGH", 4);
  buffer.grew(4);
  std::array<std::byte, 8> front{};
  EXPECT_EQ(queue.peek(front, 0), 4u);
  EXPECT_EQ(text_of(std::span(front).first(4)), "abcd");
  EXPECT_EQ(text_of(buffer.bytes()), "EFGH");
  buffer.clear();
  queue.clear();
}

TEST_F(BytesTest, SendQueueKeepsOrderOverCopiesAndShortSends) {
  std::minstd_rand random(9);
  SendQueue queue;
  std::string sent, seen;
  for (int step = 0; step < 3000; ++step) {
    const std::string piece(random() % 200 + 1, static_cast<char>('a' + step % 26));
    sent += piece;
    if (random() % 2 == 0) {
      queue.copy(*pool, bytes_of(piece));
    } else {
      queue.push(chunk(piece), 0, piece.size());
    }
    std::array<iovec, 4> out;
    const size_t count = queue.gather(out, UINT64_MAX);
    size_t offered = 0;
    for (size_t i = 0; i < count; ++i) offered += out[i].iov_len;
    size_t taken = random() % (offered + 1);
    const size_t pop = taken;
    for (size_t i = 0; i < count && taken > 0; ++i) {
      const size_t part = std::min(taken, out[i].iov_len);
      seen.append(static_cast<const char*>(out[i].iov_base), part);
      taken -= part;
    }
    queue.pop(pop);
    if (step % 11 == 0) queue.settle(*pool);
  }
  std::string rest(queue.size(), 0);
  EXPECT_EQ(queue.peek(std::as_writable_bytes(std::span(rest)), UINT64_MAX), rest.size());
  EXPECT_EQ(seen + rest, sent);
  queue.clear();
}

TEST_F(BytesTest, SendQueueHoldsBackWhatIsNotYetDurable) {
  SendQueue queue;
  queue.copy(*pool, bytes_of("now"), 3);
  queue.copy(*pool, bytes_of("later"), 8);
  std::array<iovec, 4> out;
  EXPECT_EQ(queue.gather(out, 2), 0u);
  EXPECT_EQ(queue.gather(out, 7), 1u);
  EXPECT_EQ(queue.gather(out, 8), 2u);
  queue.clear();
}

}  // namespace
}  // namespace sallyport
