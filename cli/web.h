// One HTTP request of the command line, to a gateway or an identity provider. Both may be hostile, or nobody:
// only https, or http to this machine's loopback; certificates verified; one deadline for all of it; bounded
// answers; no redirect is followed, because it would carry secrets to whom nobody named. Blocks.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/error.h"

namespace sallyport::cli {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct WebRequest {
  std::string method = "GET";
  std::string url;
  std::string ca;      // PEM file; empty: the system's authorities
  std::string bearer;  // a ticket
  std::string basic;   // "user:password", both as RFC 6749 section 2.3.1 writes them
  Fields form;         // the body, where there is any; or
  std::string json;    // in JSON
  long timeout_ms = 20'000;
};

struct WebAnswer {
  long status = 0;
  nlohmann::json body;  // an object, whatever came: empty where it was none
};

// An error has a code: nobody can be reached there, or what answers is not what it should be. What a server
// in order refuses is an answer, with its status.
[[nodiscard]] Result<WebAnswer> ask_web(const WebRequest& request);

// Members of objects that others wrote: nothing where they are not there or of another kind.
[[nodiscard]] std::string text_in(const nlohmann::json& object, const char* key);
[[nodiscard]] int64_t number_in(const nlohmann::json& object, const char* key, int64_t otherwise);
[[nodiscard]] std::vector<std::string> texts_in(const nlohmann::json& object, const char* key);
[[nodiscard]] const nlohmann::json& list_in(const nlohmann::json& object, const char* key);

// For queries, forms, and the parts of a URL (RFC 3986, section 2.3: all but unreserved is escaped).
[[nodiscard]] std::string escape_url(std::string_view text);
[[nodiscard]] std::string form_text(const Fields& fields);

// "https://gate:8420" and a path behind it; nothing where secrets must not go there.
[[nodiscard]] Result<std::string> base_url(std::string url);

}  // namespace sallyport::cli
