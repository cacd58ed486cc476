// Any bytes as PostgreSQL messages: what is read is made again byte for byte, and a split changes nothing.
#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/values.h"
#include "tests/fuzz/fuzz.h"

using namespace sallyport;
using namespace sallyport::pg;

namespace {

std::vector<std::string> read_all(Bytes bytes, bool startup, size_t size_max, Frame& last, size_t& end) {
  std::vector<std::string> found;
  MessageReader reader(bytes, size_max);
  for (;;) {
    Message message;
    const size_t before = reader.offset();
    last = startup ? reader.next_startup(message) : reader.next(message);
    if (last != Frame::message) break;
    FUZZ_REQUIRE(message.whole.size() <= size_max && message.whole.data() == bytes.data() + before);
    FUZZ_REQUIRE(reader.offset() == before + message.whole.size());
    FUZZ_REQUIRE(message.body.size() == message.whole.size() - (startup ? 4 : header_size));
    Writer again;
    if (startup) {
      Cursor cursor(message.body);
      again.begin_startup(cursor.u32()).bytes(cursor.rest()).end();
    } else {
      again.begin(message.type).bytes(message.body).end();
    }
    FUZZ_REQUIRE(std::ranges::equal(again.view(), message.whole));
    found.emplace_back(as_text(message.whole));
  }
  end = reader.offset();
  return found;
}

// Reads as `steps` say; an error sticks.
void walk(Bytes body, fuzz::Source& steps) {
  Cursor cursor(body);
  bool was_ok = true;
  while (!steps.empty()) {
    const size_t before = cursor.offset();
    switch (steps.u8() % 5) {
      case 0: cursor.u8(); break;
      case 1: cursor.u16(); break;
      case 2: cursor.u32(); break;
      case 3: {
        const size_t size = steps.u16();
        const Bytes taken = cursor.bytes(size);
        FUZZ_REQUIRE(taken.size() == (cursor.ok() ? size : 0));
        break;
      }
      default: FUZZ_REQUIRE(cursor.text().find('\0') == std::string_view::npos);
    }
    FUZZ_REQUIRE(was_ok || !cursor.ok());
    FUZZ_REQUIRE(cursor.offset() >= before && cursor.offset() <= body.size());
    FUZZ_REQUIRE(!cursor.ok() || cursor.rest().size() == body.size() - cursor.offset());
    was_ok = cursor.ok();
  }
}

void read_bound(Bytes bytes, uint32_t type) {
  const auto bound = parse_bound(bytes);
  if (!bound) return;
  for (const BoundValue& value : bound->values) {
    FUZZ_REQUIRE(value.null ? value.bytes.empty() : true);
    FUZZ_REQUIRE(value.bytes.empty() ||
                 (value.bytes.data() >= bytes.data() &&
                  value.bytes.data() + value.bytes.size() <= bytes.data() + bytes.size()));
    FUZZ_REQUIRE(value.format == 0 || value.format == 1);
    (void)printable(value, type);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Source source(data, size);
  const uint8_t mode = source.u8();
  const bool startup = (mode & 1) != 0;
  const size_t size_max = (mode & 2) != 0 ? login_size_max : size_t{source.u16()};
  const uint32_t type = 16 + source.u16() % 4096u;
  const std::string steps = source.text();
  const fuzz::Exact bytes(source.rest());
  Frame last{};
  Frame last_of_part{};
  size_t end = 0;
  size_t end_of_part = 0;
  const auto all = read_all(bytes.span(), startup, size_max, last, end);
  // Of a front part the same messages are read, in so far as they are whole.
  const fuzz::Exact part(bytes.text().substr(0, bytes.text().size() / 2));
  const auto front = read_all(part.span(), startup, size_max, last_of_part, end_of_part);
  FUZZ_REQUIRE(front.size() <= all.size() && std::equal(front.begin(), front.end(), all.begin()));
  FUZZ_REQUIRE(last_of_part != Frame::bad || (last == Frame::bad && end_of_part == end));

  fuzz::Source walking(reinterpret_cast<const uint8_t*>(steps.data()), steps.size());
  walk(bytes.span(), walking);
  read_bound(bytes.span(), type);
  for (const uint8_t code : {uint8_t{'S'}, uint8_t{'C'}, uint8_t{'M'}, static_cast<uint8_t>(type)}) {
    FUZZ_REQUIRE(report_field(bytes.span(), code).find('\0') == std::string_view::npos);
  }
  return 0;
}
