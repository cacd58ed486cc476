// What is wrong with a message. Texts are for whoever sent it: one line, in constant memory.
#pragma once

#include <string_view>

namespace sallyport::http {

struct Fault {
  unsigned status = 400;  // to answer a request with; of a response it means nothing
  std::string_view code;  // stable, for records and tests
  std::string_view text;
};

}  // namespace sallyport::http
