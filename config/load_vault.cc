// [[vault]].
#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {

void load_vault(Loader& loader, const Value& table) {
  Reader reader(table, "vault", loader.problems);
  Vault vault;
  vault.place = table.place;
  reader.require("name", "name = \"…\"");
  if (reader.name("name", vault.name)) reader.rename("vault \"" + vault.name + "\"");
  reader.require("url", "url = \"https://vault.example.com:8200\"");
  if (reader.text("url", vault.url) && !is_trusted_url(vault.url))
    reader.problem(
        "url", "url is " + in_quotes(vault.url) + ": write an https:// address, or http://127.0.0.1:PORT");
  while (vault.url.ends_with('/')) vault.url.pop_back();
  reader.file("ca", loader.folder, vault.ca);
  reader.text("namespace", vault.name_space);
  const bool has_token = reader.secret("token", loader.folder, vault.token);
  if (reader.has("role_id") || reader.has("secret_id")) {
    if (has_token) reader.problem("token", "token and role_id are two ways to log in: leave one of them out");
    reader.require("role_id", "role_id = \"…\"");
    reader.require("secret_id", "secret_id = \"file:…\"");
    reader.text("role_id", vault.role_id);
    reader.secret("secret_id", loader.folder, vault.secret_id);
    reader.name("mount", vault.mount);
  } else if (!reader.has("token")) {
    reader.problem(
        "token",
        "has no way to log in: write token = \"file:…\", or role_id = \"…\" and secret_id = \"file:…\"");
  }
  reader.finish();
  if (loader.config.vaults.size() == limits::vault_count_max)
    reader.problem_at(vault.place, "there are more than 32 of [[vault]]");
  loader.config.vaults.push_back(std::move(vault));
}

}  // namespace sallyport::config
