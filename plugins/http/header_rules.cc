#include "plugins/http/header_rules.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace sallyport::http {

namespace {

constexpr std::array<std::string_view, 10> hop_by_hop = {
    "Connection",        "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE",
    "Transfer-Encoding", "Trailer",    "Upgrade",          "Content-Length"};

// What servers behind gateways believe, and what makes another request of it.
constexpr std::array<std::string_view, 20> spoofable = {
    "Authorization",      "Forwarded",          "X-Forwarded-For",        "X-Forwarded-Host",
    "X-Forwarded-Proto",  "X-Forwarded-Port",   "X-Forwarded-User",       "X-Forwarded-Email",
    "X-Forwarded-Groups", "X-Forwarded-Prefix", "X-Forwarded-Server",     "X-Real-IP",
    "X-Remote-User",      "Remote-User",        "X-HTTP-Method-Override", "X-HTTP-Method",
    "X-Method-Override",  "X-Original-URL",     "X-Rewrite-URL",          "Expect"};

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// As CGI and its heirs read a name: '_' and '-' are one.
bool same_to_servers(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto plain = [](char c) {
             return c == '_' ? '-' : static_cast<char>(tolower(static_cast<unsigned char>(c)));
           };
           return plain(x) == plain(y);
         });
}

void remove_in_any_spelling(Fields& fields, std::string_view name) {
  std::vector<std::string> spellings;
  for (const Field& field : fields) {
    if (same_to_servers(field.name, name)) spellings.push_back(field.name);
  }
  for (const std::string& one : spellings) fields.remove(one);
}

// Those that Connection names, too.
void remove_hop_by_hop(Fields& fields) {
  std::vector<std::string> named;
  for (const Field& field : fields) {
    if (!same(field.name, "connection")) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const size_t end = std::min(list.find(','), list.size());
      std::string_view one = list.substr(0, end);
      while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
      while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
      if (!one.empty()) named.emplace_back(one);
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  }
  for (const std::string& name : named) fields.remove(name);
  for (const std::string_view name : hop_by_hop) remove_in_any_spelling(fields, name);
}

// Location, Content-Location: of the target's own, or a path of it.
std::string led_back(std::string_view value, const Route& route, std::string_view target_host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!same(value.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = value.substr(scheme.size());
    if (!same(rest.substr(0, target_host.size()), target_host)) continue;
    const std::string_view path = rest.substr(target_host.size());
    if (path.empty() || path.front() == '/') return route.prefix + (path.empty() ? "/" : std::string(path));
  }
  const bool is_path = value.starts_with('/') && !value.starts_with("//");
  return is_path ? route.prefix + std::string(value) : std::string(value);
}

// Set-Cookie (RFC 6265, 4.1): no domain, for that is the gateway's; the path behind the prefix.
std::string cookie_led_back(std::string_view value, const Route& route) {
  std::string out;
  for (bool is_first = true; !value.empty(); is_first = false) {
    const size_t end = std::min(value.find(';'), value.size());
    std::string_view one = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (!is_first && same(one.substr(0, 7), "domain=")) continue;
    if (!out.empty()) out += "; ";
    if (!is_first && same(one.substr(0, 6), "path=/")) {
      out.append("Path=").append(route.prefix).append(one.substr(5));
    } else {
      out.append(one);
    }
  }
  return out;
}

}  // namespace

void write_request_fields(RequestHead& head, const RequestTerms& terms) {
  remove_hop_by_hop(head.fields);
  for (const std::string_view name : spoofable) remove_in_any_spelling(head.fields, name);
  remove_in_any_spelling(head.fields, "Host");
  head.fields.set("Host", terms.host);
  if (terms.is_masked) {
    for (const std::string_view name : {"Range", "If-Range", "Want-Digest", "Want-Content-Digest"})
      head.fields.remove(name);
    head.fields.set("Accept-Encoding", "identity");
  }
  if (terms.credential_name.empty()) return;
  remove_in_any_spelling(head.fields, terms.credential_name);
  head.fields.set(terms.credential_name, terms.credential_value);
}

void frame_request(RequestHead& head, bool has_body, bool is_chunked, size_t size) {
  if (!has_body) return;
  if (is_chunked) {
    head.fields.set("Transfer-Encoding", "chunked");
  } else {
    head.fields.set("Content-Length", std::to_string(size));
  }
}

void write_response_fields(ResponseHead& head, const Route& route, std::string_view target_host) {
  remove_hop_by_hop(head.fields);
  for (Field& field : head.fields) {
    if (same(field.name, "location") || same(field.name, "content-location")) {
      field.value = led_back(field.value, route, target_host);
    } else if (same(field.name, "set-cookie") && !route.prefix.empty()) {
      field.value = cookie_led_back(field.value, route);
    }
  }
}

void forget_body_fields(Fields& fields) {
  for (const std::string_view name : {"ETag", "Last-Modified", "Accept-Ranges", "Content-Range", "Digest",
                                      "Content-Digest", "Repr-Digest", "Content-MD5", "Content-Encoding"})
    fields.remove(name);
}

}  // namespace sallyport::http
