// Which target a request is for, and the path that is left for it (DESIGN 2.2). Pure.
//
//   /t/[LOGIN~]TARGET/v1/x   the prefix names it, and is taken away
//   WHO,[LOGIN~]TARGET       the user name of Basic does
//   TARGET.gateway.example   else the Host's first label, unless the listener has a target
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "plugins/http/proof.h"
#include "plugins/http/wire/message.h"

namespace sallyport::http {

struct Route {
  std::string name;    // [LOGIN~]TARGET; empty: the listener's
  std::string prefix;  // "/t/[LOGIN~]TARGET", or empty
  std::string path;    // what the target is asked for, normalised

  // The user name that the host's `login` reads.
  [[nodiscard]] std::string user(std::string_view who) const;
  friend bool operator==(const Route& a, const Route& b) { return a.name == b.name; }
};

// `head.path` is normalised, so nothing in it can name another target further on.
[[nodiscard]] std::expected<Route, std::string_view> route_of(const RequestHead& head, const Proof& proof,
                                                              bool listener_decides);

}  // namespace sallyport::http
