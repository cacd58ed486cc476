// Logins that need no person: client credentials, a token from elsewhere, a refresh token.
#include <openssl/crypto.h>
#include <unistd.h>

#include <cerrno>

#include "cli/login_flows.h"
#include "cli/remote.h"
#include "config/file.h"
#include "config/limits.h"

namespace sallyport::cli {

namespace {

// All of standard input, as far as a token can go.
Result<std::string> read_input() {
  if (isatty(STDIN_FILENO)) return read_secret_line("token: ");
  std::string text;
  char part[4096];
  for (;;) {
    const ssize_t size = ::read(STDIN_FILENO, part, sizeof part);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno("read the token from standard input", errno);
    if (size == 0) return text;
    text.append(part, static_cast<size_t>(size));
    if (text.size() > limits::token_size_max)
      return fail("standard input holds more than a token: 16 KiB at most");
  }
}

}  // namespace

Login log_in_as_machine(const LoginSource& source) {
  Fields fields = source.client.wishes();
  fields.emplace_back("grant_type", "client_credentials");
  return request_tokens(source.provider, source.client, std::move(fields));
}

Login take_token(const LoginSource& source) {
  // Not read_private_file: what Kubernetes mounts is a symbolic link, and readable by its pod.
  Result<std::string> text =
      source.token_file.empty() ? read_input() : config::read_file(source.token_file, limits::token_size_max);
  if (!text) return std::unexpected(TokenRefusal{"", text.error()});
  const size_t begin = text->find_first_not_of(" \t\r\n");
  if (begin == text->npos) {
    return std::unexpected(TokenRefusal{
        "", {(source.token_file.empty() ? "standard input" : source.token_file) + " holds no token"}});
  }
  // What kind of token it is, is written nowhere: a JWT is all that a gateway needs to know.
  Tokens tokens{.access_token = text->substr(begin, text->find_last_not_of(" \t\r\n") - begin + 1)};
  OPENSSL_cleanse(text->data(), text->size());
  return tokens;
}

Login log_in(const LoginSource& source) {
  switch (source.flow) {
    case Flow::device: return log_in_by_device(source);
    case Flow::browser: return log_in_by_browser(source);
    case Flow::client_credentials: return log_in_as_machine(source);
    case Flow::token: return take_token(source);
  }
  return std::unexpected(TokenRefusal{});
}

bool needs_no_person(const LoginSource& source) {
  return source.flow == Flow::client_credentials ||
         (source.flow == Flow::token && !source.token_file.empty());
}

Login log_in_again(const LoginSource& source, const std::string& refresh_token) {
  if (needs_no_person(source)) return log_in(source);
  Fields fields = {{"grant_type", "refresh_token"}, {"refresh_token", refresh_token}};
  if (!source.client.resource.empty()) fields.emplace_back("resource", source.client.resource);
  Login login = request_tokens(source.provider, source.client, std::move(fields));
  // Section 6: a provider that rotates gives a new one, another lets the old one be used again.
  if (login && login->refresh_token.empty()) login->refresh_token = refresh_token;
  return login;
}

}  // namespace sallyport::cli
