// What the gateway itself answers: problem details (RFC 9457) that a program can act on; to a call of
// JSON-RPC 2.0 (section 5.1) its error. Pure.
#pragma once

#include <string>
#include <string_view>

#include "plugins/plugin.h"

namespace sallyport::http {

struct Problem {
  unsigned status = 400;
  std::string_view code;  // stable
  std::string_view text;
  const sp_answer* answer = nullptr;   // the policy's, where it was one
  std::string_view extra_fields = {};  // whole lines, each ended by CRLF
  std::string_view rpc_id = {};        // of the call, as JSON; empty: it was none
};

// The whole response; `closes`: the connection ends behind it, `head_only`: it answers HEAD.
[[nodiscard]] std::string problem_response(const Problem& problem, bool closes, bool head_only);

}  // namespace sallyport::http
