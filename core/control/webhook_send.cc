#include "core/control/webhook_send.h"

#include <curl/curl.h>
#include <string.h>

#include <algorithm>
#include <memory>

#include "config/limits.h"
#include "config/quantity.h"
#include "core/control/webhook_signature.h"

namespace sallyport {

namespace {

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

struct Transfer {
  size_t size = 0;
  const std::atomic<bool>* stopping = nullptr;
};

struct Headers {
  curl_slist* list = nullptr;
  Headers() = default;
  Headers(const Headers&) = delete;
  Headers& operator=(const Headers&) = delete;
  ~Headers() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
};

// Nobody reads what comes back; it is only waited for.
size_t take(char*, size_t size, size_t count, void* to) {
  size_t& all = static_cast<Transfer*>(to)->size;
  all += size * count;
  return all > limits::webhook_answer_size_max ? 0 : size * count;
}

int look_up(void* from, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(from)->stopping->load() ? 1 : 0;
}

bool prepare(CURL* easy, const WebhookPost& post, const std::string& url, const Headers& headers,
             Transfer& transfer) {
  const auto set = [easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  const std::string& ca = post.webhook.ca.native();
  // What is on loopback is reached without the environment's proxy.
  const bool is_plain = url.starts_with("http://");
  return set(CURLOPT_URL, url.c_str()) && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
         set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_NETRC, 0L) &&
         (!is_plain || set(CURLOPT_NOPROXY, "*")) &&
         set(CURLOPT_TIMEOUT_MS, static_cast<long>(post.webhook.timeout_ms)) &&
         set(CURLOPT_SSL_VERIFYPEER, 1L) && set(CURLOPT_SSL_VERIFYHOST, 2L) &&
         set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
         (ca.empty() || (set(CURLOPT_CAINFO, ca.c_str()) && set(CURLOPT_CAPATH, nullptr))) &&
         set(CURLOPT_HTTPHEADER, headers.list) && set(CURLOPT_POSTFIELDS, post.body.c_str()) &&
         set(CURLOPT_POSTFIELDSIZE, static_cast<long>(post.body.size())) &&
         set(CURLOPT_WRITEFUNCTION, &take) && set(CURLOPT_WRITEDATA, &transfer) &&
         set(CURLOPT_NOPROGRESS, 0L) && set(CURLOPT_XFERINFOFUNCTION, &look_up) &&
         set(CURLOPT_XFERINFODATA, &transfer) && set(CURLOPT_USERAGENT, "sallyport");
}

// libcurl's own text may repeat the URL, which may be a secret: only what kind of fault it is gets told.
WebhookOutcome fault(CURLcode code) { return {.why = curl_easy_strerror(code)}; }

Result<void> add_headers(const WebhookPost& post, int64_t now_s, Headers& headers) {
  headers.add("Content-Type: application/json");
  headers.add("Expect:");
  headers.add("Sallyport-Delivery: " + post.delivery);
  headers.add("Sallyport-Event: " + post.event);
  // Slack's secret is for what comes back; with it, what is sent proves nothing to anybody.
  if (post.webhook.kind == config::WebhookKind::slack) return {};
  Result<std::string> secret = config::read_webhook_secret(post.webhook);
  if (!secret) return std::unexpected(std::move(secret.error()));
  headers.add("Sallyport-Signature: " + sign_delivery(*secret, now_s, post.body));
  explicit_bzero(secret->data(), secret->size());
  return {};
}

}  // namespace

WebhookOutcome send_webhook(const WebhookPost& post, int64_t now_s, const std::atomic<bool>& stopping) {
  const Result<std::string> own_url = config::read_webhook_url(post.webhook);
  if (!own_url) return {.why = own_url.error().text};
  if (!post.url.empty() && origin_of(post.url) != origin_of(*own_url))
    return {.kind = WebhookOutcome::Kind::refused, .why = "an address of another origin"};
  Headers headers;
  if (const Result<void> added = add_headers(post, now_s, headers); !added)
    return {.why = added.error().text};
  const Easy easy(curl_easy_init(), &curl_easy_cleanup);
  Transfer transfer{.stopping = &stopping};
  if (!easy || !prepare(easy.get(), post, post.url.empty() ? *own_url : post.url, headers, transfer))
    return {.kind = WebhookOutcome::Kind::refused, .why = "this libcurl lacks what is needed"};
  const CURLcode code = curl_easy_perform(easy.get());
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  // An answer that is too long is an answer; of one that did not come whole, the status may be there.
  if (code != CURLE_OK && code != CURLE_WRITE_ERROR) return fault(code);
  WebhookOutcome out{.kind = outcome_of(status), .why = "HTTP status " + std::to_string(status)};
  if (status >= 300 && status < 400) out.why += ": a redirect, which is not followed; write where it leads";
  curl_off_t wait_s = 0;
  if (curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &wait_s) == CURLE_OK && wait_s > 0)
    out.wait_ms =
        static_cast<uint32_t>(std::min<curl_off_t>(wait_s, limits::webhook_backoff_max_ms / 1000) * 1000);
  return out;
}

std::string origin_of(const std::string& url) {
  if (!config::is_trusted_url(url)) return "";
  const size_t scheme = url.find("://");
  return config::lower_case(url.substr(0, url.find_first_of("/?#", scheme + 3)));
}

WebhookOutcome::Kind outcome_of(long status) {
  if (status >= 200 && status < 300) return WebhookOutcome::Kind::delivered;
  const bool may_pass = status >= 500 || status == 408 || status == 425 || status == 429 || status < 200;
  return may_pass ? WebhookOutcome::Kind::again : WebhookOutcome::Kind::refused;
}

uint32_t backoff_ms(uint32_t first_ms, uint32_t try_count, uint32_t random) {
  const uint32_t doublings = std::min(try_count > 0 ? try_count - 1 : 0, 31U);
  const uint64_t most = std::min(uint64_t{first_ms} << doublings, uint64_t{limits::webhook_backoff_max_ms});
  return static_cast<uint32_t>(most / 2 + random % (most - most / 2 + 1));
}

}  // namespace sallyport
