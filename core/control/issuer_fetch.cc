#include "core/control/issuer_fetch.h"

#include <curl/curl.h>

#include <memory>

#include "config/clock.h"
#include "config/file.h"
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

Result<std::string> get(const config::Oidc& issuer, const std::string& url, int64_t deadline_ns,
                        const std::atomic<bool>& stopping) {
  const long left_ms = static_cast<long>((deadline_ns - steady_ns()) / 1'000'000);
  if (left_ms <= 0) return fail("get " + url + ": no answer in time");
  const Easy easy(curl_easy_init(), &curl_easy_cleanup);
  Download download{.stopping = &stopping};
  char error[CURL_ERROR_SIZE] = "";
  if (!easy || !prepare(easy.get(), issuer, url, left_ms, download, error))
    return fail("get " + url + ": this libcurl lacks what is needed");
  const CURLcode code = curl_easy_perform(easy.get());
  if (code == CURLE_WRITE_ERROR) return fail("get " + url + ": the answer is larger than 256 KiB");
  if (code != CURLE_OK)
    return fail("get " + url + ": " + (error[0] != '\0' ? std::string(error) : curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return fail("get " + url + ": HTTP status " + std::to_string(status));
  return std::move(download.body);
}

Result<std::string> discover(const config::Oidc& issuer, int64_t deadline_ns,
                             const std::atomic<bool>& stopping) {
  std::string base = issuer.issuer;
  if (base.ends_with('/')) base.pop_back();
  const std::string url = base + "/.well-known/openid-configuration";
  const Result<std::string> text = get(issuer, url, deadline_ns, stopping);
  if (!text) return std::unexpected(text.error());
  const auto document = identity::parse_strict_object(*text);
  if (!document) return fail(url + " is no JSON object");
  const auto member = [&document](const char* key) {
    const auto found = document->find(key);
    return found != document->end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (member("issuer") != issuer.issuer)
    return fail(url + " is of another issuer: write issuer = " +
                config::in_quotes(member("issuer").substr(0, 200)) + " if that is the one");
  if (!config::is_trusted_url(member("jwks_uri"))) return fail(url + " names no https address for its keys");
  return member("jwks_uri");
}

}  // namespace

Result<identity::KeySet> fetch_keys(const config::Oidc& issuer, const std::atomic<bool>& stopping) {
  if (!issuer.keys_file.empty()) {
    const Result<std::string> text = config::read_file(issuer.keys_file, limits::key_set_size_max);
    if (!text) return std::unexpected(text.error());
    return identity::KeySet::parse(*text);
  }
  const int64_t deadline_ns = steady_ns() + int64_t{limits::issuer_fetch_timeout_ms} * 1'000'000;
  Result<std::string> url = issuer.keys_url.empty() ? discover(issuer, deadline_ns, stopping)
                                                    : Result<std::string>(issuer.keys_url);
  if (!url) return std::unexpected(std::move(url.error()));
  const Result<std::string> text = get(issuer, *url, deadline_ns, stopping);
  if (!text) return std::unexpected(text.error());
  Result<identity::KeySet> keys = identity::KeySet::parse(*text);
  if (!keys) return std::unexpected(std::move(keys.error()).in(*url));
  return keys;
}

}  // namespace sallyport
