// What a parser found next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport::http {

struct Step {
  enum class Kind {
    more,  // nothing more can be said before more bytes come; framing before them may be consumed
    head,  // of a message
    body,  // a piece of its payload
    end,   // of the message; its trailers are whole
    bad    // see `fault`; nothing more will be found
  };
  Kind kind = Kind::more;
  size_t consumed = 0;                 // bytes of the input that this step is made of
  std::span<const uint8_t> body = {};  // within them
};

}  // namespace sallyport::http
