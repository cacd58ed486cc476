#include "core/identity/issuers.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "config/limits.h"

namespace sallyport::identity {
namespace {

constexpr int64_t ms = 1'000'000;

std::unexpected<RefusedToken> refused(TokenFault fault) {
  return std::unexpected(RefusedToken{fault, "", ""});
}

bool has_same_keys(const config::Oidc& a, const config::Oidc& b) {
  return a.issuer == b.issuer && a.keys_url == b.keys_url && a.keys_file == b.keys_file && a.ca == b.ca;
}

}  // namespace

void Issuers::configure(const std::vector<config::Oidc>& issuers, const Now& now) {
  std::map<std::string, Issuer> made;
  for (const config::Oidc& one : issuers) {
    Issuer& issuer = made[one.name];
    const auto old = issuers_.find(one.name);
    if (old != issuers_.end() && has_same_keys(old->second.config, one)) issuer = std::move(old->second);
    issuer.config = one;
  }
  issuers_ = std::move(made);
  // Who waits for an issuer that is no more, or for other keys, asks anew.
  for (Waiting& one : std::exchange(waiting_, {}))
    check(one.token, one.deadline_ns, now, std::move(one.answer));
}

Issuers::Issuer* Issuers::find(const nlohmann::json& claims) {
  const auto found =
      std::ranges::find_if(issuers_, [&claims](const auto& one) { return is_of(one.second.config, claims); });
  return found == issuers_.end() ? nullptr : &found->second;
}

bool Issuers::is_usable(const Issuer& issuer, const Now& now) {
  return issuer.keys && now.steady_ns - issuer.keys_ns <= int64_t{limits::issuer_keys_age_max_ms} * ms;
}

// A key that nobody knows is worth one fetch in a while: any caller can name one.
bool Issuers::begin_fetch(Issuer& issuer, bool key_is_unknown, const Now& now) {
  if (issuer.fetching) return true;
  const auto is_early = [&now](int64_t since_ns, int64_t pause_ms) {
    return since_ns >= 0 && now.steady_ns - since_ns < pause_ms * ms;
  };
  const int64_t retry_ms = is_usable(issuer, now) ? limits::issuer_refetch_min_ms : limits::issuer_retry_ms;
  if (is_early(issuer.failed_ns, retry_ms)) return false;
  if (key_is_unknown && is_early(issuer.unknown_ns, limits::issuer_refetch_min_ms)) return false;
  issuer.fetching = true;  // before: the answer may come within the call
  if (!fetch_(issuer.config)) issuer.fetching = false;
  if (issuer.fetching && key_is_unknown) issuer.unknown_ns = now.steady_ns;
  return issuer.fetching;
}

// By the keys at hand.
std::expected<Identity, RefusedToken> Issuers::answer_of(const Issuer& issuer, const Jwt& jwt,
                                                         const Now& now) {
  if (!is_usable(issuer, now)) return refused(TokenFault::unreachable);
  if (const Checked<void> good = issuer.keys->verify(jwt); !good) return refused(good.error());
  Checked<Identity> found = check_claims(issuer.config, jwt.claims, now.wall_ns);
  if (found) return std::move(*found);
  // It is this issuer's word from here on, if not one that lets anybody in.
  return std::unexpected(
      RefusedToken{found.error(), issuer.config.issuer, printable_claim(jwt.claims, "sub")});
}

void Issuers::check(std::string_view token, int64_t deadline_ns, const Now& now, Answer answer) {
  const Checked<Jwt> jwt = parse_jwt(token);
  if (!jwt) return answer(refused(jwt.error()));
  if (!algorithm_of(jwt->algorithm)) return answer(refused(TokenFault::algorithm));
  Issuer* issuer = find(jwt->claims);
  if (issuer == nullptr) return answer(refused(TokenFault::issuer_unknown));
  const bool known = is_usable(*issuer, now) && issuer->keys->knows(*jwt);
  const bool fresh = known && now.steady_ns - issuer->keys_ns <= int64_t{limits::issuer_keys_fresh_ms} * ms;
  const bool key_is_unknown = is_usable(*issuer, now) && !known;
  const bool waits = !fresh && waiting_.size() < limits::proof_waiting_count_max &&
                     begin_fetch(*issuer, key_is_unknown, now);
  if (!waits) return answer(answer_of(*issuer, *jwt, now));
  waiting_.push_back({issuer->config.name, std::string(token), deadline_ns, std::move(answer)});
}

void Issuers::answer_now(Waiting& one, const Now& now) {
  const auto issuer = issuers_.find(one.issuer);
  const Checked<Jwt> jwt = parse_jwt(one.token);
  const bool stands = issuer != issuers_.end() && jwt;
  std::exchange(one.answer,
                nullptr)(stands ? answer_of(issuer->second, *jwt, now) : refused(TokenFault::unreachable));
  OPENSSL_cleanse(one.token.data(), one.token.size());
}

void Issuers::fetched(const config::Oidc& of, Result<KeySet> keys, const Now& now) {
  const auto found = issuers_.find(of.name);
  if (found == issuers_.end() || !has_same_keys(found->second.config, of)) return;
  Issuer& issuer = found->second;
  issuer.fetching = false;
  issuer.failed_ns = keys ? -1 : now.steady_ns;
  issuer.error = keys ? "" : keys.error().text;
  if (keys) {
    issuer.keys = std::move(*keys);
    issuer.keys_ns = now.steady_ns;
  }
  answer_those([&of](const Waiting& one) { return one.issuer == of.name; }, now);
}

void Issuers::tick(const Now& now) {
  answer_those([&now](const Waiting& one) { return one.deadline_ns <= now.steady_ns; }, now);
}

// An answer may lead to another question: the list is in order before the first is given.
template <typename Which>
void Issuers::answer_those(Which which, const Now& now) {
  const auto rest = std::stable_partition(waiting_.begin(), waiting_.end(),
                                          [&](const Waiting& one) { return !which(one); });
  std::vector<Waiting> due(std::make_move_iterator(rest), std::make_move_iterator(waiting_.end()));
  waiting_.erase(rest, waiting_.end());
  for (Waiting& one : due) answer_now(one, now);
}

std::vector<Issuers::Status> Issuers::status(const Now& now) const {
  std::vector<Status> all;
  for (const auto& [name, issuer] : issuers_) {
    all.push_back({.name = name,
                   .issuer = issuer.config.issuer,
                   .error = issuer.error,
                   .key_count = issuer.keys ? issuer.keys->size() : 0,
                   .age_ns = issuer.keys ? now.steady_ns - issuer.keys_ns : -1});
  }
  return all;
}

}  // namespace sallyport::identity
