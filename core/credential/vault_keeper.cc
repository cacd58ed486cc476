#include "core/credential/vault_keeper.h"

#include <curl/curl.h>
#include <string.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/check.h"
#include "config/clock.h"
#include "config/limits.h"
#include "config/quantity.h"

namespace sallyport::credential {

namespace {

using nlohmann::json;

constexpr int64_t ms = 1'000'000;
constexpr int64_t second = 1'000'000'000;
constexpr long http_forbidden = 403;

void wipe(std::string& text) { explicit_bzero(text.data(), text.size()); }

const config::Vault& vault_of(const Task& task) {
  const auto& vaults = task.snapshot->policy->config().vaults;
  const auto found = std::ranges::find(vaults, task.credential().vault, &config::Vault::name);
  CHECK(found != vaults.end());
  return *found;
}

Fault fault_of(const Task& task, const std::string& public_why, const std::string& why, bool may_exist) {
  const std::string vault = "vault " + config::in_quotes(task.credential().vault);
  return {.public_text = vault + " " + public_why + ", so there is no credential for target " +
                         config::in_quotes(task.target().target->name) + ": tell its operator",
          .text = task.name() + ": " + vault + ": " + why,
          .may_exist = may_exist};
}

struct Transfer {
  std::string body;
  const std::atomic<bool>* stopping = nullptr;
};

// Reserved whole, so that no copy of a secret is left where the text grew from.
size_t take(char* data, size_t size, size_t count, void* to) {
  std::string& body = static_cast<Transfer*>(to)->body;
  if (body.size() + size * count > limits::vault_answer_size_max) return 0;
  body.append(data, size * count);
  return size * count;
}

int look_up(void* from, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(from)->stopping->load() ? 1 : 0;
}

// The texts that an answer holds, wiped with it.
void wipe(json& value) {
  if (value.is_string()) return wipe(value.get_ref<std::string&>());
  if (value.is_structured()) {
    for (json& item : value) wipe(item);
  }
}

std::string text_at(const json& object, const std::string& key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t seconds_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned()
             ? static_cast<int64_t>(std::min<uint64_t>(found->get<uint64_t>(), UINT32_MAX)) * second
             : 0;
}

struct Headers {
  curl_slist* list = nullptr;
  ~Headers() { curl_slist_free_all(list); }
  void add(std::string line) {
    list = curl_slist_append(list, line.c_str());
    wipe(line);
  }
};

}  // namespace

Result<VaultKeeper::Reply> VaultKeeper::send(const config::Vault& vault, const char* method,
                                             const std::string& path, const std::string& body,
                                             const std::string& token, int64_t deadline_ns) const {
  const long left_ms = static_cast<long>((deadline_ns - steady_ns()) / ms);
  if (left_ms <= 0) return fail("no answer in time");
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), &curl_easy_cleanup);
  Transfer transfer{.body = {}, .stopping = &stopping_};
  transfer.body.reserve(limits::vault_answer_size_max);
  char error[CURL_ERROR_SIZE] = "";
  Headers headers;
  headers.add("X-Vault-Request: true");
  if (!token.empty()) headers.add("X-Vault-Token: " + token);
  if (!vault.name_space.empty()) headers.add("X-Vault-Namespace: " + vault.name_space);
  if (!body.empty()) headers.add("Content-Type: application/json");
  const std::string url = vault.url + "/v1/" + path;
  const auto set = [&easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy.get(), option, value) == CURLE_OK;
  };
  const bool ready =
      easy && set(CURLOPT_URL, url.c_str()) && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
      set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_TIMEOUT_MS, left_ms) &&
      set(CURLOPT_SSL_VERIFYPEER, 1L) && set(CURLOPT_SSL_VERIFYHOST, 2L) &&
      set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) && set(CURLOPT_NETRC, 0L) &&
      set(CURLOPT_PROXY, "") &&
      (vault.ca.empty() || (set(CURLOPT_CAINFO, vault.ca.c_str()) && set(CURLOPT_CAPATH, nullptr))) &&
      set(CURLOPT_HTTPHEADER, headers.list) && set(CURLOPT_CUSTOMREQUEST, method) &&
      (body.empty() || (set(CURLOPT_POSTFIELDS, body.c_str()) &&
                        set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size())))) &&
      set(CURLOPT_WRITEFUNCTION, &take) && set(CURLOPT_WRITEDATA, &transfer) && set(CURLOPT_NOPROGRESS, 0L) &&
      set(CURLOPT_XFERINFOFUNCTION, &look_up) && set(CURLOPT_XFERINFODATA, &transfer) &&
      set(CURLOPT_ERRORBUFFER, error) && set(CURLOPT_USERAGENT, "sallyport");
  if (!ready) return fail("this libcurl lacks what is needed");
  const CURLcode code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) {
    wipe(transfer.body);
    if (code == CURLE_WRITE_ERROR) return fail("the answer is larger than 64 KiB");
    return fail(error[0] != '\0' ? std::string(error) : curl_easy_strerror(code));
  }
  Reply reply{.status = 0, .body = std::move(transfer.body)};
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &reply.status);
  return reply;
}

Outcome<json> VaultKeeper::ask(const Task& task, const char* method, const std::string& path,
                               const std::string& body, bool may_exist) {
  const config::Vault& vault = vault_of(task);
  const int64_t deadline_ns = steady_ns() + int64_t{limits::lease_work_timeout_ms} * ms;
  for (const bool fresh : {false, true}) {
    Outcome<std::string> by = token(task, vault, fresh, deadline_ns);
    if (!by) return std::unexpected(std::move(by.error()));
    Result<Reply> reply = send(vault, method, path, body, *by, deadline_ns);
    wipe(*by);
    if (!reply) return std::unexpected(fault_of(task, "cannot be reached", reply.error().text, may_exist));
    if (reply->status == http_forbidden && !fresh && !vault.role_id.empty()) continue;
    json answer = json::parse(reply->body, nullptr, false);
    wipe(reply->body);
    if (reply->status == 204) return json::object();
    if (reply->status != 200) {
      const std::string status = "HTTP status " + std::to_string(reply->status);
      return std::unexpected(fault_of(task, "refuses (" + status + ")", status + " at " + path, false));
    }
    if (answer.is_object()) return answer;
    return std::unexpected(
        fault_of(task, "gives an answer that is none", "no JSON object at " + path, may_exist));
  }
  return std::unexpected(fault_of(task, "refuses (HTTP status 403)", "HTTP status 403 at " + path, false));
}

Outcome<std::string> VaultKeeper::token(const Task& task, const config::Vault& vault, bool fresh,
                                        int64_t deadline_ns) {
  if (vault.role_id.empty()) {
    // Read for each question, so that a changed one needs no reload.
    Result<std::string> secret = config::read_secret(vault.token);
    if (!secret) return std::unexpected(fault_of(task, "has no token here", secret.error().text, false));
    return std::move(*secret);
  }
  const std::string of = vault.name + "\n" + vault.url + "\n" + vault.role_id;
  if (!fresh) {
    const std::lock_guard lock(mutex_);
    const auto known = tokens_.find(of);
    if (known != tokens_.end() && steady_ns() < known->second.until_ns)
      return std::string(known->second.text.text());
  }
  return log_in(task, vault, deadline_ns);
}

Outcome<std::string> VaultKeeper::log_in(const Task& task, const config::Vault& vault, int64_t deadline_ns) {
  Result<std::string> secret = config::read_secret(vault.secret_id);
  if (!secret) return std::unexpected(fault_of(task, "has no secret_id here", secret.error().text, false));
  json request = {{"role_id", vault.role_id}, {"secret_id", *secret}};
  std::string body = request.dump(-1, ' ', false, json::error_handler_t::replace);
  wipe(request);
  wipe(*secret);
  Result<Reply> reply = send(vault, "POST", "auth/" + vault.mount + "/login", body, "", deadline_ns);
  wipe(body);
  if (!reply) return std::unexpected(fault_of(task, "cannot be reached", reply.error().text, false));
  json answer = json::parse(reply->body, nullptr, false);
  wipe(reply->body);
  json none = json::object();
  const json& auth = answer.is_object() && answer.contains("auth") ? answer["auth"] : none;
  std::string text = text_at(auth, "client_token");
  const int64_t life_ns = auth.is_object() ? seconds_at(auth, "lease_duration") : 0;
  wipe(answer);
  if (reply->status != 200 || text.empty()) {
    const std::string status = "HTTP status " + std::to_string(reply->status);
    return std::unexpected(fault_of(task, "refuses the gateway's login", "AppRole login: " + status, false));
  }
  const std::lock_guard lock(mutex_);
  // A token without an end says 0. Some life is left to it when it is used for the last time.
  const int64_t good_ns = life_ns == 0 ? 3600 * second : life_ns / 4 * 3;
  tokens_[vault.name + "\n" + vault.url + "\n" + vault.role_id] = {SecretBytes(text), steady_ns() + good_ns};
  return text;
}

Outcome<Made> VaultKeeper::mint(const Task& task, int64_t life_ns) {
  const config::Credential& credential = task.credential();
  const bool is_database = credential.engine == config::VaultEngine::database;
  Outcome<json> answer = ask(task, "GET", credential.path, "", is_database);
  if (!answer) return std::unexpected(std::move(answer.error()));
  json none = json::object();
  json& outer = answer->contains("data") ? (*answer)["data"] : none;
  json& data = is_database ? outer : outer.is_object() && outer.contains("data") ? outer["data"] : none;
  auto key = std::make_shared<Key>();
  key->kind = "vault";
  key->user = task.login().user.empty() ? text_at(data, credential.user_field) : task.login().user;
  std::string password = text_at(data, credential.field);
  key->password = SecretBytes(password);
  wipe(password);
  Made made{.key = key, .life_ns = life_ns, .handle = {}};
  if (is_database) {
    made.handle = text_at(*answer, "lease_id");
    made.life_ns = seconds_at(*answer, "lease_duration");
    key->lease = made.handle;
  } else {
    const json version = outer.is_object() ? outer.value("metadata", json::object()) : json::object();
    const int64_t number =
        version.is_object() && version.contains("version") && version["version"].is_number_unsigned()
            ? version["version"].get<int64_t>()
            : 0;
    key->lease = credential.path + (number > 0 ? "#" + std::to_string(number) : "");
  }
  wipe(*answer);
  const char* missing = key->user.empty()                                           ? "user name"
                        : key->password.empty()                                     ? "password"
                        : is_database && (made.handle.empty() || made.life_ns == 0) ? "lease"
                                                                                    : nullptr;
  if (missing == nullptr) return made;
  return std::unexpected(fault_of(task, std::string("gives an answer without a ") + missing,
                                  "no " + std::string(missing) + " at " + credential.path, is_database));
}

Outcome<int64_t> VaultKeeper::renew(const Task& task, const std::string& lease, int64_t life_ns) {
  const json request = {{"lease_id", lease}, {"increment", std::max<int64_t>(life_ns / second, 1)}};
  const Outcome<json> answer = ask(task, "PUT", "sys/leases/renew", request.dump(), true);
  if (!answer) return std::unexpected(answer.error());
  return seconds_at(*answer, "lease_duration");
}

// A mint whose answer was lost has no name to revoke it by: the vault ends it with its time.
Outcome<void> VaultKeeper::revoke(const Task& task, const std::string& lease) {
  if (lease.empty()) return {};
  const Outcome<json> answer = ask(task, "PUT", "sys/leases/revoke", json{{"lease_id", lease}}.dump(), true);
  if (!answer) return std::unexpected(answer.error());
  return {};
}

}  // namespace sallyport::credential
