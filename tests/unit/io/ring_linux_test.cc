// What only the io_uring Ring can show: the kernel's refusals, signals, real descriptors, full queues.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/io/refusal.h"
#include "core/io/sockets.h"
#include "tests/unit/io/world.h"

namespace sallyport::testing {
namespace {

size_t open_descriptors() {
  size_t count = 0;
  for (int fd = 0; fd < 4096; ++fd) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

volatile sig_atomic_t signals_seen = 0;

// Signals every 500 us for the life of this object, without SA_RESTART, so that system calls end with EINTR.
class SignalStorm {
 public:
  SignalStorm() {
    struct sigaction action {};
    action.sa_handler = [](int) { signals_seen = signals_seen + 1; };
    sigaction(SIGALRM, &action, &before_);
    itimerval every{.it_interval = {0, 500}, .it_value = {0, 500}};
    setitimer(ITIMER_REAL, &every, nullptr);
  }
  ~SignalStorm() {
    itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  struct sigaction before_ {};
};

// A wait that signals interrupt goes on to its deadline. (Met before: a submit loop that hung on one EINTR.)
TEST(RingLinuxTest, SignalsDoNotEndAWait) {
  World world(1);
  signals_seen = 0;
  SignalStorm storm;
  Completion batch[4];
  while (signals_seen < 5) {
    int64_t deadline_ns = world.ring->now_ns() + 5'000'000;
    ASSERT_EQ(world.ring->wait(batch, deadline_ns), 0U);
    ASSERT_GE(world.ring->now_ns(), deadline_ns);
  }
}

// Bytes pass whole while signals fly, whatever calls they hit.
TEST(RingLinuxTest, SignalsLoseNothing) {
  World world(1);
  auto [fd, peer] = world.connected();
  SignalStorm storm;
  std::string bytes = pattern(3'000'000);
  peer->send(bytes);
  uint64_t receiving = next_token();
  uint64_t sending = next_token();
  world.ring->receive(fd, receiving);
  size_t back = 0;
  while (back < bytes.size()) {
    Completion completion = world.expect(receiving);
    ASSERT_TRUE(completion.result > 0 || completion.result == -EINTR || completion.result == -ENOBUFS)
        << completion.result;
    if (!completion.more) world.ring->receive(fd, receiving);
    std::string part = world.text(completion);
    for (size_t at = 0; at < part.size();) {
      iovec vector{part.data() + at, part.size() - at};
      world.ring->send(fd, {&vector, 1}, true, sending);
      int32_t result = world.expect(sending).result;
      ASSERT_TRUE(result > 0 || result == -EINTR) << result;
      if (result > 0) at += static_cast<size_t>(result);
    }
    back += part.size();
  }
  EXPECT_TRUE(world.run_until([&] { return peer->received().size() == bytes.size(); }));
  EXPECT_TRUE(peer->received() == bytes);
  world.ring->close(fd);
  EXPECT_EQ(world.expect(receiving).result, -ECANCELED);
}

// Runs `body` in a child under a filter that answers io_uring_setup with `code`; true when the child exits
// with 0.
bool under_filter(int code, bool (*body)()) {
  pid_t child = fork();
  if (child == 0) {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(code)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{.len = 4, .filter = rules};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(2);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Where io_uring is refused, opening says so in words that name the kernel and the setting.
TEST(RingLinuxTest, RefusalNamesKernelAndSetting) {
  for (int code : {EPERM, ENOSYS}) {
    EXPECT_TRUE(under_filter(code, [] {
      Result<std::unique_ptr<Ring>> ring = Ring::open({});
      if (ring) return false;
      const std::string& text = ring.error().text;
      return text.find("6.1") != text.npos && text.find("kernel.io_uring_disabled") != text.npos &&
             text.find("seccomp") != text.npos;
    })) << code;
  }
}

TEST(RingLinuxTest, RefusalSaysWhatToDo) {
  EXPECT_NE(ring_refusal(EPERM, "2").find("sysctl -w kernel.io_uring_disabled=0"), std::string::npos);
  EXPECT_NE(ring_refusal(EPERM, "1").find("kernel.io_uring_group"), std::string::npos);
  EXPECT_NE(ring_refusal(ENOMEM, "0").find("LimitMEMLOCK"), std::string::npos);
  EXPECT_NE(ring_refusal(EMFILE, "0").find("LimitNOFILE"), std::string::npos);
  EXPECT_NE(ring_too_old().find("kernel >= 6.1"), std::string::npos);
}

// A Ring that cannot be opened, and one that can, leave no descriptor behind.
TEST(RingLinuxTest, OpeningLeaksNoDescriptor) {
  size_t before = open_descriptors();
  for (int i = 0; i < 10; ++i) {
    World world(1);
    auto [fd, peer] = world.connected();
    world.ring->receive(fd, 7);
    world.ring->close(fd);
    EXPECT_EQ(world.expect(7).result, -ECANCELED);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(RingLinuxTest, AcceptedSocketsAreNonblockingAndStayOutOfChildren) {
  World world(1);
  auto [fd, peer] = world.connected();
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  EXPECT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
  world.ring->close(fd);
  EXPECT_TRUE(world.run_until([&] { return peer->ended(); }));
}

// More queued sends than the Ring has room for, in its queue or for their headers: it hands some over early,
// and each arrives as it was.
void send_over_many_pairs(uint32_t entry_count) {
  RingOptions options;
  options.entry_count = entry_count;
  World world(1, options);
  constexpr size_t pair_count = 400;  // 400 x (56 + 64 * 16) bytes are more than 256 KiB
  std::vector<std::array<int, 2>> pairs(pair_count);
  std::vector<std::string> texts(pair_count);
  for (size_t i = 0; i < pair_count; ++i) {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pairs[i].data()), 0);
    texts[i] = "pair " + std::to_string(i) + pattern(64);
    std::vector<iovec> vectors;
    for (char& byte : texts[i]) vectors.push_back({&byte, 1});
    vectors.resize(limits::send_iovec_count_max);
    world.ring->send(pairs[i][0], vectors, false, 100'000 + i);
  }
  for (size_t i = 0; i < pair_count; ++i) {
    EXPECT_EQ(world.expect(100'000 + i).result, 64);
    char bytes[128];
    ASSERT_EQ(read(pairs[i][1], bytes, sizeof bytes), 64);
    EXPECT_EQ(std::string(bytes, 64), texts[i].substr(0, 64));
    world.ring->close(pairs[i][0]);
    ::close(pairs[i][1]);
  }
}

TEST(RingLinuxTest, MoreSendsThanRoomForHeaders) { send_over_many_pairs(limits::ring_entry_count); }
TEST(RingLinuxTest, MoreSendsThanEntries) { send_over_many_pairs(4); }

// More completions than the kernel's queue holds: parked there, none lost.
TEST(RingLinuxTest, CompletionQueueOverflowLosesNothing) {
  RingOptions options;
  options.entry_count = 4;  // and so 16 completions
  World world(1, options);
  int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  for (uint64_t token = 1; token <= 500; ++token) world.ring->poll(event, POLLIN, token);
  Completion batch[4];
  EXPECT_EQ(world.ring->wait(batch, world.ring->now_ns() + 1'000'000), 0U);
  ASSERT_EQ(eventfd_write(event, 1), 0);
  for (uint64_t token = 1; token <= 500; ++token) EXPECT_EQ(world.expect(token).result, POLLIN);
  EXPECT_EQ(world.ring->operations_in_flight(), 0U);
  ::close(event);
}

TEST(RingLinuxTest, UnixAndIpv6Listeners) {
  World world(1);
  char folder[] = "/tmp/sallyport-io-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  std::string path = std::string(folder) + "/socket";
  for (const std::string& text : {"unix:" + path, std::string("[::1]:0")}) {
    Result<int> listener = world.ring->listen(Address::parse(text).value(), true, 4);
    if (!listener && text[0] == '[') continue;  // a machine without IPv6
    ASSERT_TRUE(listener) << listener.error().text;
    Address address = world.ring->local_address(*listener).value();
    uint64_t accepting = next_token();
    world.ring->accept(*listener, accepting);
    int fd = world.ring->socket(address.family()).value();
    uint64_t connecting = next_token();
    world.ring->connect(fd, address, connecting);
    EXPECT_EQ(world.expect(connecting).result, 0);
    Completion accepted = world.expect(accepting);
    EXPECT_GE(accepted.result, 0);
    world.ring->prepare_accepted(accepted.result);
    world.ring->close(accepted.result);
    world.ring->close(fd);
    world.ring->close(*listener);
    EXPECT_EQ(world.expect(accepting).result, -ECANCELED);
  }
  ::unlink(path.c_str());
  ::rmdir(folder);
}

// Each core listens on the same address; without asking for that, the second is refused in words.
TEST(RingLinuxTest, ListenersShareAnAddressOnlyWhenAsked) {
  World world(1);
  int first = world.ring->listen(loopback(), true, 4).value();
  Address address = world.ring->local_address(first).value();
  int second = world.ring->listen(address, true, 4).value();
  Result<int> third = world.ring->listen(address, false, 4);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, EADDRINUSE);
  EXPECT_NE(third.error().text.find(address.text()), std::string::npos);
  world.ring->close(first);
  world.ring->close(second);
}

// No descriptor left: accept ends with -EMFILE, and works again once there is one.
TEST(RingLinuxTest, AcceptSurvivesDescriptorExhaustion) {
  World world(1);
  int listener = world.ring->listen(loopback(), false, 16).value();
  Address address = world.ring->local_address(listener).value();
  auto peer = world.connect_peer(address);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  uint64_t token = next_token();
  world.ring->accept(listener, token);
  Completion completion = world.expect(token);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(completion.result, -EMFILE);
  EXPECT_FALSE(completion.more);
  world.ring->accept(listener, token);
  completion = world.expect(token);
  EXPECT_GE(completion.result, 0);
  world.ring->close(completion.result);
  world.ring->close(listener);
  EXPECT_EQ(world.expect(token).result, -ECANCELED);
}

}  // namespace
}  // namespace sallyport::testing
