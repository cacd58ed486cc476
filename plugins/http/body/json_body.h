// JSON (RFC 8259), read strictly and masked as it streams. Places that masks name are masked one by one; then
// what was read is looked at together, by segments that are cut behind a value, each made a whole JSON value
// of by brackets of our own: so that a key stands beside its value, and the host's reader of JSON does it
// all. Keys may stand twice: each is looked at.
#pragma once

#include <vector>

#include "plugins/http/body/body_mask.h"

namespace sallyport::http {

class JsonBody : public BodyMask {
 public:
  // `lines`: values follow each other, with blanks between (NDJSON).
  JsonBody(Looker& looker, bool lines) : looker_(looker), names_any_(looker.names_any()), lines_(lines) {}
  [[nodiscard]] std::expected<void, BodyFault> feed(std::string_view bytes, std::string& out) override;
  [[nodiscard]] std::expected<void, BodyFault> finish(std::string& out) override;

 private:
  enum class Expect : uint8_t { value, value_or_end, key, key_or_end, colon, comma_or_end, nothing };
  enum class Token : uint8_t { none, string, key, word };
  struct Level {
    bool is_object = false;
    bool is_named = false;  // it, or what it lies in
    size_t path_size = 0;   // of `path_`, to it
  };
  struct Place {  // a value that a mask names
    size_t begin, end;
    std::string path;
  };

  [[nodiscard]] std::expected<void, BodyFault> read(std::string& out);
  [[nodiscard]] bool begin_token(char c);
  [[nodiscard]] bool open(bool is_object);
  [[nodiscard]] bool close(bool is_object);
  [[nodiscard]] size_t token_end();
  [[nodiscard]] size_t string_end();
  [[nodiscard]] bool end_token(size_t end);
  void end_key(size_t end);
  void end_value();
  [[nodiscard]] std::expected<void, BodyFault> flush(std::string& out);
  [[nodiscard]] std::string with_named_masked(size_t end);

  Looker& looker_;
  bool names_any_;
  bool lines_;
  Expect expect_ = Expect::value;
  Token token_ = Token::none;
  bool has_escape_ = false, has_high_ = false;  // so far in the string
  size_t token_begin_ = 0;
  size_t at_ = 0;        // in `segment_`: read up to here
  std::string segment_;  // not yet sent on
  std::string whole_;    // it, within brackets
  std::vector<Level> levels_;
  std::vector<bool> begun_in_;  // at the segment's begin: which levels were open, true: objects
  std::string path_{body_path};
  bool is_named_ = false;     // the value that comes
  std::vector<Place> named_;  // of the segment
  bool seen_value_ = false;
};

}  // namespace sallyport::http
