// What a parser tells of a stream that comes in pieces: one line a step, payloads joined, the fault's code
// last.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/http/wire/parser.h"

namespace sallyport::http::test {

inline std::string told(const RequestHead& head) {
  std::string out = "head " + head.method + " " + head.authority + " " + head.path;
  if (head.has_query) out += "?" + head.query;
  for (const Field& field : head.fields) out += "|" + field.name + "=" + field.value;
  return out + (head.keep_alive ? " stays" : " closes") + (head.expects_continue ? " expects" : "");
}

inline std::string told(const ResponseHead& head) {
  std::string out = "head " + std::to_string(head.status) + " " + head.reason;
  for (const Field& field : head.fields) out += "|" + field.name + "=" + field.value;
  return out + (head.keep_alive ? " stays" : " closes");
}

inline std::string told(const Fields& trailers) {
  std::string out = "end";
  for (const Field& field : trailers) out += "|" + field.name + "=" + field.value;
  return out;
}

struct Story {
  std::vector<std::string> lines;
  size_t consumed = 0;
  friend bool operator==(const Story&, const Story&) = default;
};

template <class Parser>
class Teller {
 public:
  explicit Teller(Parser& parser) : parser_(parser) {}

  // All that the bytes so far tell.
  void tell(std::string_view stream) {
    for (;;) {
      const std::string_view left = stream.substr(at_);
      const Step step = parser_.step({reinterpret_cast<const uint8_t*>(left.data()), left.size()});
      at_ += step.consumed;
      // Behind a fault nothing counts: what was consumed before it depends on the cuts.
      story.consumed = step.kind == Step::Kind::bad ? 0 : at_;
      switch (step.kind) {
        case Step::Kind::more: return;
        case Step::Kind::head: story.lines.push_back(told(parser_.head())); break;
        case Step::Kind::body: add_body(step.body); break;
        case Step::Kind::end: story.lines.push_back(told(parser_.trailers())); break;
        case Step::Kind::bad:
          if (!failed_) story.lines.push_back("bad " + std::string(parser_.fault().code));
          failed_ = true;
          return;
      }
    }
  }

  Story story;

 private:
  void add_body(std::span<const uint8_t> bytes) {
    if (story.lines.back().substr(0, 5) != "body ") story.lines.push_back("body ");
    story.lines.back().append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  Parser& parser_;
  size_t at_ = 0;
  bool failed_ = false;
};

// The stream in pieces that end at `cuts`, which ascend.
template <class Make>
Story story_of(std::string_view stream, const std::vector<size_t>& cuts, const Make& make) {
  auto parser = make();
  Teller teller(parser);
  for (const size_t cut : cuts) teller.tell(stream.substr(0, cut));
  teller.tell(stream);
  return teller.story;
}

// Whole, cut in two everywhere, byte by byte: always the same.
template <class Make>
std::vector<Story> stories_of(std::string_view stream, const Make& make) {
  std::vector<Story> out = {story_of(stream, {}, make)};
  std::vector<size_t> all;
  const size_t pace = stream.size() > 2000 ? stream.size() / 100 : 1;
  for (size_t cut = 0; cut < stream.size(); cut += pace) {
    all.push_back(cut);
    out.push_back(story_of(stream, {cut}, make));
  }
  out.push_back(story_of(stream, all, make));
  return out;
}

inline RequestParser make_request_parser() { return {}; }

}  // namespace sallyport::http::test
