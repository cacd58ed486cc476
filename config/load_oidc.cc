// [[oidc]].
#include <algorithm>

#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

constexpr const char* google_issuer = "https://accounts.google.com";
constexpr const char* github_issuer = "https://token.actions.githubusercontent.com";
constexpr const char* gitlab_issuer = "https://gitlab.com";

// What tokens of this kind hold; anything of it may be written otherwise. A group claim that ends with a
// colon gives "CLAIM:VALUE", so that values of several claims cannot be taken for each other.
Oidc defaults_of(OidcPreset preset) {
  switch (preset) {
    case OidcPreset::none:
    case OidcPreset::okta: return {.identity = {"email", "sub"}, .groups = {"groups"}, .email = "email"};
    case OidcPreset::entra:
      return {
          .identity = {"preferred_username", "azp", "oid"}, .groups = {"groups", "roles"}, .email = "email"};
    case OidcPreset::google:
      return {.issuer = google_issuer, .identity = {"email"}, .groups = {"hd:"}, .email = "email"};
    case OidcPreset::keycloak:
      return {.identity = {"preferred_username", "sub"},
              .groups = {"groups", "realm_access.roles"},
              .email = "email"};
    case OidcPreset::github_actions:
      return {.issuer = github_issuer,
              .identity = {"sub"},
              .groups = {"repository:", "repository_owner:", "environment:", "ref:"},
              .email = ""};
    case OidcPreset::gitlab_ci:
      return {.issuer = gitlab_issuer,
              .identity = {"sub"},
              .groups = {"project_path:", "namespace_path:", "environment:", "ref:"},
              .email = "user_email"};
    case OidcPreset::kubernetes:
    case OidcPreset::spiffe: return {.identity = {"sub"}, .groups = {}, .email = ""};
  }
  return {};
}

void check_url(Reader& reader, const char* key, const std::string& url) {
  if (url.empty() || is_trusted_url(url)) return;
  reader.problem(key, std::string(key) + " is " + in_quotes(url) +
                          ": write an https:// address, or http://127.0.0.1:PORT");
}

// A word, or a list of words.
void text_or_texts(Reader& reader, const char* key, std::vector<std::string>& out) {
  const Value* value = reader.find(key);
  if (value == nullptr) return;
  out.clear();
  if (value->kind == Value::Kind::array) {
    reader.texts(key, out);
  } else if (std::string one; reader.text(key, one)) {
    out.push_back(one);
  }
}

void load_keys(Loader& loader, Reader& reader, Oidc& oidc) {
  std::string keys;
  if (!reader.text("keys", keys)) return;
  if (keys.starts_with("file:")) {
    reader.file("keys", loader.folder, oidc.keys_file);
  } else {
    oidc.keys_url = keys;
    check_url(reader, "keys", keys);
  }
}

void load_group_names(Loader& loader, Reader& reader, Oidc& oidc) {
  const Value* table = reader.table("group_names", "{ \"what the token says\" = \"what the config says\" }");
  if (table == nullptr) return;
  Reader inner(*table, reader.where() + ": group_names", loader.problems);
  for (const Value& item : table->items) {
    std::string name;
    if (inner.name(item.key, name)) oidc.group_names[item.key] = name;
  }
}

void load_session_max(Reader& reader, Oidc& oidc) {
  oidc.session_max_ms = limits::issuer_session_max_ms;
  const Value* value = reader.find("session_max");
  if (value == nullptr) return;
  if (value->kind == Value::Kind::string && value->text == "token") {
    oidc.session_max_ms = 0;
  } else if (reader.duration("session_max", oidc.session_max_ms, limits::issuer_session_cap_ms) &&
             oidc.session_max_ms == 0) {
    reader.problem("session_max",
                   "session_max is nothing: write \"8h\", or \"token\" for as long as the token lives");
  }
}

void load_issuer(Reader& reader, Oidc& oidc) {
  reader.text("issuer", oidc.issuer);
  if (oidc.issuer.empty()) reader.require("issuer", "issuer = \"https://…\", as its tokens say in `iss`");
  const bool is_spiffe = oidc.preset == OidcPreset::spiffe;
  if (!is_spiffe && (oidc.keys_url.empty() && oidc.keys_file.empty()))
    check_url(reader, "issuer", oidc.issuer);
  if (is_spiffe && !oidc.issuer.empty() && !oidc.issuer.starts_with("spiffe://"))
    reader.problem("issuer", "issuer of SPIFFE is the trust domain: write \"spiffe://example.org\"");
  if (is_spiffe && oidc.keys_url.empty() && oidc.keys_file.empty())
    reader.problem_at(oidc.place,
                      "keys is missing: SPIFFE's are in its trust bundle: write keys = \"file:…\" or a URL");
  if (oidc.preset == OidcPreset::entra && oidc.issuer.find("/common/") != std::string::npos)
    reader.problem(
        "issuer",
        "issuer is of all tenants: write your own, \"https://login.microsoftonline.com/TENANT/v2.0\"");
}

// Each part with its length before it, so that no two lists of parts read the same.
void add_part(std::string& out, const std::string& part) { out += std::to_string(part.size()) + ":" + part; }

void add_parts(std::string& out, const std::vector<std::string>& parts) {
  out += std::to_string(parts.size()) + "[";
  for (const std::string& part : parts) add_part(out, part);
}

std::string meaning_of(const Oidc& oidc) {
  std::string out = std::to_string(static_cast<int>(oidc.preset)) + " ";
  for (const std::string* part : {&oidc.name, &oidc.issuer, &oidc.email}) add_part(out, *part);
  for (const auto* parts : {&oidc.audiences, &oidc.parties, &oidc.identity, &oidc.groups})
    add_parts(out, *parts);
  for (const auto& [from, to] : oidc.group_names) {
    add_part(out, from);
    add_part(out, to);
  }
  return out;
}

}  // namespace

void load_oidc(Loader& loader, const Value& table) {
  Reader reader(table, "oidc", loader.problems);
  OidcPreset preset = OidcPreset::none;
  reader.choice("preset", preset,
                {{"okta", OidcPreset::okta},
                 {"entra", OidcPreset::entra},
                 {"google", OidcPreset::google},
                 {"keycloak", OidcPreset::keycloak},
                 {"github-actions", OidcPreset::github_actions},
                 {"gitlab-ci", OidcPreset::gitlab_ci},
                 {"kubernetes", OidcPreset::kubernetes},
                 {"spiffe", OidcPreset::spiffe}});
  Oidc oidc = defaults_of(preset);
  oidc.preset = preset;
  oidc.place = table.place;
  reader.require("name", "name = \"…\": its identities read NAME:…");
  if (reader.name("name", oidc.name)) reader.rename("oidc \"" + oidc.name + "\"");
  if (oidc.name == certificate_identity)
    reader.problem("name", "this name is that of whom a certificate names: choose another");
  reader.require("audience", "audience = \"sallyport\": what its tokens for this gateway say in `aud`");
  text_or_texts(reader, "audience", oidc.audiences);
  text_or_texts(reader, "parties", oidc.parties);
  text_or_texts(reader, "identity", oidc.identity);
  text_or_texts(reader, "groups", oidc.groups);
  reader.text("email", oidc.email);
  load_group_names(loader, reader, oidc);
  load_keys(loader, reader, oidc);
  load_issuer(reader, oidc);
  reader.file("ca", loader.folder, oidc.ca);
  load_session_max(reader, oidc);
  reader.text("client_id", oidc.client_id);
  if (!reader.texts("scopes", oidc.scopes)) oidc.scopes = {"openid"};
  reader.finish();
  const auto same = std::ranges::find(loader.config.issuers, oidc.issuer, &Oidc::issuer);
  if (same != loader.config.issuers.end() && !oidc.issuer.empty())
    reader.problem("issuer", "issuer is that of oidc \"" + same->name + "\" at " + same->place.text());
  if (loader.config.issuers.size() == limits::issuer_count_max)
    reader.problem_at(oidc.place, "there are more than 32 of [[oidc]]");
  // Its tokens may give any group.
  loader.has_all_users = false;
  oidc.meaning = meaning_of(oidc);
  loader.config.issuers.push_back(std::move(oidc));
}

}  // namespace sallyport::config
