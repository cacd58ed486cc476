#include "core/control/approval_page.h"

#include <algorithm>

#include "approve_css.h"
#include "approve_html.h"
#include "approve_js.h"

namespace sallyport {

namespace {

constexpr std::string_view page_path = "/approve/";
constexpr size_t id_size_max = 16;

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= id_size_max &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

HttpAnswer file(const char* type, std::string_view text) {
  return {.content_type = type,
          .body = std::string(text),
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                       "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
                       "require-trusted-types-for 'script'"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"}}};
}

}  // namespace

std::optional<HttpAnswer> approval_page(const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  if (request.path == "/page/approve.js") return file("text/javascript; charset=utf-8", approve_script);
  if (request.path == "/page/approve.css") return file("text/css; charset=utf-8", approve_style);
  if (!request.path.starts_with(page_path) || !is_id(std::string_view(request.path).substr(page_path.size())))
    return std::nullopt;
  return file("text/html; charset=utf-8", approve_page);
}

}  // namespace sallyport
