#include "core/control/http_guard.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/quantity.h"

namespace sallyport {

namespace {

constexpr std::string_view scheme_end = "://";

std::vector<std::string_view> values_of(const HttpHead& head, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : head.fields) {
    if (config::lower_case(key) == name) values.push_back(value);
  }
  return values;
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_named(std::string_view host, const std::vector<std::string>& names) {
  const std::string wanted = config::lower_case(std::string(host));
  const std::string bare(without_port(wanted));
  return std::ranges::any_of(names, [&](const std::string& name) {
    std::string known = config::lower_case(name);
    if (const size_t scheme = known.find(scheme_end); scheme != std::string::npos)
      known.erase(0, scheme + scheme_end.size());
    return known == wanted || known == bare;
  });
}

// Of this gateway as the caller sees it: by this connection, or by a proxy before it that ends TLS.
bool is_own_origin(const HttpHead& head, std::string_view host, const std::vector<std::string>& names,
                   std::string_view origin) {
  const std::string wanted = config::lower_case(std::string(origin));
  const std::string here = config::lower_case(std::string(host));
  if (wanted == (head.is_secure ? "https://" : "http://") + here) return true;
  return std::ranges::any_of(names, [&](const std::string& name) {
    const std::string known = config::lower_case(name);
    return known == wanted && known.ends_with(std::string(scheme_end) + here);
  });
}

bool is_plain_target(std::string_view target) {
  return target.starts_with('/') && !target.starts_with("//") && target.size() <= 2048 &&
         std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '\\'; });
}

bool is_of_another_site(const HttpHead& head, std::string_view host, const std::vector<std::string>& names) {
  for (const std::string_view site : values_of(head, "sec-fetch-site")) {
    // "none": a person typed it or followed a link from outside a page.
    const bool is_visit =
        site == "none" || (site != "same-origin" && (head.method == "GET" || head.method == "HEAD") &&
                           values_of(head, "sec-fetch-mode") == std::vector<std::string_view>{"navigate"});
    if (site != "same-origin" && !is_visit) return true;
  }
  return std::ranges::any_of(values_of(head, "origin"), [&](std::string_view origin) {
    return !is_own_origin(head, host, names, origin);
  });
}

}  // namespace

HttpRefusal look_at(const HttpHead& head, const std::vector<std::string>& names) {
  if (head.version != 11) return {505, "write HTTP/1.1"};
  static constexpr std::string_view methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};
  if (std::ranges::find(methods, head.method) == std::end(methods))
    return {405, "the API knows GET, POST, PUT and DELETE"};
  if (!is_plain_target(head.target)) return {400, "the path is none of this API"};
  const auto hosts = values_of(head, "host");
  if (hosts.size() != 1) return {400, "exactly one Host"};
  if (!is_named(hosts.front(), names))
    return {421, "this Host is not this gateway's: see `names` under [admin]"};
  if (!values_of(head, "transfer-encoding").empty()) return {411, "send a Content-Length, not chunks"};
  if (values_of(head, "content-length").size() > 1) return {400, "one Content-Length"};
  for (const char* once : {"authorization", "content-type", "origin"}) {
    if (values_of(head, once).size() > 1) return {400, "one Authorization, Content-Type and Origin each"};
  }
  if (!values_of(head, "upgrade").empty()) return {400, "nothing to upgrade to"};
  if (!values_of(head, "expect").empty()) return {417, "send the body at once"};
  if (is_of_another_site(head, hosts.front(), names))
    return {403, "requests of other sites' pages are refused"};
  return {};
}

std::string http_problem(unsigned status, std::string_view detail) {
  return nlohmann::json{{"ok", false}, {"status", status}, {"error", std::string(detail)}}.dump() + "\n";
}

const std::vector<std::pair<std::string, std::string>>& http_answer_headers(bool is_secure) {
  static const std::vector<std::pair<std::string, std::string>> plain = {
      {"Cache-Control", "no-store"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors "
       "'none'"}};
  static const std::vector<std::pair<std::string, std::string>> secure = [] {
    auto all = plain;
    all.emplace_back("Strict-Transport-Security", "max-age=31536000");
    return all;
  }();
  return is_secure ? secure : plain;
}

}  // namespace sallyport
