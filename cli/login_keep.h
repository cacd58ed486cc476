// One login and its renewals: each time a token, a ticket for it, and the files that hold it. One thread;
// blocks, until a signal where it keeps.
#pragma once

#include <string>

#include "cli/login_flows.h"
#include "cli/login_output.h"

namespace sallyport::cli {

class LoginKeeper {
 public:
  using Outcome = std::expected<void, TokenRefusal>;

  LoginKeeper(Gateway gateway, std::string host, Opening opening, LoginSource source, Wish wish,
              OutputWish output)
      : gateway_(std::move(gateway)),
        host_(std::move(host)),
        opening_(std::move(opening)),
        source_(std::move(source)),
        wish_(std::move(wish)),
        output_(std::move(output)) {}

  // The first ticket: written and printed.
  [[nodiscard]] Outcome begin();
  // Renews it in time, until SIGINT, SIGTERM or SIGHUP; an error where it has ended and none was to be had.
  [[nodiscard]] Outcome keep();

 private:
  [[nodiscard]] Outcome take(Login login);
  [[nodiscard]] Outcome renew();

  Gateway gateway_;
  std::string host_;
  Opening opening_;
  LoginSource source_;
  Wish wish_;
  OutputWish output_;
  std::string refresh_token_;
  int64_t granted_ns_ = 0;
  Ticketed now_;
  std::vector<std::string> written_;
};

}  // namespace sallyport::cli
