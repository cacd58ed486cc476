#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "config/file.h"
#include "config/limits.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

// One newline: what editors and `echo` add. A password may well end in a space.
Result<std::string> strip(Result<std::string> text, const std::string& what) {
  if (!text) return text;
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return fail(what + " is empty");
  if (text->find('\0') != std::string::npos) return fail(what + " holds a zero byte");
  return text;
}

// systemd hands credentials over in a folder that only the service may read (systemd.exec(5)).
Result<std::string> read_credential(const std::string& name) {
  const char* folder = getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') {
    return fail("systemd-cred:" + name + ": CREDENTIALS_DIRECTORY is not set: add LoadCredential=" + name +
                " to the unit");
  }
  if (!check_name(name) || name.starts_with('.'))
    return fail("systemd-cred:" + name + " is no credential's name");
  return read_private_file(std::filesystem::path(folder) / name, limits::secret_size_max);
}

Result<std::string> read_source(const Secret& secret) {
  switch (secret.source) {
    case Secret::Source::none: return fail("no secret is configured");
    case Secret::Source::file: return read_private_file(secret.name, limits::secret_size_max);
    case Secret::Source::systemd_credential: return read_credential(secret.name);
    case Secret::Source::environment: break;
  }
  const char* value = getenv(secret.name.c_str());
  if (value == nullptr) return fail("env:" + secret.name + " is not set");
  return std::string(value).substr(0, limits::secret_size_max + 1);
}

Problem problem_of(const Place& place, Error error) { return {place, std::move(error.text)}; }

void check_readable(const Place& place, const std::filesystem::path& path, std::vector<Problem>& problems) {
  const Result<std::string> text = read_file(path, limits::config_file_size_max);
  if (!text) problems.push_back(problem_of(place, text.error()));
}

}  // namespace

Result<std::string> read_secret(const Secret& secret) {
  Result<std::string> text = strip(read_source(secret), secret.name);
  if (text && text->size() > limits::secret_size_max) return fail(secret.name + " is longer than 4096 bytes");
  return text;
}

SecretFile look_at(const Secret& secret) {
  std::filesystem::path path = secret.name;
  if (secret.source == Secret::Source::systemd_credential) {
    const char* folder = getenv("CREDENTIALS_DIRECTORY");
    path = std::filesystem::path(folder != nullptr ? folder : "") / secret.name;
  } else if (secret.source != Secret::Source::file) {
    return {};
  }
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return {};
  const auto nanoseconds = [](const timespec& time) {
    return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return {nanoseconds(status.st_mtim), nanoseconds(status.st_ctim), status.st_ino};
}

Result<std::string> read_token_secret(const TokenKey& key) {
  Result<std::string> secret = read_secret(key.secret);
  if (!secret || secret->size() >= limits::token_secret_size_min) return secret;
  explicit_bzero(secret->data(), secret->size());
  return fail(key.secret.name +
              " has less than 16 bytes: a token key made by `openssl rand -hex 32` is good");
}

void check_issuers(const Config& config, std::vector<Problem>& problems) {
  for (const Oidc& issuer : config.issuers) {
    if (!issuer.ca.empty()) check_readable(issuer.place, issuer.ca, problems);
    if (!issuer.keys_file.empty()) check_readable(issuer.place, issuer.keys_file, problems);
  }
}

std::vector<Problem> check_files(const Config& config) {
  std::vector<Problem> problems;
  for (const Listener& listener : config.listeners) {
    if (!listener.tls) continue;
    check_readable(listener.place, listener.tls->certificate, problems);
    const Result<std::string> key = read_private_file(listener.tls->key, limits::config_file_size_max);
    if (!key) problems.push_back(problem_of(listener.place, key.error()));
    if (!listener.tls->client_ca.empty()) check_readable(listener.place, listener.tls->client_ca, problems);
    if (!listener.tls->clients.crl.empty())
      check_readable(listener.place, listener.tls->clients.crl, problems);
  }
  check_issuers(config, problems);
  check_webhooks(config, problems);
  for (const Mask& mask : config.masks) {
    if (mask.token_key.id.empty()) continue;
    const Result<std::string> secret = read_token_secret(mask.token_key);
    if (!secret) problems.push_back(problem_of(mask.token_key.place, secret.error()));
  }
  for (const Target& target : config.targets) {
    if (!target.tls_ca.empty()) check_readable(target.place, target.tls_ca, problems);
    for (const Login& login : target.logins) {
      if (login.password.source == Secret::Source::none) continue;
      const Result<std::string> secret = read_secret(login.password);
      if (!secret) problems.push_back(problem_of(login.place, secret.error()));
    }
  }
  return problems;
}

}  // namespace sallyport::config
