// What proves a caller: a verifier for SCRAM, or a token that the control thread checks.
#include <openssl/hmac.h>
#include <string.h>

#include <algorithm>

#include "config/check.h"
#include "config/scram_secret.h"
#include "core/core.h"
#include "core/identity/claims.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

constexpr uint32_t false_iterations = 4096;

Digest keyed(std::span<const std::byte> key, std::string_view purpose, std::string_view who) {
  const std::string text = std::string(purpose) + ":" + std::string(who);
  Digest digest{};
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size));
  return digest;
}

}  // namespace

// A proof that carries its bearer's name needs none before it.
bool Session::expects_token() const {
  const bool is_unnamed = who_.empty() || who_ == config::token_name;
  return is_unnamed && !snapshot_->policy->config().issuers.empty();
}

// Of the local user or the ticket that the caller names.
Result<config::ScramSecret> Session::scram_secret() {
  if (identity::is_ticket_id(who_)) {
    access_ticket_ = core_.access_ticket(who_);
    if (access_ticket_) return access_ticket_->scram;
    return fail("unknown");
  }
  const config::User* user = snapshot_->user(who_);
  return user ? config::parse_scram_secret(user->secret) : fail("unknown");
}

// Of the local user or the ticket that the caller names; for an unknown name one that no password fits.
config::ScramSecret Session::offered_secret() {
  if (const Result<config::ScramSecret> parsed = scram_secret()) return *parsed;
  // An unknown name gets a salt that is always the same for it, and keys that no password has.
  config::ScramSecret secret;
  secret.iterations = false_iterations;
  const Digest salt = keyed(snapshot_->false_salt_key.bytes(), "salt", who_);
  std::copy_n(salt.begin(), secret.salt.size(), secret.salt.begin());
  core_.random({secret.stored_key.data(), secret.stored_key.size()});
  core_.random({secret.server_key.data(), secret.server_key.size()});
  return secret;
}

int Session::verifier(sp_scram_verifier& out) {
  if (!login_asked_ || proven_) return SP_ERROR_STATE;
  if (proves_by_certificate()) return SP_VERIFIER_CHANNEL;
  if (expects_token()) return SP_VERIFIER_PASSWORD;
  const config::ScramSecret secret = offered_secret();
  out.iterations = secret.iterations;
  memcpy(out.salt, secret.salt.data(), sizeof out.salt);
  memcpy(out.stored_key, secret.stored_key.data(), sizeof out.stored_key);
  memcpy(out.server_key, secret.server_key.data(), sizeof out.server_key);
  return 0;
}

void Session::become(identity::IdentityPointer identity) {
  identity_ = std::move(identity);
  who_ = identity_->name;
}

// What is wrong with the proof, empty when nothing is; nothing yet while somebody else looks at it.
std::optional<std::string> Session::check_proof(sp_proof kind, sp_bytes proof) {
  switch (kind) {
    case SP_PROOF_SCRAM: return proves_by_certificate() ? "wrong-proof" : check_scram(proof);
    case SP_PROOF_PASSWORD: return proves_by_certificate() ? "wrong-proof" : check_password(proof);
    case SP_PROOF_CHANNEL: return check_certificate();
  }
  return "wrong-proof";
}

// What is wrong with a proof by SCRAM, empty when nothing is.
std::string Session::check_scram(sp_bytes proof) {
  by_token_ = access_ticket_ != nullptr;
  if (proof.size == 0) return "wrong-proof";
  if (!access_ticket_) return "";
  // What was given for the name may have been taken back while the caller answered.
  access_ticket_ = core_.access_ticket(access_ticket_->id);
  if (!access_ticket_) return "ticket-revoked";
  become(access_ticket_->identity);
  return "";
}

// What is wrong with a token, a ticket or a local user's password, empty when nothing is; nothing yet while
// the control thread looks at it.
std::optional<std::string> Session::check_password(sp_bytes proof) {
  if (proof_answer_) {
    access_ticket_ = proof_answer_->ticket;
    if (proof_answer_->identity) become(proof_answer_->identity);
    // It may have been taken back while the login waited for its credential.
    if (access_ticket_ && !core_.access_ticket(access_ticket_->id)) return "ticket-revoked";
    return proof_answer_->fault;
  }
  if (proof_pending_) return std::nullopt;
  const bool names_ticket = identity::is_ticket_id(who_);
  by_token_ = names_ticket || expects_token();
  if (proof.data == nullptr || proof.size > limits::token_size_max) return "token-too-large";
  const std::string_view text(reinterpret_cast<const char*>(proof.data), proof.size);
  if (names_ticket && !text.starts_with(who_)) return "wrong-proof";
  ProofWanted wanted{.session = ref(), .proof = SecretBytes(text)};
  if (!by_token_) wanted.verifier = offered_secret();
  proof_pending_ = core_.tell(std::move(wanted));
  return proof_pending_ ? std::nullopt : std::optional<std::string>("gateway-busy");
}

void Session::on_proof(ProofAnswer&& answer) {
  if (!proof_pending_ || proof_answer_) return;
  proof_answer_ = std::move(answer);
  answer_news_ = true;
  pump();
}

// The groups of who is here, as that snapshot has them; nothing: nobody of that name is there.
std::optional<std::vector<std::string>> Session::groups_in(const Snapshot& snapshot) const {
  if (by_certificate_) {
    const config::Config& config = snapshot.policy->config();
    CertificateBearer bearer =
        bearer_of(config, config.listeners[listener_index_], certificate_.value_or(PeerCertificate()));
    if (!bearer.refusal.empty() || bearer.who != who_) return std::nullopt;
    return std::move(bearer.groups);
  }
  if (!by_token_) {
    const config::User* user = snapshot.user(who_);
    return user ? std::optional(user->groups) : std::nullopt;
  }
  if (!identity_ || !identity::is_vouched_for(*identity_, snapshot.policy->config().issuers))
    return std::nullopt;
  return identity_->groups;
}

std::vector<std::string> Session::persons() const {
  if (identity_) return identity_->persons;
  const config::User* user = snapshot_->user(who_);
  return user ? user->persons() : std::vector<std::string>();
}

// An identity's ticket was revoked, or everything of that identity was.
void Session::on_ticket_gone(std::string_view id, const std::string& reason) {
  if (proven_ && state_ != State::ending && access_ticket_ && access_ticket_->id == id) on_kill(reason);
}

void Session::begin_life() {
  if (!identity_) return;
  const int64_t left_ns = std::max<int64_t>(identity_->expires_ns - core_.wall_ns(), 0);
  life_deadline_ns_ = core_.now_ns() + left_ns;
}

}  // namespace sallyport
