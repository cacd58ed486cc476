// The ways to a token of an identity provider. Each blocks until it has one, says what a person has to do on
// standard error, and ends by itself. One thread.
#pragma once

#include <string>

#include "cli/provider.h"

namespace sallyport::cli {

enum class Flow : uint8_t { device, browser, client_credentials, token };

struct LoginSource {
  Flow flow = Flow::device;
  Provider provider;             // not of Flow::token
  Client client;                 // the same
  std::string token_file;        // of Flow::token; empty: standard input, once
  bool open_browser = true;      // else its address is printed
  int64_t timeout_ms = 300'000;  // of what a person has to do
};

using Login = std::expected<Tokens, TokenRefusal>;

// RFC 8628: the browser is anywhere.
[[nodiscard]] Login log_in_by_device(const LoginSource& source);
// RFC 6749 section 4.1 with RFC 7636 and RFC 8252: the browser is on this machine.
[[nodiscard]] Login log_in_by_browser(const LoginSource& source);
// RFC 6749 section 4.4: a machine's own.
[[nodiscard]] Login log_in_as_machine(const LoginSource& source);
// A token that somebody else got.
[[nodiscard]] Login take_token(const LoginSource& source);

[[nodiscard]] Login log_in(const LoginSource& source);
// With a refresh token, or the flow again where it needs no person.
[[nodiscard]] Login log_in_again(const LoginSource& source, const std::string& refresh_token);
[[nodiscard]] bool needs_no_person(const LoginSource& source);

}  // namespace sallyport::cli
