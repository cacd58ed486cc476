#include "core/control/issuer_web.h"

#include <curl/curl.h>

#include <memory>

#include "config/clock.h"
#include "config/limits.h"
#include "config/quantity.h"
#include "core/identity/strict_json.h"

namespace sallyport {
namespace {

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

struct Download {
  std::string body;
  const std::atomic<bool>* stopping = nullptr;
};

size_t take(char* data, size_t size, size_t count, void* to) {
  std::string& body = static_cast<Download*>(to)->body;
  if (body.size() + size * count > limits::key_set_size_max) return 0;  // ends the transfer with an error
  body.append(data, size * count);
  return size * count;
}

int look_up(void* from, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Download*>(from)->stopping->load() ? 1 : 0;
}

bool prepare(CURL* easy, const config::Oidc& issuer, const std::string& url, long left_ms, Download& download,
             char* error) {
  const bool has_ca = !issuer.ca.empty();
  const auto set = [easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  return set(CURLOPT_URL, url.c_str()) && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
         set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_TIMEOUT_MS, left_ms) &&
         set(CURLOPT_SSL_VERIFYPEER, 1L) && set(CURLOPT_SSL_VERIFYHOST, 2L) &&
         set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
         (!has_ca || (set(CURLOPT_CAINFO, issuer.ca.c_str()) && set(CURLOPT_CAPATH, nullptr))) &&
         set(CURLOPT_WRITEFUNCTION, &take) && set(CURLOPT_WRITEDATA, &download) &&
         set(CURLOPT_NOPROGRESS, 0L) && set(CURLOPT_XFERINFOFUNCTION, &look_up) &&
         set(CURLOPT_XFERINFODATA, &download) && set(CURLOPT_ERRORBUFFER, error) &&
         set(CURLOPT_USERAGENT, "sallyport");
}

std::string encoded(CURL* easy, const IssuerForm& form) {
  std::string text;
  for (const auto& [key, value] : form) {
    char* escaped = curl_easy_escape(easy, value.data(), static_cast<int>(value.size()));
    text += (text.empty() ? "" : "&") + key + "=" + (escaped != nullptr ? escaped : "");
    curl_free(escaped);
  }
  return text;
}

}  // namespace

Result<IssuerAnswer> ask_issuer(const config::Oidc& issuer, const std::string& url, const IssuerForm& form,
                                int64_t deadline_ns, const std::atomic<bool>& stopping) {
  const std::string doing = (form.empty() ? "get " : "post to ") + url;
  const long left_ms = static_cast<long>((deadline_ns - steady_ns()) / 1'000'000);
  if (left_ms <= 0) return fail(doing + ": no answer in time");
  const Easy easy(curl_easy_init(), &curl_easy_cleanup);
  Download download{.stopping = &stopping};
  char error[CURL_ERROR_SIZE] = "";
  if (!easy || !prepare(easy.get(), issuer, url, left_ms, download, error))
    return fail(doing + ": this libcurl lacks what is needed");
  if (!form.empty() &&
      curl_easy_setopt(easy.get(), CURLOPT_COPYPOSTFIELDS, encoded(easy.get(), form).c_str()) != CURLE_OK)
    return fail(doing + ": no memory");
  const CURLcode code = curl_easy_perform(easy.get());
  if (code == CURLE_WRITE_ERROR) return fail(doing + ": the answer is larger than 256 KiB");
  if (code != CURLE_OK)
    return fail(doing + ": " + (error[0] != '\0' ? std::string(error) : curl_easy_strerror(code)));
  IssuerAnswer answer{.status = 0, .body = std::move(download.body)};
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

Result<nlohmann::json> discover_issuer(const config::Oidc& issuer, int64_t deadline_ns,
                                       const std::atomic<bool>& stopping) {
  std::string base = issuer.issuer;
  if (base.ends_with('/')) base.pop_back();
  const std::string url = base + "/.well-known/openid-configuration";
  const Result<IssuerAnswer> answer = ask_issuer(issuer, url, {}, deadline_ns, stopping);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) return fail("get " + url + ": HTTP status " + std::to_string(answer->status));
  auto document = identity::parse_strict_object(answer->body);
  if (!document) return fail(url + " is no JSON object");
  const std::string named = member_of(*document, "issuer");
  if (named != issuer.issuer)
    return fail(url + " is of another issuer: write issuer = " + config::in_quotes(named.substr(0, 200)) +
                " if that is the one");
  return std::move(*document);
}

std::string member_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace sallyport
