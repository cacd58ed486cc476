// Who asks, proofs and credentials of the kit's host.
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "core/path/kit_calls.h"
#include "core/path/kit_scram.h"
#include "core/path/kit_text.h"
#include "core/path/loader.h"

namespace sallyport {
namespace {

constexpr uint32_t verifier_iterations = 4096;
constexpr std::string_view verifier_salt = "0123456789abcdef";

// "ci,app~orders" is who ci, login app, target orders.
struct Address {
  std::string who, login, target;
};

Address parse_address(std::string_view user) {
  Address address;
  if (const size_t comma = user.find(','); comma != std::string_view::npos) {
    address.who = user.substr(0, comma);
    user.remove_prefix(comma + 1);
  }
  if (const size_t tilde = user.find('~'); tilde != std::string_view::npos) {
    address.login = user.substr(0, tilde);
    user.remove_prefix(tilde + 1);
  }
  address.target = user;
  return address;
}

}  // namespace

int KitCalls::login(sp_session* session, const sp_login* request) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "login")) return refused;
  if (!request || request->size < sizeof(sp_login))
    return host.violate("login: size is not set", SP_ERROR_ARGUMENT);
  if (host.logged_in_) return host.violate("login twice");
  if (host.script.client_tls_required && !host.leg_[SP_LEG_CLIENT].tls) {
    return host.violate("login in plaintext, though the listener takes none");
  }
  host.logged_in_ = true;
  host.login_user_ = view(request->user);
  host.login_database_ = view(request->database);
  host.add(KitTrace::kControl, "login user=" + kit_quote(view(request->user)) +
                                   " database=" + kit_quote(view(request->database)) +
                                   " client=" + kit_quote(view(request->client)));
  return 0;
}

int KitCalls::verifier(sp_session* session, sp_scram_verifier* out) {
  KitHost& host = of(session);
  if (!host.logged_in_) return host.violate("verifier before login");
  if (!out || out->size < sizeof(sp_scram_verifier)) {
    return host.violate("verifier: out->size is not set", SP_ERROR_ARGUMENT);
  }
  const KitDigest salted = kit_salted_password(host.script.password, verifier_salt, verifier_iterations);
  const KitDigest client_key = kit_hmac(salted, "Client Key");
  const KitDigest server_key = kit_hmac(salted, "Server Key");
  out->iterations = verifier_iterations;
  std::memcpy(out->salt, verifier_salt.data(), sizeof out->salt);
  SHA256(client_key.data(), client_key.size(), out->stored_key);
  std::memcpy(out->server_key, server_key.data(), server_key.size());
  return 0;
}

int KitCalls::prove(sp_session* session, sp_proof kind, sp_bytes proof, sp_identity* out) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "prove")) return refused;
  if (!host.logged_in_) return host.violate("prove before login");
  if (host.proven_) return host.violate("prove after prove answered ALLOW");
  if (!out || out->size < identity_size_min)
    return host.violate("prove: out->size is not set", SP_ERROR_ARGUMENT);
  const size_t size = out->size;
  std::memset(out, 0, std::min(size, sizeof *out));
  out->size = size;
  const bool right = kind == SP_PROOF_SCRAM ? proof.size != 0 : view(proof) == host.script.password;
  out->verdict = !right ? SP_DENY : host.script.prove;
  if (out->verdict != SP_WAIT) {
    host.add(KitTrace::kControl, std::string("prove ") + (kind == SP_PROOF_SCRAM ? "scram" : "password") +
                                     " -> " + (out->verdict == SP_ALLOW ? "allow" : "deny"));
  }
  if (out->verdict == SP_DENY) out->message = host.lend(host.script.deny_message);
  if (out->verdict != SP_ALLOW) return out->verdict;
  host.proven_ = true;
  const Address address = parse_address(host.login_user_);
  const auto pick = [&host](const std::string& scripted, const std::string& asked, const char* otherwise) {
    return host.lend(!scripted.empty() ? scripted : !asked.empty() ? asked : otherwise);
  };
  out->who = pick(host.script.who, address.who, "tester");
  out->target = pick(host.script.target, address.target, "target");
  out->login = pick(host.script.login, address.login, "app");
  out->database = pick(host.script.database, host.login_database_, "");
  out->target_tls = host.script.target_tls;
  if (size < offsetof(sp_identity, permission_count) + sizeof out->permission_count) return SP_ALLOW;
  host.permissions_.clear();
  for (const std::string& name : host.script.permissions) host.permissions_.push_back(host.lend(name));
  out->permissions = host.permissions_.data();
  out->permission_count = host.permissions_.size();
  if (size < offsetof(sp_identity, target_host) + sizeof out->target_host) return SP_ALLOW;
  host.options_.clear();
  for (const auto& [name, value] : host.script.options)
    host.options_.push_back({host.lend(name), host.lend(value)});
  out->options = host.options_.data();
  out->option_count = host.options_.size();
  out->target_host = host.lend("target.example:7000");
  return SP_ALLOW;
}

int KitCalls::credential(sp_session* session, sp_credential* inout) {
  KitHost& host = of(session);
  if (const int refused = refuse_after_end(host, "credential")) return refused;
  if (!host.proven_) return host.violate("credential before prove answered ALLOW");
  if (!inout || inout->size < sizeof(sp_credential)) {
    return host.violate("credential: size is not set", SP_ERROR_ARGUMENT);
  }
  inout->secret = {};
  if (inout->kind != SP_CREDENTIAL_USER && host.script.credential != SP_ALLOW) return host.script.credential;
  std::string secret;
  switch (inout->kind) {
    case SP_CREDENTIAL_USER: secret = host.script.target_user; break;
    case SP_CREDENTIAL_PASSWORD: secret = host.script.target_password; break;
    case SP_CREDENTIAL_SCRAM_SHA_256: {
      if (inout->iterations == 0 || inout->iterations > 1'000'000) {
        return host.violate("credential: iterations out of range", SP_ERROR_ARGUMENT);
      }
      const KitDigest key =
          kit_salted_password(host.script.target_password, view(inout->salt), inout->iterations);
      secret.assign(key.begin(), key.end());
      break;
    }
  }
  const sp_text kept = host.lend(std::move(secret));
  inout->secret = {reinterpret_cast<const uint8_t*>(kept.data), kept.size};
  return SP_ALLOW;
}

}  // namespace sallyport
