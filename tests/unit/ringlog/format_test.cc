// The worked example of ringlog/format.md is the log that the code writes, byte for byte.
#include <fstream>
#include <sstream>

#include "fixture.h"

namespace sallyport::ringlog {
namespace {

// 0, 1, 2, ... so that a reader can follow where random bytes went.
Random counting_random() {
  auto next = std::make_shared<uint8_t>(0);
  return [next](std::span<std::byte> bytes) {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>((*next)++);
  };
}

TEST_F(LogTest, WorkedExampleOfFormatPage) {
  constexpr uint64_t time = 1'700'000'000'000'000'000;
  const Random random = counting_random();
  auto root = RootKey::load_or_create(files_, "state", random);
  ASSERT_TRUE(root);
  auto ring = ByteRing::anonymous(4096, 1, 0);
  ASSERT_TRUE(ring);
  Recorder recorder(*ring);
  auto writer =
      Writer::start(files_, {.directory = "log", .instance = 1, .segment_size = limits::log_segment_size_min},
                    *root, {&*ring}, random, time);
  ASSERT_TRUE(writer);
  recorder.set_time(time + 1);
  ASSERT_TRUE(recorder.forward(session_id(0, 1), {.leg = 1, .count = 2}, bytes_of_text("hi")));
  (*writer)->step(time + 2);
  ASSERT_TRUE((*writer)->close(time + 3));
  const auto& bytes = files_.contents("log/" + segment_name({1, 1}));
  std::ostringstream actual;
  for (size_t at = 0; at < bytes.size(); at += 16) {
    char offset[24];
    std::snprintf(offset, sizeof offset, "%04zx", at);
    actual << offset << ' ' << to_hex(Bytes(bytes).subspan(at, std::min<size_t>(16, bytes.size() - at)))
           << '\n';
  }
  std::ifstream page(FORMAT_PAGE);
  std::string line, shown;
  while (std::getline(page, line)) {
    std::array<std::byte, 2> offset;
    if (line.size() > 5 && line[4] == ' ' && from_hex(line.substr(0, 4), offset))
      shown += line.substr(0, line.find("  ")) + '\n';
  }
  EXPECT_EQ(shown, actual.str());
  const VerifyReport report = check();
  EXPECT_TRUE(report.whole()) << say(report);
}

}  // namespace
}  // namespace sallyport::ringlog
