#include "core/control/issuer_fetch.h"

#include "config/clock.h"
#include "config/file.h"
#include "config/limits.h"
#include "config/quantity.h"
#include "core/control/issuer_web.h"

namespace sallyport {
namespace {

Result<std::string> keys_url(const config::Oidc& issuer, int64_t deadline_ns,
                             const std::atomic<bool>& stopping) {
  if (!issuer.keys_url.empty()) return issuer.keys_url;
  const Result<nlohmann::json> document = discover_issuer(issuer, deadline_ns, stopping);
  if (!document) return std::unexpected(document.error());
  const std::string url = member_of(*document, "jwks_uri");
  if (!config::is_trusted_url(url))
    return fail("the document of " + issuer.issuer + " names no https address for its keys");
  return url;
}

}  // namespace

Result<identity::KeySet> fetch_keys(const config::Oidc& issuer, const std::atomic<bool>& stopping) {
  if (!issuer.keys_file.empty()) {
    const Result<std::string> text = config::read_file(issuer.keys_file, limits::key_set_size_max);
    if (!text) return std::unexpected(text.error());
    return identity::KeySet::parse(*text);
  }
  const int64_t deadline_ns = steady_ns() + int64_t{limits::issuer_fetch_timeout_ms} * 1'000'000;
  const Result<std::string> url = keys_url(issuer, deadline_ns, stopping);
  if (!url) return std::unexpected(url.error());
  const Result<IssuerAnswer> answer = ask_issuer(issuer, *url, {}, deadline_ns, stopping);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) return fail("get " + *url + ": HTTP status " + std::to_string(answer->status));
  Result<identity::KeySet> keys = identity::KeySet::parse(answer->body);
  if (!keys) return std::unexpected(std::move(keys.error()).in(*url));
  return keys;
}

}  // namespace sallyport
