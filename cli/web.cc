#include "cli/web.h"

#include <curl/curl.h>
#include <openssl/crypto.h>

#include <cerrno>
#include <memory>

#include "config/limits.h"
#include "config/quantity.h"
#include "core/identity/strict_json.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;
using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

constexpr size_t answer_size_max = limits::key_set_size_max;

size_t take(char* data, size_t size, size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + size * count > answer_size_max) return 0;  // ends the transfer with an error
  body.append(data, size * count);
  return size * count;
}

// One transfer's options; false as soon as this libcurl lacks one of them.
class Options {
 public:
  explicit Options(CURL* easy) : easy_(easy) {}
  template <typename Value>
  void set(CURLoption option, Value value) {
    good_ = good_ && curl_easy_setopt(easy_, option, value) == CURLE_OK;
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  CURL* easy_;
  bool good_ = true;
};

void set_safety(Options& options, const WebRequest& request) {
  options.set(CURLOPT_PROTOCOLS_STR, "http,https");
  options.set(CURLOPT_FOLLOWLOCATION, 0L);
  options.set(CURLOPT_NOSIGNAL, 1L);
  options.set(CURLOPT_TIMEOUT_MS, request.timeout_ms);
  options.set(CURLOPT_SSL_VERIFYPEER, 1L);
  options.set(CURLOPT_SSL_VERIFYHOST, 2L);
  options.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request.ca.empty()) {
    options.set(CURLOPT_CAINFO, request.ca.c_str());
    options.set(CURLOPT_CAPATH, nullptr);
  }
  // A proxy of the environment would read what is in plaintext, and this machine needs none to reach itself.
  if (request.url.starts_with("http://")) options.set(CURLOPT_PROXY, "");
}

std::string origin_of(const std::string& url) {
  const size_t begin = url.find("://");
  const size_t end = url.find_first_of("/?#", begin + 3);
  return url.substr(0, end);
}

Result<void> transfer(CURL* easy, const WebRequest& request, const curl_slist* headers, std::string& body) {
  const std::string form = request.json.empty() ? form_text(request.form) : request.json;
  char error[CURL_ERROR_SIZE] = "";
  Options options(easy);
  set_safety(options, request);
  options.set(CURLOPT_URL, request.url.c_str());
  options.set(CURLOPT_HTTPHEADER, headers);
  options.set(CURLOPT_USERAGENT, "sallyport");
  options.set(CURLOPT_WRITEFUNCTION, &take);
  options.set(CURLOPT_WRITEDATA, &body);
  options.set(CURLOPT_ERRORBUFFER, error);
  if (!form.empty()) {
    options.set(CURLOPT_POSTFIELDSIZE, static_cast<long>(form.size()));
    options.set(CURLOPT_COPYPOSTFIELDS, form.c_str());
  }
  if (request.method != (form.empty() ? "GET" : "POST"))
    options.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.basic.empty()) {
    options.set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    options.set(CURLOPT_USERPWD, request.basic.c_str());
  }
  if (!options.good()) return fail("this libcurl lacks what is needed: 7.85 or newer has it", ENOSYS);
  const CURLcode code = curl_easy_perform(easy);
  if (code == CURLE_WRITE_ERROR) return fail("the answer is larger than 256 KiB", EMSGSIZE);
  if (code == CURLE_OPERATION_TIMEDOUT) return fail("no answer in time", ETIMEDOUT);
  if (code != CURLE_OK)
    return fail(error[0] != '\0' ? std::string(error) : curl_easy_strerror(code), EHOSTUNREACH);
  return {};
}

}  // namespace

Result<WebAnswer> ask_web(const WebRequest& request) {
  // Who answers, without what a query may hold.
  const std::string where = request.url.substr(0, request.url.find('?'));
  if (!config::is_trusted_url(request.url))
    return fail(where + ": only https:// is safe (or http:// to 127.0.0.1)", EPROTO);
  const Easy easy(curl_easy_init(), &curl_easy_cleanup);
  if (!easy) return fail("libcurl cannot start", ENOMEM);
  List headers(curl_slist_append(nullptr, "Accept: application/json"), &curl_slist_free_all);
  if (!request.json.empty())
    headers.reset(curl_slist_append(headers.release(), "Content-Type: application/json"));
  if (!request.bearer.empty())
    headers.reset(curl_slist_append(headers.release(), ("Authorization: Bearer " + request.bearer).c_str()));
  std::string body;
  Result<void> done = transfer(easy.get(), request, headers.get(), body);
  if (!done) return std::unexpected(std::move(done.error()).in(where));
  WebAnswer answer;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  if (answer.status >= 300 && answer.status < 400) {
    char* to = nullptr;
    curl_easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &to);
    return fail(where + " sends on" + (to != nullptr ? " to " + origin_of(to) : "") +
                    ", which is not followed: name the right address",
                EPROTO);
  }
  std::optional<json> object = identity::parse_strict_object(body);
  OPENSSL_cleanse(body.data(), body.size());
  answer.body = object ? std::move(*object) : json::object();
  // What is in order says in JSON even what it refuses.
  if (!object && (answer.status != 204 || !body.empty()))
    return fail(where + ": HTTP status " + std::to_string(answer.status) + " and no JSON", EPROTO);
  if (answer.status >= 500)
    return fail(where + ": HTTP status " + std::to_string(answer.status) + ", it is out of order", EPROTO);
  return answer;
}

std::string text_in(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t number_in(const json& object, const char* key, int64_t otherwise) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : otherwise;
}

const json& list_in(const json& object, const char* key) {
  static const json none = json::array();
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_array() ? *found : none;
}

std::vector<std::string> texts_in(const json& object, const char* key) {
  std::vector<std::string> texts;
  for (const json& one : list_in(object, key)) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

std::string escape_url(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= 'a' && byte <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

std::string form_text(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += escape_url(name) + "=" + escape_url(value);
  }
  return out;
}

Result<std::string> base_url(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.find_first_of("?#") != url.npos || !config::is_trusted_url(url))
    return fail(
        url +
        " is no address of a gateway: write https://HOST:PORT (or http://127.0.0.1:PORT on its machine)");
  return url;
}

}  // namespace sallyport::cli
