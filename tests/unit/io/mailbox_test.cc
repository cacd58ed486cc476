#include "core/io/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <thread>

namespace sallyport {
namespace {

using Letter = std::unique_ptr<uint64_t>;

bool readable(int fd) {
  pollfd look{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&look, 1, 0) == 1;
}

// Messages come out in order, and move: no copy is made.
TEST(MailboxTest, KeepsOrder) {
  auto mailbox = Mailbox<Letter, 8>::open().value();
  EXPECT_FALSE(mailbox->pop());
  for (uint64_t round = 0; round < 5; ++round) {
    for (uint64_t i = 0; i < 6; ++i) ASSERT_TRUE(mailbox->push(std::make_unique<uint64_t>(round * 10 + i)));
    for (uint64_t i = 0; i < 6; ++i) {
      auto letter = mailbox->pop();
      ASSERT_TRUE(letter);
      EXPECT_EQ(**letter, round * 10 + i);
    }
  }
}

// A full mailbox refuses and leaves the message with the sender; one pop makes room for one.
TEST(MailboxTest, FullRefusesAndKeepsTheMessageWhole) {
  auto mailbox = Mailbox<Letter, 2>::open().value();
  ASSERT_TRUE(mailbox->push(std::make_unique<uint64_t>(1)));
  ASSERT_TRUE(mailbox->push(std::make_unique<uint64_t>(2)));
  Letter third = std::make_unique<uint64_t>(3);
  EXPECT_FALSE(mailbox->push(std::move(third)));
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(**mailbox->pop(), 1U);
  EXPECT_TRUE(mailbox->push(std::move(third)));
}

// The eventfd is written only while the consumer says that it sleeps, and once.
TEST(MailboxTest, WakesOnlyASleeper) {
  auto mailbox = Mailbox<uint64_t, 8>::open().value();
  ASSERT_TRUE(mailbox->push(1));
  EXPECT_FALSE(readable(mailbox->fd()));
  EXPECT_FALSE(mailbox->prepare_sleep()) << "a message is waiting";
  EXPECT_EQ(mailbox->pop(), 1U);
  ASSERT_TRUE(mailbox->prepare_sleep());
  EXPECT_FALSE(readable(mailbox->fd()));
  ASSERT_TRUE(mailbox->push(2));
  EXPECT_TRUE(readable(mailbox->fd()));
  mailbox->end_sleep();
  mailbox->acknowledge();
  EXPECT_FALSE(readable(mailbox->fd()));
  ASSERT_TRUE(mailbox->push(3));
  EXPECT_FALSE(readable(mailbox->fd())) << "the consumer is awake";
  mailbox->acknowledge();  // with nothing to acknowledge it does not block
}

// What is still inside when the mailbox goes is destroyed.
TEST(MailboxTest, DestroysWhatIsLeft) {
  auto shared = std::make_shared<int>(7);
  {
    auto mailbox = Mailbox<std::shared_ptr<int>, 4>::open().value();
    ASSERT_TRUE(mailbox->push(std::shared_ptr<int>(shared)));
    ASSERT_TRUE(mailbox->push(std::shared_ptr<int>(shared)));
    EXPECT_EQ(shared.use_count(), 3);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

// Two threads, a mailbox that is often full and often empty, and a consumer that really sleeps: everything
// arrives in order, and no wake-up is lost (the consumer would then sleep for good, and the test would not
// end).
TEST(MailboxTest, TwoThreads) {
  constexpr uint64_t letter_count = 200'000;
  auto mailbox = Mailbox<Letter, 64>::open().value();
  std::thread producer([&] {
    for (uint64_t i = 1; i <= letter_count; ++i) {
      Letter letter = std::make_unique<uint64_t>(i);
      while (!mailbox->push(std::move(letter))) std::this_thread::yield();
    }
  });
  uint64_t seen = 0;
  while (seen < letter_count) {
    while (auto letter = mailbox->pop()) ASSERT_EQ(**letter, ++seen);
    if (seen == letter_count || !mailbox->prepare_sleep()) continue;
    pollfd look{.fd = mailbox->fd(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&look, 1, -1), 1);
    mailbox->end_sleep();
    mailbox->acknowledge();
  }
  producer.join();
  EXPECT_FALSE(mailbox->pop());
}

}  // namespace
}  // namespace sallyport
