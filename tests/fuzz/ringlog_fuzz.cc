// A log and a ring that somebody has been at: a right log is made once, then its bytes are changed, with the
// checksums put right where the input says so, or a segment is made up whole. Reading ends, stays inside the
// bytes, and a log that verifies can be read to the last record that verify counted.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <random>

#include "ringlog/frame.h"
#include "ringlog/memory_files.h"
#include "ringlog/reader.h"
#include "ringlog/recovery.h"
#include "ringlog/verify.h"
#include "ringlog/writer.h"
#include "tests/fuzz/fuzz.h"

using namespace sallyport;
using namespace sallyport::ringlog;

namespace {

constexpr size_t ring_size = 4096;

Random seeded() {
  auto engine = std::make_shared<std::mt19937_64>(1);
  return [engine](std::span<std::byte> bytes) {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>((*engine)() & 0xff);
  };
}

Bytes bytes_of_text(std::string_view text) { return std::as_bytes(std::span(text)); }

// A small log of two instances, and the bytes of a ring that the second left behind.
struct Model {
  std::map<std::string, std::vector<std::byte>> segments;
  PublicKey key{};
  std::string ring;
  std::string ring_path;

  Model() {
    MemoryFiles files;
    const Random random = seeded();
    uint64_t now = 1'700'000'000'000'000'000;
    for (int run = 0; run < 2; ++run) instance(files, random, now);
    key = *read_public_key(files, "state/log.pub");
    const auto listed = files.list("log");  // named: a range-for keeps no temporary of its own in GCC 12
    for (const FileInfo& info : *listed) segments[info.name] = files.contents("log/" + info.name);
    leave_ring();
  }

 private:
  static void instance(MemoryFiles& files, const Random& random, uint64_t& now) {
    const uint64_t number = *next_instance(files, "log", now);
    auto root = RootKey::load_or_create(files, "state", random);
    auto made = ByteRing::anonymous(64 * limits::KiB, number, 0);
    FUZZ_REQUIRE(root && made);
    ByteRing ring = std::move(*made);
    Recorder recorder(ring);
    auto writer =
        Writer::start(files, {.directory = "log", .instance = number, .segment_size = 64 * limits::KiB},
                      *root, {&ring}, random, now);
    FUZZ_REQUIRE(writer.has_value());
    for (int i = 0; i < 3; ++i) {
      recorder.set_time(now += 10'000'000);
      record(recorder);
      (*writer)->step(now);
    }
    (*writer)->step(now += 2'000'000'000);
    FUZZ_REQUIRE((*writer)->close(now).has_value());
  }
  static void record(Recorder& recorder) {
    const std::string_view verbs[] = {"SELECT"};
    FUZZ_REQUIRE(recorder.request(7,
                                  {.ticket = 1, .verbs = verbs, .verdict = Verdict::Allow, .rule = "reading"},
                                  bytes_of_text("SELECT 1")));
    FUZZ_REQUIRE(recorder.reply(7, {.ticket = 1}, bytes_of_text("1")));
    FUZZ_REQUIRE(recorder.session_closed(9, {.reason = "bye"}));
  }
  void leave_ring() {
    std::string folder = (std::filesystem::temp_directory_path() / "sallyport-fuzz-XXXXXX").string();
    FUZZ_REQUIRE(mkdtemp(folder.data()) != nullptr);
    ring_path = folder + "/left.spring";
    {
      auto made = ByteRing::create(ring_path, ring_size, 5, 0);
      FUZZ_REQUIRE(made.has_value());
      Recorder recorder(*made);
      record(recorder);
      record(recorder);
    }
    ring.resize(std::filesystem::file_size(ring_path));
    const int fd = open(ring_path.c_str(), O_RDONLY | O_CLOEXEC);
    FUZZ_REQUIRE(read(fd, ring.data(), ring.size()) == static_cast<ssize_t>(ring.size()));
    close(fd);
    std::filesystem::remove_all(folder);
  }
};

void edit(std::span<std::byte> bytes, fuzz::Source& source) {
  for (size_t count = source.u8() % 8 + 1; count > 0 && !bytes.empty(); --count) {
    const size_t at = source.below(bytes.size());
    for (const uint8_t value : source.take(source.u8() % 8 + 1)) {
      if (at < bytes.size()) bytes[at] = static_cast<std::byte>(value);
    }
  }
}

// As somebody would who knows the format but not the keys.
void put_checksums_right(std::vector<std::byte>& bytes) {
  for (size_t at = 0; at + sizeof(FramePrefix) <= bytes.size();) {
    const auto prefix = load<FramePrefix>(bytes, at);
    if (prefix.size < sizeof(FramePrefix) || prefix.size % 8 != 0 || prefix.size > bytes.size() - at) return;
    const std::span<std::byte> frame = std::span(bytes).subspan(at, prefix.size);
    if (prefix.type == static_cast<uint8_t>(FrameType::Record)) {
      if (prefix.size < sizeof(RecordFrame)) return;
      const auto record = load<RecordFrame>(bytes, at);
      if (record_frame_size(record.header_size, record.payload_size) != prefix.size) return;
      finish_record(frame);
    } else {
      finish_frame(frame, static_cast<FrameType>(prefix.type));
    }
    at += prefix.size;
  }
}

void put(MemoryFiles& files, const std::string& path, Bytes bytes) {
  const auto file = files.create(path, 0600);
  FUZZ_REQUIRE(file && files.allocate(*file, bytes.size()) && write_all(files, *file, bytes, 0));
  files.close(*file);
}

// Every record, or how far it went. Each takes room in a file, so there cannot be more than fit.
bool read_all(MemoryFiles& files, uint64_t size, uint64_t& count) {
  Reader reader(files, "log");
  for (count = 0;; ++count) {
    FUZZ_REQUIRE(count <= size / sizeof(RecordFrame));
    auto record = reader.next();
    if (!record) {
      FUZZ_REQUIRE(!record.error().text.empty());
      return false;
    }
    if (!*record) return true;
    uint64_t sum = 0;
    for (const std::byte byte : (*record)->header) sum += static_cast<uint8_t>(byte);
    for (const std::byte byte : (*record)->payload) sum += static_cast<uint8_t>(byte);
    [[maybe_unused]] static volatile uint64_t sink = 0;
    sink = sum;
  }
}

void check_log(const Model& model, fuzz::Source& source, uint8_t mode) {
  auto segments = model.segments;
  auto chosen = segments.begin();
  std::advance(chosen, (mode >> 2) % segments.size());
  if ((mode & 1) != 0) {
    const std::string made = source.rest();
    chosen->second.assign(bytes_of_text(made).begin(), bytes_of_text(made).end());
  } else {
    if ((mode & 32) != 0) chosen->second.resize(source.below(chosen->second.size() + 1) & ~size_t{7});
    edit(chosen->second, source);
  }
  if ((mode & 16) != 0) put_checksums_right(chosen->second);
  MemoryFiles files;
  uint64_t size = 0;
  for (const auto& [name, bytes] : segments) {
    put(files, "log/" + name, bytes);
    size += bytes.size();
  }
  const auto report = verify(files, "log", model.key);
  FUZZ_REQUIRE(report.has_value());
  if (report->fault) FUZZ_REQUIRE(!report->fault->text.empty() && !name_of(report->fault->kind).empty());
  uint64_t count = 0;
  const bool read = read_all(files, size, count);
  if (report->whole()) FUZZ_REQUIRE(read && count == report->records);
  // Without the keys nobody makes a record: what is new is a fault, or the same log.
  if (report->whole() && report->torn.empty()) FUZZ_REQUIRE(count == 0 || report->head.number > 0);
  for (const auto& [name, bytes] : segments) (void)find_tail(files, "log", *parse_segment_name(name));
}

void check_ring(const Model& model, fuzz::Source& source) {
  std::string bytes = model.ring;
  edit(std::as_writable_bytes(std::span(bytes)), source);
  // The reader maps the file, so it must be one; it refuses links, so it stands under a name of its own.
  std::string name = (std::filesystem::temp_directory_path() / "sallyport-ring-XXXXXX").string();
  const int fd = mkstemp(name.data());
  FUZZ_REQUIRE(fd >= 0 && write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  close(fd);
  auto ring = ByteRing::open(name);
  std::filesystem::remove(name);
  if (!ring) return;
  uint64_t position = ring->released();
  for (;;) {
    const auto entry = ring->at(position);
    if (!entry || entry->empty()) return;
    const RecordView record = view_of(*entry);
    FUZZ_REQUIRE(record.header.size() + record.payload.size() + sizeof(RecordFrame) <= entry->size());
    FUZZ_REQUIRE(entry->size() <= ring->size());
    position += entry->size();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Model model;
  fuzz::Source source(data, size);
  const uint8_t mode = source.u8();
  if ((mode & 2) != 0) {
    check_ring(model, source);
  } else {
    check_log(model, source, mode);
  }
  return 0;
}
