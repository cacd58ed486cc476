// Codings undone: the same however the bytes were cut; broken ones, half ones and bombs refused.
#include "plugins/http/body/decoder.h"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

namespace sallyport::http {
namespace {

std::string deflated(std::string_view text, int bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string coded(Coding coding, std::string_view text) {
  switch (coding) {
    case Coding::gzip: return deflated(text, MAX_WBITS + 16);
    case Coding::deflate: return deflated(text, MAX_WBITS);
    case Coding::br: {
      size_t size = BrotliEncoderMaxCompressedSize(text.size()) + 64;
      std::string out(size, '\0');
      EXPECT_TRUE(BrotliEncoderCompress(5, 18, BROTLI_MODE_TEXT, text.size(),
                                        reinterpret_cast<const uint8_t*>(text.data()), &size,
                                        reinterpret_cast<uint8_t*>(out.data())));
      return out.substr(0, size);
    }
    case Coding::zstd: {
      std::string out(ZSTD_compressBound(text.size()), '\0');
      return out.substr(0, ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    }
    case Coding::identity: break;
  }
  return std::string(text);
}

std::string decoded(Coding coding, std::string_view bytes, size_t piece) {
  const auto decoder = make_decoder(coding);
  std::string out;
  const Decoder::Sink sink = [&out](std::string_view part) -> std::expected<void, BodyFault> {
    out.append(part);
    return {};
  };
  for (size_t at = 0; at < bytes.size(); at += piece) {
    if (const auto fed = decoder->feed(bytes.substr(at, piece), sink); !fed)
      return "!" + std::string(fed.error().code);
  }
  if (const auto done = decoder->finish(); !done) return "!" + std::string(done.error().code);
  return out;
}

constexpr Coding all[] = {Coding::gzip, Coding::deflate, Coding::br, Coding::zstd};

TEST(Decoder, CutAnywhere) {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += "row " + std::to_string(i * 7919) + "\n";
  for (const Coding coding : all) {
    const std::string bytes = coded(coding, text);
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}, bytes.size()})
      EXPECT_TRUE(decoded(coding, bytes, piece) == text) << static_cast<int>(coding) << " by " << piece;
    for (const size_t size : {size_t{1}, size_t{10}, bytes.size() / 2, bytes.size() - 1})
      EXPECT_EQ(decoded(coding, bytes.substr(0, size), 4096), "!body-coding-broken")
          << static_cast<int>(coding) << " of " << size;
    EXPECT_EQ(decoded(coding, "no such thing", 3), "!body-coding-broken");
    EXPECT_EQ(decoded(coding, "", 1), "");
  }
  EXPECT_EQ(decoded(Coding::gzip, coded(Coding::gzip, "a") + coded(Coding::gzip, "b"), 3), "ab");
  EXPECT_EQ(decoded(Coding::zstd, coded(Coding::zstd, "a") + coded(Coding::zstd, "b"), 3), "ab");
  EXPECT_EQ(decoded(Coding::deflate, deflated("no wrapper", -MAX_WBITS), 2), "no wrapper");
  EXPECT_EQ(decoded(Coding::br, coded(Coding::br, "a") + "more", 64), "!body-coding-broken");
  EXPECT_EQ(decoded(Coding::deflate, coded(Coding::deflate, "a") + "more", 64), "!body-coding-broken");
}

TEST(Decoder, Bombs) {
  const std::string zeros(64 << 20, '\0');
  for (const Coding coding : all)
    EXPECT_EQ(decoded(coding, coded(coding, zeros), 65536), "!body-grows") << static_cast<int>(coding);
  const std::string small(decoded_free_size, 'x');
  for (const Coding coding : all)
    EXPECT_TRUE(decoded(coding, coded(coding, small), 65536) == small) << static_cast<int>(coding);
}

TEST(Decoder, Names) {
  EXPECT_EQ(coding_of(" GZIP "), Coding::gzip);
  EXPECT_EQ(coding_of("identity"), Coding::identity);
  for (const char* name : {"gzip, br", "compress", "", "gzip;q=1", "aws-chunked"})
    EXPECT_FALSE(coding_of(name)) << name;
}

}  // namespace
}  // namespace sallyport::http
