#include "plugins/http/wire/response_head.h"

#include <algorithm>

#include "plugins/http/wire/characters.h"
#include "plugins/http/wire/framing.h"

namespace sallyport::http {

namespace {

constexpr Fault bad_line{502, "bad-status-line", "the status line is not HTTP/1.1 SP NNN SP REASON"};
constexpr Fault bad_status{502, "bad-status", "a status that is not of 100 to 599"};
constexpr Fault bad_reason{502, "bad-reason", "a reason that holds a control byte"};
constexpr Fault switched{502, "switched-protocols",
                         "the target speaks another protocol from here on: nobody asked for it"};
constexpr Fault interim_closes{502, "interim-closes", "an interim response closes the connection"};
constexpr Fault body_forbidden{502, "body-forbidden", "a response that has no body says how long it is"};

std::expected<void, Fault> read_line(std::string_view line, ResponseHead& head) {
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) return std::unexpected(bad_line);
  head.minor_version = line[7] == '1' ? 1 : 0;
  line.remove_prefix(9);
  if (line.size() < 3 || !std::ranges::all_of(line.substr(0, 3), is_digit) ||
      (line.size() > 3 && line[3] != ' '))
    return std::unexpected(bad_line);
  for (const char c : line.substr(0, 3)) head.status = head.status * 10 + static_cast<unsigned>(c - '0');
  if (head.status < 100 || head.status > 599) return std::unexpected(bad_status);
  if (head.status == 101) return std::unexpected(switched);
  head.reason = line.size() > 4 ? line.substr(4) : "";
  if (std::ranges::any_of(head.reason, [](char c) { return is_control(c) && c != '\t'; }))
    return std::unexpected(bad_reason);
  return {};
}

std::expected<void, Fault> read_framing(std::string_view method, ResponseHead& head) {
  const auto framed = framed_by(head.fields, head.minor_version);
  if (!framed) return std::unexpected(framed.error());
  if (head.is_interim() || head.status == 204) {
    const bool says_some = *framed && ((*framed)->framing != Framing::length || (*framed)->length > 0);
    if (says_some) return std::unexpected(body_forbidden);
    return {};
  }
  if (method == "HEAD" || head.status == 304) return {};
  head.framing = *framed ? (*framed)->framing : Framing::until_close;
  head.length = *framed ? (*framed)->length : 0;
  return {};
}

}  // namespace

std::expected<ResponseHead, Fault> parse_response_head(std::string_view text, std::string_view method) {
  const size_t end = text.find("\r\n");
  ResponseHead head;
  if (const auto read = read_line(text.substr(0, end), head); !read) return std::unexpected(read.error());
  auto fields = parse_fields(text.substr(end + 2, text.size() - end - 4));
  if (!fields) return std::unexpected(fields.error());
  head.fields = std::move(*fields);
  if (const auto read = read_framing(method, head); !read) return std::unexpected(read.error());
  head.keep_alive = keeps_alive(head.fields, head.minor_version) && head.framing != Framing::until_close;
  if (head.is_interim() && !head.keep_alive) return std::unexpected(interim_closes);
  return head;
}

}  // namespace sallyport::http
