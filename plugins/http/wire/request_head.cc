#include "plugins/http/wire/request_head.h"

#include <algorithm>

#include "plugins/http/wire/characters.h"
#include "plugins/http/wire/framing.h"
#include "plugins/http/wire/limits.h"
#include "plugins/http/wire/path.h"

namespace sallyport::http {

namespace {

constexpr Fault bad_line{400, "bad-request-line", "the request line is not METHOD SP TARGET SP HTTP/1.1"};
constexpr Fault bad_method{400, "bad-method", "the method is no token of at most 32 characters"};
constexpr Fault bad_version{400, "bad-version", "the request line does not end with HTTP/1.1"};
constexpr Fault other_version{505, "other-version", "this gateway speaks HTTP/1.1 and HTTP/1.0"};
constexpr Fault bad_target{400, "bad-target",
                           "the request's target is no path, and no http or https address"};
constexpr Fault bad_target_byte{400, "bad-target-byte", "the request's target holds a byte that it may not"};
constexpr Fault bad_asterisk{400, "bad-asterisk", "the target * goes with OPTIONS alone"};
constexpr Fault connect_refused{501, "connect", "CONNECT is refused: this gateway is no forward proxy"};
constexpr Fault no_host{400, "no-host", "no Host field"};
constexpr Fault two_hosts{400, "two-hosts", "more than one Host field"};
constexpr Fault bad_host{400, "bad-host", "the Host is not NAME or NAME:PORT"};
constexpr Fault host_differs{400, "host-differs", "the request's target and its Host name different hosts"};
constexpr Fault bad_expectation{417, "bad-expectation", "an Expect other than one 100-continue"};
constexpr Fault bad_connection{400, "bad-connection", "Connection is no list of field names"};

struct Line {
  std::string_view method, target;
  unsigned minor_version = 1;
};

std::expected<unsigned, Fault> minor_version_of(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  const bool is_other = text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) &&
                        text[6] == '.' && is_digit(text[7]);
  return std::unexpected(is_other ? other_version : bad_version);
}

std::expected<Line, Fault> parse_line(std::string_view line) {
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == line.npos || first == last) return std::unexpected(bad_line);
  const Line out{line.substr(0, first), line.substr(first + 1, last - first - 1)};
  if (!is_token(out.method) || out.method.size() > method_size_max) return std::unexpected(bad_method);
  const auto minor = minor_version_of(line.substr(last + 1));
  if (!minor) return std::unexpected(minor.error());
  if (out.target.empty() || out.target.contains(' ')) return std::unexpected(bad_line);
  return Line{out.method, out.target, *minor};
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, is_digit);
}

// uri-host [ ":" port ], without the escapes that nobody sends (RFC 9110, 7.2).
bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == text.npos || end == 1) return false;
    const auto may_stand = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
    const std::string_view port = text.substr(end + 1);
    return std::ranges::all_of(text.substr(1, end - 1), may_stand) &&
           (port.empty() || (port.starts_with(':') && is_port(port.substr(1))));
  }
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  return !name.empty() && std::ranges::all_of(name, is_unreserved) &&
         (colon == text.npos || is_port(text.substr(colon + 1)));
}

std::expected<std::string, Fault> host_of(const RequestHead& head) {
  const size_t count = head.fields.count("host");
  if (count == 0 && head.minor_version == 0) return "";
  if (count == 0) return std::unexpected(no_host);
  if (count > 1) return std::unexpected(two_hosts);
  const std::string& host = *head.fields.find("host");
  if (!is_host(host)) return std::unexpected(bad_host);
  return host;
}

// What follows the scheme, of absolute-form; nothing where it is none.
std::string_view behind_scheme(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (same_word(target.substr(0, scheme.size()), scheme)) return target.substr(scheme.size());
  }
  return {};
}

std::expected<void, Fault> read_target(std::string_view target, RequestHead& head) {
  if (target.size() > target_size_max) return std::unexpected(target_too_long);
  const auto is_bad = [](char c) {
    return is_control(c) || static_cast<unsigned char>(c) >= 0x80 || c == '#' || c == '"' || c == '<' ||
           c == '>';
  };
  if (std::ranges::any_of(target, is_bad)) return std::unexpected(bad_target_byte);
  if (target == "*") {
    if (head.method != "OPTIONS") return std::unexpected(bad_asterisk);
    head.form = TargetForm::asterisk;
    head.path = "*";
    return {};
  }
  if (!target.starts_with('/')) {
    target = behind_scheme(target);
    if (target.empty()) return std::unexpected(bad_target);
    head.form = TargetForm::absolute;
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    if (!is_host(target.substr(0, end))) return std::unexpected(bad_host);
    if (!same_word(target.substr(0, end), head.authority)) return std::unexpected(host_differs);
    target.remove_prefix(end);
  }
  const size_t mark = target.find('?');
  head.has_query = mark != target.npos;
  if (head.has_query) head.query = target.substr(mark + 1);
  const std::string_view raw = target.substr(0, mark);
  auto path = normalised_path(raw.empty() ? "/" : raw);
  if (!path) return std::unexpected(path.error());
  head.path = std::move(*path);
  return {};
}

bool is_token_list(std::string_view text) {
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view one = trimmed(text.substr(0, comma));
    if (!one.empty() && !is_token(one)) return false;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

std::expected<void, Fault> read_fields(RequestHead& head) {
  const auto framed = framed_by(head.fields, head.minor_version);
  if (!framed) return std::unexpected(framed.error());
  if (*framed) {
    head.framing = (*framed)->framing;
    head.length = (*framed)->length;
  }
  for (const Field& field : head.fields) {
    if (same_word(field.name, "connection") && !is_token_list(field.value))
      return std::unexpected(bad_connection);
  }
  if (const size_t count = head.fields.count("expect"); count > 0 && head.minor_version >= 1) {
    if (count > 1 || !same_word(*head.fields.find("expect"), "100-continue"))
      return std::unexpected(bad_expectation);
    head.expects_continue = true;
  }
  head.keep_alive = keeps_alive(head.fields, head.minor_version);
  return {};
}

}  // namespace

std::expected<RequestHead, Fault> parse_request_head(std::string_view text) {
  const size_t end = text.find("\r\n");
  const auto line = parse_line(text.substr(0, end));
  if (!line) return std::unexpected(line.error());
  RequestHead head;
  head.method = line->method;
  head.minor_version = line->minor_version;
  if (same_word(head.method, "connect")) return std::unexpected(connect_refused);
  auto fields = parse_fields(text.substr(end + 2, text.size() - end - 4));
  if (!fields) return std::unexpected(fields.error());
  head.fields = std::move(*fields);
  auto host = host_of(head);
  if (!host) return std::unexpected(host.error());
  head.authority = std::move(*host);
  if (const auto read = read_target(line->target, head); !read) return std::unexpected(read.error());
  if (const auto read = read_fields(head); !read) return std::unexpected(read.error());
  return head;
}

}  // namespace sallyport::http
