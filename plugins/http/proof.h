// What a request brings to prove who sends it (RFC 9110, 11.6.2; RFC 6750, 2.1; RFC 7617). Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "plugins/http/wire/message.h"

namespace sallyport::http {

struct Proof {
  std::string who;     // as the host's `login` knows it: a user, a ticket's id, "token"; empty: none named
  std::string target;  // that the user name carries (`WHO,TARGET` of Basic); empty: none
  std::string secret;  // zeroed by `forget`
  bool is_given = false;
  bool is_ambient = false;  // browsers send it by themselves

  void forget();
};

// Of the Authorization field; none given where there is none. The error is one line for the caller.
[[nodiscard]] std::expected<Proof, std::string_view> proof_of(const Fields& fields);

}  // namespace sallyport::http
