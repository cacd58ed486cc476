// Who sends the requests of a connection: proven with the first one, the same with each.
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "plugins/http/bounds.h"
#include "plugins/http/session.h"

namespace sallyport::http {

namespace {

constexpr std::string_view challenge =
    "WWW-Authenticate: Bearer realm=\"sallyport\"\r\nWWW-Authenticate: Basic realm=\"sallyport\", "
    "charset=\"UTF-8\"\r\n";

std::array<uint8_t, 32> digest_of(const Proof& proof) {
  const std::string text = proof.who + '\0' + proof.secret;
  std::array<uint8_t, 32> out{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
  return out;
}

void wipe_authorization(Fields& fields) {
  for (Field& field : fields) {
    const bool is_it = field.name.size() == 13 && (field.name[0] | 0x20) == 'a' &&
                       fields.find("authorization") != nullptr &&
                       fields.find("authorization")->data() == field.value.data();
    if (is_it) OPENSSL_cleanse(field.value.data(), field.value.size());
  }
  fields.remove("authorization");
}

}  // namespace

void Session::prepare_login() {
  auto proof = proof_of(head_.fields);
  wipe_authorization(head_.fields);
  if (!proof) return refuse({.status = 400, .code = "proof-unreadable", .text = proof.error()}, true);
  proof_.forget();
  proof_ = std::move(*proof);
  auto route = route_of(head_, proof_, listener_decides_);
  if (!route) return refuse({.status = 400, .code = "no-target", .text = route.error()}, true);
  route_ = std::move(*route);
  const std::string* site = head_.fields.find("sec-fetch-site");
  const bool is_ambient = !proof_.is_given || proof_.is_ambient;
  if (is_ambient && site != nullptr && *site != "same-origin" && *site != "none")
    return refuse({.status = 403, .code = "cross-site", .text = "a page of another site asks in your name"},
                  true);
  if (is_proven_) {
    if (!is_same_caller()) return;
    phase_ = Phase::body;
    return continue_login();
  }
  // What proves somebody must not pass where others read, unless the operator has said so.
  if (proof_.is_given && tls_offered_ && !is_tls_)
    return refuse({.status = 400, .code = "tls-needed", .text = "use https: a secret came in plain text"},
                  true);
  const bool names_nobody = !proof_.is_given && !route_.name.empty();
  const std::string user = names_nobody ? route_.name : route_.user(proof_.is_given ? proof_.who : "token");
  host_.login({.size = sizeof(sp_login), .user = text_of(user), .database = {}, .client = {}});
  if (const std::string* agent = head_.fields.find("user-agent")) host_.name("client", *agent);
  by_channel_ = host_.verifier() == SP_VERIFIER_CHANNEL && !proof_.is_given;
  if (!by_channel_ && !proof_.is_given) return refuse_login("say who you are: Authorization: Bearer TOKEN");
  phase_ = Phase::login;
  continue_login();
}

// To the body, once it is known who sends it.
void Session::continue_login() {
  if (!is_proven_) {
    sp_identity identity{};
    const sp_bytes secret = {reinterpret_cast<const uint8_t*>(proof_.secret.data()), proof_.secret.size()};
    const sp_verdict verdict = host_.prove(by_channel_ ? SP_PROOF_CHANNEL : SP_PROOF_PASSWORD,
                                           by_channel_ ? sp_bytes{} : secret, identity);
    if (verdict == SP_WAIT || !host_.ok()) return;
    if (verdict != SP_ALLOW) return refuse_login(view_of(identity.message));
    is_proven_ = true;
    // The login is over, whatever becomes of the request that brought the proof.
    host_.activity(SP_IDLE);
    host_.activity(SP_BUSY);
    proof_digest_ = digest_of(proof_);
    options_ = Options::of({identity.options, identity.option_count});
    target_host_ = options_.host.empty() ? std::string(view_of(identity.target_host)) : options_.host;
    target_name_ = route_.name;
    target_tls_ = identity.target_tls;
  }
  proof_.forget();
  phase_ = Phase::body;
  is_streamed_ = head_.framing == Framing::length && head_.length > judged_body_size_max;
  if (head_.fields.find("upgrade") != nullptr && head_.fields.lists("connection", "upgrade")) {
    return refuse({.status = 501,
                   .code = "upgrade-refused",
                   .text = "the gateway carries HTTP/1.1 alone: it does not upgrade connections"},
                  true);
  }
  if (is_streamed_) return judge();
  if (head_.expects_continue && head_.framing != Framing::none)
    host_.emit(SP_LEG_CLIENT, "HTTP/1.1 100 Continue\r\n\r\n");
}

bool Session::is_same_caller() {
  if (route_.name != target_name_) {
    refuse({.status = 421,
            .code = "another-target",
            .text = "this connection is another target's: open a new one"},
           true);
    return false;
  }
  const std::array<uint8_t, 32> digest = digest_of(proof_);
  const bool is_same =
      by_channel_ ? !proof_.is_given : CRYPTO_memcmp(digest.data(), proof_digest_.data(), digest.size()) == 0;
  if (!is_same) refuse_login("this connection is another caller's: open a new one");
  return is_same;
}

void Session::refuse_login(std::string_view text) {
  proof_.forget();
  refuse({.status = 401, .code = "login-refused", .text = text, .answer = nullptr, .extra_fields = challenge},
         true);
}

}  // namespace sallyport::http
