#include "cli/login_keep.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <algorithm>

#include "cli/table.h"
#include "config/clock.h"

namespace sallyport::cli {

namespace {

constexpr int64_t second_ns = 1'000'000'000;
constexpr int64_t margin_ns = 60 * second_ns;  // before the end, where the ticket lives so long
constexpr int64_t retry_min_ns = second_ns, retry_max_ns = 60 * second_ns;

volatile sig_atomic_t stopped = 0;
void on_signal(int) { stopped = 1; }

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

// By the wall clock, by which the ticket ends: a machine that slept wakes late, not long after.
void sleep_until(int64_t wanted_ns) {
  while (!stopped && wall_ns() < wanted_ns) {
    const int64_t left_ns = std::min(wanted_ns - wall_ns(), second_ns);
    const timespec pause{.tv_sec = left_ns / second_ns, .tv_nsec = left_ns % second_ns};
    nanosleep(&pause, nullptr);
  }
}

std::unexpected<TokenRefusal> failed(Error error) {
  return std::unexpected(TokenRefusal{"", std::move(error)});
}

// The provider, the gateway or the disk may be in order again later; what was refused stays refused.
bool is_passing(const TokenRefusal& refusal) { return refusal.code.empty() && refusal.error.code != 0; }

}  // namespace

LoginKeeper::Outcome LoginKeeper::take(Login login) {
  if (!login) return std::unexpected(std::move(login.error()));
  if (!login->refresh_token.empty()) refresh_token_ = login->refresh_token;
  auto granted = trade(gateway_, *login, wish_);
  if (!granted) return std::unexpected(std::move(granted.error()));
  granted_ns_ = wall_ns();
  now_ = {gateway_, std::move(*granted), {}};
  now_.lines = ready_lines(gateway_, host_, opening_.listeners, now_.ticket);
  written_.clear();
  const Result<void> written = write_login(now_, output_, written_);
  if (!written) return failed(written.error());
  return {};
}

LoginKeeper::Outcome LoginKeeper::begin() {
  const Outcome done = take(log_in(source_));
  if (!done) return done;
  const Result<void> printed = print_login(now_, output_, written_);
  if (!printed) return failed(printed.error());
  return {};
}

LoginKeeper::Outcome LoginKeeper::renew() { return take(log_in_again(source_, refresh_token_)); }

LoginKeeper::Outcome LoginKeeper::keep() {
  if (!needs_no_person(source_) && refresh_token_.empty()) {
    return failed(
        {"--keep: the identity provider gave no refresh token, so a renewal would need you: ask for one with "
         "--scope offline_access, or log in again when the ticket ends"});
  }
  catch_signals();
  fprintf(stderr, "renewing it until stopped (Ctrl-C) …\n");
  int64_t retry_ns = retry_min_ns;
  int64_t next_ns = 0;
  while (!stopped) {
    const int64_t end_ns = now_.ticket.expires_ns, life_ns = end_ns - granted_ns_;
    if (next_ns == 0) next_ns = end_ns - std::min(std::max(life_ns / 5, margin_ns), life_ns / 2);
    sleep_until(next_ns);
    if (stopped) break;
    const Outcome done = renew();
    if (done) {
      fprintf(stderr, "renewed: good until %s\n", time_text(now_.ticket.expires_ns).c_str());
      retry_ns = retry_min_ns;
      next_ns = 0;
      continue;
    }
    if (!is_passing(done.error()) || wall_ns() >= end_ns) return done;
    fprintf(stderr, "not renewed: %s; trying again in %s, the ticket is good until %s\n",
            done.error().error.text.c_str(), duration_text(retry_ns).c_str(), time_text(end_ns).c_str());
    next_ns = wall_ns() + retry_ns;
    retry_ns = std::min(retry_ns * 2, retry_max_ns);
  }
  return {};
}

}  // namespace sallyport::cli
