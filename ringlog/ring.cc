#include "ringlog/ring.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>
#include <utility>

#include "config/check.h"
#include "config/limits.h"
#include "ringlog/frame.h"

namespace sallyport::ringlog {
namespace {

constexpr size_t page_size = 4096;
constexpr uint64_t ring_magic = 0x31474e4952'5053ULL;  // "SPRING1"
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);

bool size_is_valid(size_t size) { return size >= page_size && (size & (size - 1)) == 0; }

}  // namespace

// Producer and consumer write to lines of their own. `committed` (release, by the producer) pairs with the
// consumer's acquire; `released`, `durable` and `failing` (release, by the consumer) with the producer's
// acquire.
struct ByteRing::Control {
  uint64_t magic;
  uint64_t size;
  uint64_t instance;
  uint64_t index;
  alignas(64) std::atomic<uint64_t> committed;
  alignas(64) std::atomic<uint64_t> released;
  alignas(64) std::atomic<uint64_t> durable;
  std::atomic<uint32_t> failing;
};

Result<ByteRing> ByteRing::map(int fd, size_t size) {
  static_assert(sizeof(Control) <= page_size);
  ByteRing ring;
  ring.fd_ = fd;  // from here on the destructor closes it
  ring.size_ = size;
  void* whole =
      mmap(nullptr, page_size + 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (whole == MAP_FAILED) return fail_errno("map a log ring", errno);
  ring.control_ = static_cast<Control*>(whole);
  ring.data_ = static_cast<std::byte*>(whole) + page_size;
  const int access = PROT_READ | PROT_WRITE;
  if (mmap(whole, page_size + size, access, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED ||
      mmap(ring.data_ + size, size, access, MAP_SHARED | MAP_FIXED, fd, page_size) == MAP_FAILED) {
    return fail_errno("map a log ring", errno);
  }
  // Best effort: without the right to lock, the pages can be swapped out, which costs time and not records.
  (void)mlock(whole, page_size + size);
  return ring;
}

Result<ByteRing> ByteRing::create(const std::string& path, size_t size, uint64_t instance, uint16_t index) {
  CHECK(size_is_valid(size));
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno("create the log ring " + path, errno);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fallocate(fd, 0, 0, static_cast<off_t>(page_size + size)) != 0) {
    const int code = errno;
    ::close(fd);
    ::unlink(path.c_str());
    return fail_errno("reserve the log ring " + path, code);
  }
  auto ring = map(fd, size);
  if (!ring) return ring;
  ring->path_ = path;
  new (ring->control_) Control{.size = size, .instance = instance, .index = index};
  // Last, so that a ring whose making was cut short is not taken for one.
  std::atomic_ref(ring->control_->magic).store(ring_magic, std::memory_order_release);
  ring->invariants();
  return ring;
}

Result<ByteRing> ByteRing::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return fail_errno("open the log ring " + path, errno);
  struct stat status {};
  const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
  const int code = locked ? EBADMSG : (errno == EWOULDBLOCK ? EBUSY : errno);
  const size_t size = fstat(fd, &status) == 0 ? static_cast<size_t>(status.st_size) - page_size : 0;
  if (!locked || status.st_size <= static_cast<off_t>(page_size) || !size_is_valid(size)) {
    ::close(fd);
    return fail_errno("open the log ring " + path, code);
  }
  auto ring = map(fd, size);
  if (!ring) return ring;
  ring->path_ = path;
  const Control& control = *ring->control_;
  const uint64_t committed = control.committed.load(std::memory_order_acquire);
  const uint64_t released = control.released.load(std::memory_order_acquire);
  if (control.magic != ring_magic || control.size != size || committed < released ||
      committed - released > size || committed % 8 != 0 || released % 8 != 0) {
    return fail_errno("read the log ring " + path, EBADMSG);
  }
  ring->head_ = committed;
  ring->released_seen_ = released;
  return ring;
}

Result<ByteRing> ByteRing::anonymous(size_t size, uint64_t instance, uint16_t index) {
  CHECK(size_is_valid(size));
  const int fd = memfd_create("log-ring", MFD_CLOEXEC);
  if (fd < 0) return fail_errno("make a log ring in memory", errno);
  if (ftruncate(fd, static_cast<off_t>(page_size + size)) != 0) {
    const int code = errno;
    ::close(fd);
    return fail_errno("make a log ring in memory", code);
  }
  auto ring = map(fd, size);
  if (!ring) return ring;
  new (ring->control_) Control{.magic = ring_magic, .size = size, .instance = instance, .index = index};
  ring->invariants();
  return ring;
}

ByteRing::ByteRing(ByteRing&& other) noexcept { *this = std::move(other); }

ByteRing& ByteRing::operator=(ByteRing&& other) noexcept {
  std::swap(control_, other.control_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  std::swap(head_, other.head_);
  std::swap(released_seen_, other.released_seen_);
  std::swap(reserved_, other.reserved_);
  return *this;
}

ByteRing::~ByteRing() {
  if (control_ != nullptr) munmap(control_, page_size + 2 * size_);
  if (fd_ >= 0) ::close(fd_);
}

void ByteRing::invariants() const {
  CHECK(released_seen_ <= head_);
  CHECK(head_ - released_seen_ + reserved_ <= size_);
}

bool ByteRing::has_room(size_t size) {
  if (size <= size_ - (head_ - released_seen_)) return true;
  released_seen_ = control_->released.load(std::memory_order_acquire);
  return size <= size_ - (head_ - released_seen_);
}

std::span<std::byte> ByteRing::reserve(size_t size) {
  CHECK(size % 8 == 0 && size > 0);
  reserved_ = 0;
  if (!has_room(size)) return {};
  reserved_ = size;
  return {data_ + (head_ & (size_ - 1)), size};
}

void ByteRing::commit(size_t size) {
  CHECK(size % 8 == 0 && size <= reserved_);
  head_ += size;
  reserved_ = 0;
  control_->committed.store(head_, std::memory_order_release);
}

size_t ByteRing::room() const { return size_ - (head_ - control_->released.load(std::memory_order_acquire)); }

Result<Bytes> ByteRing::at(uint64_t position) const {
  const uint64_t end = committed();
  CHECK(position <= end && position >= released());
  if (position == end) return Bytes{};
  const uint64_t left = end - position;
  const Bytes bytes(data_ + (position & (size_ - 1)), left);
  if (left < sizeof(RecordFrame)) return fail_errno("read the log ring " + path_, EBADMSG);
  const auto frame = load<RecordFrame>(bytes);
  if (frame.prefix.size != record_frame_size(frame.header_size, frame.payload_size) ||
      frame.prefix.size > left || frame.prefix.type != static_cast<uint8_t>(FrameType::Record) ||
      frame.instance != instance() || frame.ring != index()) {
    return fail_errno("read the log ring " + path_, EBADMSG);
  }
  return bytes.first(frame.prefix.size);
}

uint64_t ByteRing::committed() const { return control_->committed.load(std::memory_order_acquire); }
uint64_t ByteRing::released() const { return control_->released.load(std::memory_order_acquire); }
uint64_t ByteRing::durable() const { return control_->durable.load(std::memory_order_acquire); }
bool ByteRing::failing() const { return control_->failing.load(std::memory_order_acquire) != 0; }
uint64_t ByteRing::instance() const { return control_->instance; }
uint16_t ByteRing::index() const { return static_cast<uint16_t>(control_->index); }

void ByteRing::release(uint64_t position, uint64_t sequence) {
  CHECK(position >= released() && position <= committed());
  // Durable first: who sees the room sees the sequence that made it.
  control_->durable.store(sequence, std::memory_order_release);
  control_->released.store(position, std::memory_order_release);
}

void ByteRing::set_failing(bool failing) {
  control_->failing.store(failing ? 1 : 0, std::memory_order_release);
}

}  // namespace sallyport::ringlog
