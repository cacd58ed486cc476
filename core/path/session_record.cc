// What the session puts on the record. Each call answers whether the record stands; without it nothing
// passes.
#include <algorithm>

#include "config/check.h"
#include "core/core.h"
#include "core/identity/plain.h"
#include "core/path/session.h"

namespace sallyport {

namespace {

// Reply chunks of the record: large enough to be cheap, small enough for the ring.
constexpr size_t reply_chunk_max = 64 * limits::KiB;

std::string_view view(sp_text text) { return {text.data, text.size}; }
ringlog::Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string_view proof_text(sp_proof kind, bool is_ticket, bool is_token) {
  if (is_ticket) return "ticket";
  switch (kind) {
    case SP_PROOF_SCRAM: return "scram-sha-256";
    case SP_PROOF_PASSWORD: return is_token ? "oidc-token" : "password";
    case SP_PROOF_CHANNEL: return "certificate";
  }
  return "";
}

}  // namespace

// The request's text and values, as the detectors leave them.
std::string Session::request_payload(const sp_ask& ask) {
  std::string payload = masked_text(view(ask.text));
  for (size_t i = 0; i < ask.value_count; ++i) {
    payload += "\n-- ";
    payload += view(ask.values[i].name);
    payload += " = ";
    payload += masked_text(view(ask.values[i].value));
  }
  if (payload.size() > limits::unit_size_max) payload.resize(limits::unit_size_max);
  return payload;
}

bool Session::record_request(const sp_ask& ask, ringlog::Verdict verdict, std::string_view rule,
                             std::string_view approval) {
  std::vector<std::string_view> verbs;
  for (size_t i = 0; i < ask.command_count; ++i) verbs.push_back(view(ask.commands[i].verb));
  const ShownNames names = shown_names(ask);
  const std::string payload = request_payload(ask);
  const auto sequence = core_.recorder().request(
      id_,
      {.ticket = ask.ticket,
       .stage = ask.stage == SP_STAGE_EXECUTE ? ringlog::Stage::Execute : ringlog::Stage::Prepare,
       .verbs = verbs,
       .objects = names.objects,
       .fields = names.fields,
       .verdict = verdict,
       .rule = rule,
       .approval = approval,
       .in_transaction = ask.transaction != 0,
       .ours = false,
       .policy = core_.snapshot()->policy->fingerprint()},
      bytes_of(payload));
  if (!sequence) return false;
  last_sequence_ = *sequence;
  return true;
}

bool Session::record_forward(uint32_t leg, size_t count, bool ours) {
  if (covered_ && !ours) return true;
  const auto sequence = core_.recorder().forward(
      id_, {.leg = static_cast<uint16_t>(leg), .count = count, .ours = ours || leg != SP_LEG_TARGET});
  if (!sequence) return false;
  last_sequence_ = *sequence;
  return true;
}

// Client-bound bytes, after masking: whole up to the target's `record.responses`, the rest counted and
// digested.
bool Session::record_reply(std::span<const std::byte> bytes) {
  if (opaque_) return true;  // counted by its flow; nobody looks at it
  reply_bytes_ += bytes.size();
  if (!proven_ || state_ == State::login) {
    client_offset_ += bytes.size();
    return true;
  }
  const uint64_t quota = target().record_response_size;
  while (!bytes.empty() && reply_recorded_ < quota) {
    const size_t take = std::min<uint64_t>({bytes.size(), quota - reply_recorded_, reply_chunk_max});
    const uint64_t ticket = open_requests_.empty() ? 0 : open_requests_.front();
    if (!core_.recorder().reply(id_, {.ticket = ticket, .offset = client_offset_}, bytes.first(take)))
      return false;
    reply_recorded_ += take;
    client_offset_ += take;
    bytes = bytes.subspan(take);
  }
  if (bytes.empty()) return true;
  if (!reply_digest_) {
    reply_digest_ = EVP_MD_CTX_new();
    CHECK(reply_digest_);
  }
  if (reply_digested_ == 0) CHECK(EVP_DigestInit_ex2(reply_digest_, core_.sha256(), nullptr) == 1);
  CHECK(EVP_DigestUpdate(reply_digest_, bytes.data(), bytes.size()) == 1);
  reply_digested_ += bytes.size();
  client_offset_ += bytes.size();
  return true;
}

int Session::note(sp_text kind, sp_bytes payload) {
  const std::string_view raw(reinterpret_cast<const char*>(payload.data), payload.size);
  // A protocol's own bytes: a value may stand among them in any form, and next to anything.
  const std::string text =
      proven_ ? core_.mask_bytes(*snapshot_, target(), raw.substr(0, limits::unit_size_max)) : std::string();
  const auto sequence =
      core_.recorder().note(id_, {.name = view(kind), .fields = {}, .ours = false}, bytes_of(text));
  if (!sequence) return SP_ERROR_NO_RECORD;
  last_sequence_ = *sequence;
  covered_ = true;
  return 0;
}

int Session::name(sp_text key, sp_text value) {
  if (view(key) == "on_behalf_of") {
    if (!login_asked_ || proven_) return SP_ERROR_STATE;
    // One that is too long is refused by the same rule.
    on_behalf_wanted_ = view(value).substr(0, limits::person_name_size_max + 1);
    return 0;
  }
  std::string reason;
  if (view(key) == "reason") {
    // A caller's own words: the detectors look at them, too.
    reason = proven_ ? masked_text(view(value).substr(0, limits::caller_reason_size_max)) : std::string();
    reason_ = reason;
  }
  const ringlog::Field field = {view(key), view(key) == "reason" ? std::string_view(reason) : view(value)};
  const auto sequence = core_.recorder().note(id_, {.name = "session", .fields = {&field, 1}, .ours = true});
  return sequence ? 0 : SP_ERROR_NO_RECORD;
}

int Session::reply_end(uint64_t units, sp_text status) {
  Digest digest{};
  unsigned size = 0;
  if (reply_digested_ > 0) CHECK(EVP_DigestFinal_ex(reply_digest_, digest.data(), &size) == 1);
  const uint64_t ticket = open_requests_.empty() ? 0 : open_requests_.front();
  std::vector<ringlog::HitFacts> hits;
  for (const ReplyHits& one : reply_hits_)
    hits.push_back({one.mask, one.detector, one.field, one.hits, one.values});
  const auto sequence =
      core_.recorder().reply_end(id_, {.ticket = ticket,
                                       .bytes = reply_bytes_,
                                       .units = units,
                                       .masked = reply_masked_,
                                       .withheld = reply_withheld_,
                                       .unrecorded = reply_digested_,
                                       .unrecorded_digest = std::as_bytes(std::span(digest)).first(size),
                                       .status = view(status),
                                       .hits = hits});
  if (!sequence) return SP_ERROR_NO_RECORD;
  if (!open_requests_.empty()) open_requests_.pop_front();
  masked_count_ += reply_masked_;
  reply_hits_.clear();
  reply_bytes_ = reply_recorded_ = reply_masked_ = reply_withheld_ = reply_digested_ = 0;
  return 0;
}

void Session::record_close(std::string_view reason) {
  if (std::exchange(closed_recorded_, true)) return;
  const Leg& client = legs_[SP_LEG_CLIENT];
  (void)core_.recorder().session_closed(id_,
                                        {.reason = reason,
                                         .requests = request_count_,
                                         .bytes_in = opaque_ ? opaque_->flows[0].bytes : client.bytes_in,
                                         .bytes_out = opaque_ ? opaque_->flows[1].bytes : client.bytes_out,
                                         .masked = masked_count_});
}

bool Session::record_login(sp_proof kind, const std::string& reason) {
  const std::vector<std::string_view> groups(groups_.begin(), groups_.end());
  // A name that nobody bears may hold anything, a mistyped password included: it is not put on the record.
  const bool is_known = groups_in(*snapshot_).has_value();
  const bool is_target = snapshot_->target(target_name_) != nullptr;
  ringlog::LoginFacts facts{
      .identity = is_known ? std::string_view(who_) : "(unknown)",
      .groups = groups,
      .target = is_target ? std::string_view(target_name_) : "(unknown)",
      .login = reason.empty() ? std::string_view(login_name_) : "",
      .database = reason.empty() ? std::string_view(database_) : "",
      .proof = proof_text(kind, access_ticket_ != nullptr, by_token_),
      .outcome = reason.empty() ? ringlog::Outcome::Accepted : ringlog::Outcome::Refused,
      .reason = reason};
  const std::string person =
      reason.empty() || reason == "on-behalf-not-allowed" ? identity::plain_text_of(on_behalf_of()) : "";
  facts.on_behalf_of = person;
  std::vector<ringlog::Field> job;
  if (reason.empty() && grant_) {
    job = {{"grant", grant_->id}, {"granted_by", grant_->granted_by}};
    facts.until_ns = static_cast<uint64_t>(grant_->expires_ns);
    facts.job = job;
  }
  if (identity_) {
    for (const auto& [name, value] : identity_->job) job.push_back({name, value});
    if (access_ticket_) job.push_back({"ticket", access_ticket_->id});
    facts.issuer = identity_->issuer_url;
    facts.subject = identity_->subject;
    facts.actor = identity_->actor;
    facts.job = job;
    const uint64_t until_ns = static_cast<uint64_t>(identity_->expires_ns);
    if (identity_->expires_ns != INT64_MAX)
      facts.until_ns = facts.until_ns == 0 ? until_ns : std::min(facts.until_ns, until_ns);
  } else if (proof_answer_) {
    facts.issuer = proof_answer_->issuer;
    facts.subject = proof_answer_->subject;
  }
  if (const credential::Key* key = key_.get()) {
    facts.credential = key->kind;
    facts.lease = key->lease;
  } else if (reason.empty()) {
    facts.credential = "static";
  }
  return core_.recorder().login(id_, facts).has_value();
}

}  // namespace sallyport
