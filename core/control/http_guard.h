// Which requests the admin API takes at all, before anybody's proof is looked at: whole and plain HTTP/1.1,
// meant for this gateway (Host), not sent by another site's page (Origin, Sec-Fetch-Site). Sources: RFC 9110,
// RFC 9112 section 6.3 (lengths), Fetch Metadata (W3C). Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport {

struct HttpHead {
  std::string method, target;
  unsigned version = 11;
  bool is_secure = false;
  std::vector<std::pair<std::string, std::string>> fields;  // as sent, in order
};

struct HttpRefusal {
  unsigned status = 0;  // 0: none
  std::string_view why;
};

// `names`: what Host may say, without or with a port; "https://HOST:PORT" is also where its own pages may
// come from, whatever the connection: a proxy may end their TLS.
[[nodiscard]] HttpRefusal look_at(const HttpHead& head, const std::vector<std::string>& names);

// The body of an error, in the form of the other answers.
[[nodiscard]] std::string http_problem(unsigned status, std::string_view detail);

// What every answer carries: nothing is kept, guessed, framed or sent on.
[[nodiscard]] const std::vector<std::pair<std::string, std::string>>& http_answer_headers(bool is_secure);

}  // namespace sallyport
