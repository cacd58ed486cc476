#include "core/identity/claims.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "config/limits.h"
#include "config/quantity.h"
#include "core/identity/job.h"
#include "core/identity/plain.h"

namespace sallyport::identity {
namespace {

using nlohmann::json;

constexpr double seconds_max = 253'402'300'799;  // the year 9999

std::unexpected<TokenFault> refuse(TokenFault fault) { return std::unexpected(fault); }

// Nothing that could break out of a line, a log or a header.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= limits::claim_size_max && is_plain_text(text) &&
         text.front() != ' ' && text.back() != ' ';
}

std::optional<std::string> plain_text(const json* value) {
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const auto& text = value->get_ref<const std::string&>();
  return is_plain(text) ? std::optional(text) : std::nullopt;
}

// A NumericDate (RFC 7519, section 2), which may have a fraction. Absent: `out` stays.
bool take_time(const json& claims, const char* key, std::optional<double>& out) {
  const auto found = claims.find(key);
  if (found == claims.end()) return true;
  if (!found->is_number()) return false;
  out = found->get<double>();
  return std::isfinite(*out) && *out >= 0 && *out <= seconds_max;
}

Checked<double> check_times(const json& claims, double now_s) {
  std::optional<double> expires, begins, issued;
  if (!take_time(claims, "exp", expires) || !take_time(claims, "nbf", begins) ||
      !take_time(claims, "iat", issued) || !expires) {
    return refuse(TokenFault::claims);
  }
  const double skew = limits::token_skew_s;
  if (*expires + skew <= now_s) return refuse(TokenFault::expired);
  if (begins && *begins - skew > now_s) return refuse(TokenFault::not_yet_valid);
  if (issued && *issued - skew > now_s) return refuse(TokenFault::issued_in_future);
  return *expires;
}

bool is_audience(const config::Oidc& issuer, const json& claims) {
  const auto ours = [&issuer](const json& one) {
    return one.is_string() &&
           std::ranges::find(issuer.audiences, one.get_ref<const std::string&>()) != issuer.audiences.end();
  };
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (!found->is_array()) return ours(*found);
  return std::ranges::all_of(*found, &json::is_string) && std::ranges::any_of(*found, ours);
}

// Who had the token issued: `azp`, or RFC 9068's `client_id`.
bool is_party(const config::Oidc& issuer, const json& claims) {
  if (issuer.parties.empty()) return true;
  for (const char* key : {"azp", "client_id"}) {
    if (claims.contains(key)) {
      const std::optional<std::string> party = plain_text(&claims[key]);
      return party && std::ranges::find(issuer.parties, *party) != issuer.parties.end();
    }
  }
  return false;
}

// Entra leaves the groups out when there are more than 200 of them, and says so in one of two ways
// (Microsoft identity platform, "Groups overage claim").
bool has_groups_overage(const json& claims) {
  const json* names = find_claim(claims, "_claim_names");
  const json* has = find_claim(claims, "hasgroups");
  return (names != nullptr && names->is_object() && names->contains("groups")) ||
         (has != nullptr && (*has == json(true) || *has == json("true")));
}

bool add_group(const config::Oidc& issuer, std::string group, std::vector<std::string>& out) {
  if (!is_plain(group) || out.size() >= limits::claim_group_count_max) return false;
  const auto renamed = issuer.group_names.find(group);
  if (renamed != issuer.group_names.end()) group = renamed->second;
  if (std::ranges::find(out, group) == out.end()) out.push_back(std::move(group));
  return true;
}

bool take_groups(const config::Oidc& issuer, const json& claims, std::vector<std::string>& out) {
  for (const std::string& claim : issuer.groups) {
    const bool prefixed = claim.ends_with(':');
    const json* value = find_claim(claims, prefixed ? claim.substr(0, claim.size() - 1) : claim);
    if (value == nullptr || value->is_null()) continue;
    const json list = value->is_array() ? *value : json::array({*value});
    for (const json& one : list) {
      if (!one.is_string()) return false;
      if (!add_group(issuer, (prefixed ? claim : "") + one.get<std::string>(), out)) return false;
    }
  }
  if (issuer.preset != config::OidcPreset::kubernetes) return true;
  return std::ranges::all_of(service_account_groups(claims),
                             [&](const std::string& group) { return add_group(issuer, group, out); });
}

// An address that its issuer says nobody has confirmed is anybody's (OpenID Connect Core, section 5.7).
bool is_unconfirmed(const config::Oidc& issuer, const std::string& claim, const json& claims) {
  if (claim != issuer.email) return false;
  const json* verified = find_claim(claims, "email_verified");
  if (verified == nullptr) return issuer.preset == config::OidcPreset::google;
  return *verified != json(true) && *verified != json("true");
}

// The first that is there; one that is there and no plain text names nobody.
std::optional<std::string> naming_claim(const config::Oidc& issuer, const json& claims) {
  for (const std::string& claim : issuer.identity) {
    if (is_unconfirmed(issuer, claim, claims)) continue;
    if (const json* value = find_claim(claims, claim); value != nullptr && !value->is_null())
      return plain_text(value);
  }
  return std::nullopt;
}

// The outermost `act` is who acts now; those within it only came before.
bool take_actor(const json& claims, const std::string& issuer, std::string& out) {
  const auto act = claims.find("act");
  if (act == claims.end()) return true;
  if (!act->is_object()) return false;
  const std::optional<std::string> subject = plain_text(find_claim(*act, "sub"));
  if (!subject) return false;
  out = issuer + ":" + *subject;
  return true;
}

// Two identities are one person where they share one of these. A claim that could be forged can only make two
// persons one, and so take an approval away; never the other way round.
std::vector<std::string> persons_of(const config::Oidc& issuer, const json& claims,
                                    const std::string& subject) {
  std::vector<std::string> persons = {issuer.issuer + "#" + subject};
  const std::optional<std::string> email =
      issuer.email.empty() ? std::nullopt : plain_text(find_claim(claims, issuer.email));
  if (email) persons.push_back("mailto:" + config::lower_case(*email));
  return persons;
}

}  // namespace

const json* find_claim(const json& claims, std::string_view path) {
  if (!claims.is_object()) return nullptr;
  if (const auto whole = claims.find(std::string(path)); whole != claims.end()) return &*whole;
  for (size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
    const auto found = claims.find(std::string(path.substr(0, dot)));
    if (found == claims.end()) continue;
    if (const json* value = find_claim(*found, path.substr(dot + 1))) return value;
  }
  return nullptr;
}

std::string printable_claim(const json& claims, std::string_view path) {
  return plain_text(find_claim(claims, path)).value_or("");
}

bool is_of(const config::Oidc& issuer, const json& claims) {
  const auto text = [&claims](const char* key) {
    const auto found = claims.find(key);
    return found != claims.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (issuer.preset == config::OidcPreset::spiffe) return text("sub").starts_with(issuer.issuer + "/");
  const std::string iss = text("iss");
  if (iss.empty()) return false;
  return iss == issuer.issuer ||
         (issuer.preset == config::OidcPreset::google && "https://" + iss == issuer.issuer);
}

Checked<Identity> check_claims(const config::Oidc& issuer, const json& claims, int64_t now_ns) {
  if (!is_of(issuer, claims)) return refuse(TokenFault::issuer_unknown);
  const Checked<double> expires = check_times(claims, static_cast<double>(now_ns) / 1e9);
  if (!expires) return refuse(expires.error());
  if (!is_audience(issuer, claims)) return refuse(TokenFault::audience);
  if (!is_party(issuer, claims)) return refuse(TokenFault::party);
  const std::optional<std::string> subject = plain_text(find_claim(claims, "sub"));
  const std::optional<std::string> name = naming_claim(issuer, claims);
  // Bound to a key that its bearer would have to prove (RFC 7800): nobody asks for that here.
  if (!subject || !name || claims.contains("cnf")) return refuse(TokenFault::claims);
  Identity who;
  if (!take_actor(claims, issuer.name, who.actor)) return refuse(TokenFault::claims);
  if (has_groups_overage(claims)) return refuse(TokenFault::groups_overage);
  if (!take_groups(issuer, claims, who.groups)) return refuse(TokenFault::claims);
  who.name = issuer.name + ":" + *name;
  who.issuer = issuer.name;
  who.issuer_url = issuer.issuer;
  who.issuer_meaning = issuer.meaning;
  who.subject = *subject;
  who.persons = persons_of(issuer, claims, *subject);
  who.job = job_of(issuer, claims);
  who.expires_ns = issuer.session_max_ms == 0 ? static_cast<int64_t>(*expires * 1e9)
                                              : now_ns + int64_t{issuer.session_max_ms} * 1'000'000;
  return who;
}

bool is_vouched_for(const Identity& identity, const std::vector<config::Oidc>& issuers) {
  return std::ranges::find(issuers, identity.issuer_meaning, &config::Oidc::meaning) != issuers.end();
}

}  // namespace sallyport::identity
