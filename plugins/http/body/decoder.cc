#include "plugins/http/body/decoder.h"

#include <brotli/decode.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

namespace sallyport::http {

namespace {

constexpr BodyFault broken{"body-coding-broken", "the reply's coding is broken"};
constexpr BodyFault bomb{"body-grows", "the reply grows too much when it is decoded"};
constexpr size_t piece_size = 64 * 1024;
constexpr int zstd_window_log_max = 23;  // 8 MiB, what RFC 8878 (3.1.1.1.2) asks readers to take

// What the three have in common: room for a piece, and the bound.
class Bounded : public Decoder {
 protected:
  [[nodiscard]] std::expected<void, BodyFault> hand_on(size_t size, const Sink& sink) {
    decoded_ += size;
    if (decoded_ > decoded_free_size && decoded_ / decoded_ratio_max > coded_) return std::unexpected(bomb);
    if (size == 0) return {};
    return sink({reinterpret_cast<const char*>(room_.data()), size});
  }
  std::array<uint8_t, piece_size> room_{};
  uint64_t coded_ = 0, decoded_ = 0;
};

class Inflater : public Bounded {
 public:
  // Several members of gzip may follow each other (RFC 1952, section 2.2). Of "deflate" some servers leave
  // out the wrapper that RFC 9110 asks for.
  explicit Inflater(bool is_gzip) : is_gzip_(is_gzip) {}
  ~Inflater() override {
    if (is_open_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  std::expected<void, BodyFault> feed(std::string_view bytes, const Sink& sink) override {
    if (!is_open_ && !bytes.empty() && !open(static_cast<uint8_t>(bytes.front())))
      return std::unexpected(broken);
    coded_ += bytes.size();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    for (bool is_full = false; stream_.avail_in > 0 || is_full;) {
      if (is_over_) {
        if (!is_gzip_ || inflateReset(&stream_) != Z_OK) return std::unexpected(broken);
        is_over_ = false;
      }
      stream_.next_out = room_.data();
      stream_.avail_out = room_.size();
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return std::unexpected(broken);
      is_over_ = result == Z_STREAM_END;
      is_full = stream_.avail_out == 0 && !is_over_;
      if (auto done = hand_on(room_.size() - stream_.avail_out, sink); !done) return done;
      if (result == Z_BUF_ERROR) break;
    }
    return {};
  }
  std::expected<void, BodyFault> finish() override {
    return is_over_ || !is_open_ ? std::expected<void, BodyFault>() : std::unexpected(broken);
  }

 private:
  bool open(uint8_t first) {
    const bool is_wrapped = (first & 0x0F) == Z_DEFLATED;
    const int bits = is_gzip_ ? MAX_WBITS + 16 : is_wrapped ? MAX_WBITS : -MAX_WBITS;
    is_open_ = inflateInit2(&stream_, bits) == Z_OK;
    return is_open_;
  }
  bool is_gzip_, is_open_ = false, is_over_ = false;
  z_stream stream_{};
};

class Brotli : public Bounded {
 public:
  Brotli() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
  ~Brotli() override { BrotliDecoderDestroyInstance(state_); }
  Brotli(const Brotli&) = delete;
  Brotli& operator=(const Brotli&) = delete;
  [[nodiscard]] bool is_ready() const { return state_ != nullptr; }

  std::expected<void, BodyFault> feed(std::string_view bytes, const Sink& sink) override {
    coded_ += bytes.size();
    const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
    size_t in_left = bytes.size();
    for (;;) {
      if (BrotliDecoderIsFinished(state_) && in_left > 0) return std::unexpected(broken);
      uint8_t* out = room_.data();
      size_t out_left = room_.size();
      const auto result = BrotliDecoderDecompressStream(state_, &in_left, &in, &out_left, &out, nullptr);
      if (result == BROTLI_DECODER_RESULT_ERROR) return std::unexpected(broken);
      if (auto done = hand_on(room_.size() - out_left, sink); !done) return done;
      if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && in_left == 0) return {};
    }
  }
  std::expected<void, BodyFault> finish() override {
    const bool is_whole = coded_ == 0 || BrotliDecoderIsFinished(state_);
    return is_whole ? std::expected<void, BodyFault>() : std::unexpected(broken);
  }

 private:
  BrotliDecoderState* state_;
};

class Zstd : public Bounded {
 public:
  Zstd() : stream_(ZSTD_createDStream()) {
    if (stream_ != nullptr) ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, zstd_window_log_max);
  }
  ~Zstd() override { ZSTD_freeDStream(stream_); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  [[nodiscard]] bool is_ready() const { return stream_ != nullptr; }

  std::expected<void, BodyFault> feed(std::string_view bytes, const Sink& sink) override {
    coded_ += bytes.size();
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool is_full = false; in.pos < in.size || is_full;) {
      ZSTD_outBuffer out{room_.data(), room_.size(), 0};
      const size_t hint = ZSTD_decompressStream(stream_, &out, &in);
      if (ZSTD_isError(hint) != 0) return std::unexpected(broken);
      is_over_ = hint == 0;
      is_full = out.pos == out.size && !is_over_;
      if (auto done = hand_on(out.pos, sink); !done) return done;
    }
    return {};
  }
  std::expected<void, BodyFault> finish() override {
    return is_over_ ? std::expected<void, BodyFault>() : std::unexpected(broken);
  }

 private:
  ZSTD_DStream* stream_;
  bool is_over_ = true;  // frames may follow each other; between them it may end
};

template <class Made>
std::unique_ptr<Decoder> ready(std::unique_ptr<Made> made) {
  if (!made->is_ready()) return nullptr;
  return made;
}

}  // namespace

std::optional<Coding> coding_of(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  struct Named {
    std::string_view name;
    Coding coding;
  };
  static constexpr Named all[] = {
      {"identity", Coding::identity}, {"gzip", Coding::gzip}, {"x-gzip", Coding::gzip},
      {"deflate", Coding::deflate},   {"br", Coding::br},     {"zstd", Coding::zstd}};
  for (const Named& one : all) {
    if (text.size() == one.name.size() && strncasecmp(text.data(), one.name.data(), text.size()) == 0)
      return one.coding;
  }
  return std::nullopt;
}

std::unique_ptr<Decoder> make_decoder(Coding coding) {
  switch (coding) {
    case Coding::gzip: return std::make_unique<Inflater>(true);
    case Coding::deflate: return std::make_unique<Inflater>(false);
    case Coding::br: return ready(std::make_unique<Brotli>());
    case Coding::zstd: return ready(std::make_unique<Zstd>());
    case Coding::identity: break;
  }
  return nullptr;
}

}  // namespace sallyport::http
