// A PostgreSQL server that answers what it is sent, in order, with rows that hold a "secret".
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "plugins/postgresql/messages.h"
#include "tests/unit/postgresql/login_peers.h"

namespace sallyport::pg::test {

inline std::string row_shape() {
  Writer out;
  out.begin('T').u16(1).text("a").u32(0).i16(0).u32(25).i16(-1).i32(-1).i16(0);
  return bytes_of(out.end());
}

inline std::string data_row(std::string_view value) {
  Writer out;
  out.begin('D').u16(1).u32(static_cast<uint32_t>(value.size())).bytes(as_bytes(value));
  return bytes_of(out.end());
}

inline std::string failure(std::string_view code) {
  Writer out;
  write_error(out, {.sqlstate = code, .message = "secret"});
  return bytes_of(out);
}

// What a server says to what it got. `transaction` is its status.
class Server {
 public:
  std::string answer(std::string_view sent) {
    pending_ += sent;
    MessageReader reader(as_bytes(pending_));
    Message next;
    std::string out;
    while (reader.next(next) == Frame::message) reply(next, out);
    pending_.erase(0, reader.offset());
    return out;
  }

 private:
  void reply(const Message& message, std::string& out) {
    const std::string text_of_query(as_text(message.body));
    if (both_) return take_both(message.type, out);
    if (copying_) return take_copy(message.type, out);
    if (skipping_ && message.type != 'S' && message.type != 'Q') return;
    switch (message.type) {
      case 'Q':
        simple_ = true;
        out += run(text_of_query);
        if (!copying_ && !both_) out += ready();
        break;
      case 'F': out += test::message('V', u32(6) + "secret") + ready(); break;
      case 'P':
        text_ = text_of_query.substr(std::min(text_of_query.find('\0') + 1, text_of_query.size()));
        out += test::message('1', "");
        break;
      case 'B': out += test::message('2', ""); break;
      case 'C': out += test::message('3', ""); break;
      case 'D':
        out += text_of_query.starts_with('S') ? test::message('t', std::string(2, '\0')) + row_shape()
                                              : row_shape();
        break;
      case 'E':
        simple_ = false;
        out += text_.starts_with("COPY") ? run(text_)
                                         : data_row("secret") + test::message('C', text("SELECT 1"));
        break;
      case 'S':
        skipping_ = false;
        out += ready();
        break;
      default: break;
    }
  }
  std::string run(const std::string& query) {
    if (query.starts_with("BEGIN")) status_ = 'T';
    if (query.starts_with("COMMIT") || query.starts_with("ROLLBACK")) status_ = 'I';
    if (query.find("REFUSED") != std::string::npos) {
      if (status_ == 'T') status_ = 'E';
      return failure("42601");
    }
    if (query.starts_with("SELECT"))
      return row_shape() + data_row("my secret") + test::message('C', text("SELECT 1"));
    if (query.starts_with("COPY t TO STDOUT")) {
      return test::message('H', std::string(3, '\0')) + test::message('d', "the secret\n") +
             test::message('c', "") + test::message('C', text("COPY 1"));
    }
    both_ = query.starts_with("START_REPLICATION");
    if (both_) return test::message('W', std::string(3, '\0')) + test::message('d', "w");
    if (query.starts_with("BASE_BACKUP")) {
      return row_shape() + test::message('C', text("SELECT")) + test::message('H', std::string(3, '\0')) +
             test::message('d', "d") + test::message('c', "") + test::message('C', text("BASE_BACKUP"));
    }
    copying_ = query.starts_with("COPY t FROM STDIN");
    if (copying_) return test::message('G', std::string(3, '\0'));
    return test::message('C', text("OK"));
  }
  // It reads nothing else until the data are over.
  void take_copy(uint8_t type, std::string& out) {
    if (type != 'c' && type != 'f') return;
    copying_ = false;
    out += type == 'c' ? test::message('C', text("COPY 1")) : failure("57014");
    if (simple_) {
      out += ready();
    } else {
      skipping_ = type == 'f';
    }
  }
  // Each side may end it first; an error of the server's does at once.
  void take_both(uint8_t type, std::string& out) {
    if (type == 'd') out += test::message('d', "w");
    if (type != 'c' && type != 'f') return;
    both_ = false;
    out += type == 'c' ? test::message('c', "") + test::message('C', text("START_REPLICATION"))
                       : failure("57014");
    out += ready();
  }
  std::string ready() const { return test::message('Z', std::string(1, status_)); }

  std::string pending_;
  char status_ = 'I';
  bool skipping_ = false;
  bool copying_ = false;
  bool both_ = false;    // copy-both
  bool simple_ = false;  // the COPY came in a Query
  std::string text_;     // of the last Parse
};

}  // namespace sallyport::pg::test
