// What the HTTP parsers make of streams, for test_http_oracle.py. stdin: 'Q' (requests), 'R' or 'H' (the
// response to a GET, to a HEAD, and then the peer's end), 4 bytes of size, lowest first, the stream; again
// and again. stdout: one line of JSON each, all texts in hexadecimal.
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

#include "plugins/http/wire/parser.h"

namespace sallyport::http {
namespace {

std::string hex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    out += {digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

std::string json_of(const Fields& fields) {
  std::string out;
  for (const Field& field : fields)
    out += (out.empty() ? "\"" : ",\"") + hex(field.name) + ":" + hex(field.value) + "\"";
  return "[" + out + "]";
}

std::string first_of(const RequestHead& head) {
  return head.method + (head.has_query ? " ?" + head.query : " ");
}
std::string first_of(const ResponseHead& head) { return std::to_string(head.status) + " " + head.reason; }

template <class Parser>
class Teller {
 public:
  bool take(const Step& step) {
    if (step.kind != Step::Kind::more) is_between_ = step.kind == Step::Kind::end;
    switch (step.kind) {
      case Step::Kind::more: return false;
      case Step::Kind::bad: fault_ = parser.fault().code; return false;
      case Step::Kind::head: body_.clear(); break;
      case Step::Kind::body:
        body_.append(reinterpret_cast<const char*>(step.body.data()), step.body.size());
        break;
      case Step::Kind::end:
        messages_ += (messages_.empty() ? "" : ",") + std::string("{\"first\":\"") +
                     hex(first_of(parser.head())) + "\",\"fields\":" + json_of(parser.head().fields) +
                     ",\"trailers\":" + json_of(parser.trailers()) + ",\"body\":\"" + hex(body_) + "\"}";
        break;
    }
    return true;
  }
  void read(const std::string& stream) {
    size_t at = 0;
    for (;;) {
      const Step step =
          parser.step({reinterpret_cast<const uint8_t*>(stream.data()) + at, stream.size() - at});
      at += step.consumed;
      if (take(step)) continue;
      is_whole_ = at == stream.size() && is_between_;
      return;
    }
  }
  void print() const {
    std::printf("{\"fault\":\"%s\",\"whole\":%s,\"messages\":[%s]}\n", fault_.c_str(),
                is_whole_ ? "true" : "false", messages_.c_str());
  }

  Parser parser;

 private:
  std::string messages_, body_, fault_;
  bool is_between_ = true, is_whole_ = false;  // the stream has ended between messages
};

void tell(char kind, const std::string& stream) {
  if (kind == 'Q') {
    Teller<RequestParser> teller;
    teller.read(stream);
    return teller.print();
  }
  Teller<ResponseParser> teller;
  teller.parser.expect(kind == 'H' ? "HEAD" : "GET");
  teller.read(stream);
  (void)teller.take(teller.parser.peer_closed());
  teller.print();
}

}  // namespace
}  // namespace sallyport::http

int main() {
  std::array<unsigned char, 5> head{};
  while (std::fread(head.data(), 1, head.size(), stdin) == head.size()) {
    std::string stream(head[1] | static_cast<size_t>(head[2]) << 8 | static_cast<size_t>(head[3]) << 16,
                       '\0');
    if (std::fread(stream.data(), 1, stream.size(), stdin) != stream.size()) return 1;
    sallyport::http::tell(static_cast<char>(head[0]), stream);
  }
  return 0;
}
