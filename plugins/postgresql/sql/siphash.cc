#include "plugins/postgresql/sql/siphash.h"

#include <bit>
#include <cstring>

namespace sallyport::postgresql::sql {
namespace {

static_assert(std::endian::native == std::endian::little);

struct State {
  uint64_t a, b, c, d;

  void round() {
    a += b, b = std::rotl(b, 13), b ^= a, a = std::rotl(a, 32);
    c += d, d = std::rotl(d, 16), d ^= c;
    a += d, d = std::rotl(d, 21), d ^= a;
    c += b, b = std::rotl(b, 17), b ^= c, c = std::rotl(c, 32);
  }
  void absorb(uint64_t word) {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

}  // namespace

uint64_t siphash(const std::array<uint64_t, 2>& key, std::string_view bytes) {
  State state{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
              key[1] ^ 0x7465646279746573};
  const uint64_t size = bytes.size();
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    memcpy(&word, bytes.data(), 8);
    state.absorb(word);
  }
  uint64_t last = size << 56;
  for (size_t index = 0; index < bytes.size(); ++index) {
    last |= uint64_t{static_cast<unsigned char>(bytes[index])} << (8 * index);
  }
  state.absorb(last);
  state.c ^= 0xff;
  for (int round = 0; round < 4; ++round) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace sallyport::postgresql::sql
