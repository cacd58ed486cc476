// The authorization code grant with a proof key and a redirect to this machine (RFC 6749 section 4.1,
// RFC 7636, RFC 8252).
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "cli/login_flows.h"
#include "cli/loopback_door.h"
#include "cli/pkce.h"
#include "cli/table.h"
#include "config/clock.h"

namespace sallyport::cli {

namespace {

// It goes on when this program ends, and says nothing here. False: there is none.
bool open_browser(const std::string& url) {
  const pid_t pid = fork();
  if (pid < 0) return false;
  if (pid == 0) {
    const int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; nothing >= 0 && fd < 3; ++fd) dup2(nothing, fd);
    setsid();
    // The browser is its grandchild: xdg-open may become it.
    const pid_t inner = fork();
    if (inner == 0) {
      execlp("xdg-open", "xdg-open", url.c_str(), nullptr);
      _exit(127);
    }
    _exit(inner < 0 ? 1 : 0);
  }
  int status = 0;
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool has_display() { return getenv("DISPLAY") != nullptr || getenv("WAYLAND_DISPLAY") != nullptr; }

std::string value_of(const Fields& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Fields::value_type::first);
  return found != fields.end() ? found->second : "";
}

std::string authorization_url(const LoginSource& source, const std::string& redirect,
                              const std::string& state, const std::string& challenge) {
  const std::string& endpoint = source.provider.authorization_endpoint;
  Fields query = source.client.wishes();
  query.insert(query.end(), {{"response_type", "code"},
                             {"client_id", source.client.id},
                             {"redirect_uri", redirect},
                             {"state", state},
                             {"code_challenge", challenge},
                             {"code_challenge_method", "S256"}});
  // OpenID Connect Core, section 11: without it the scope may be ignored.
  if (std::ranges::find(source.client.scopes, "offline_access") != source.client.scopes.end())
    query.emplace_back("prompt", "consent");
  return endpoint + (endpoint.find('?') == endpoint.npos ? "?" : "&") + form_text(query);
}

// What the browser came back with: the code, or why there is none.
std::expected<std::string, TokenRefusal> read_answer(const Provider& provider, const Fields& answer) {
  const std::string issuer = value_of(answer, "iss"), error = value_of(answer, "error");
  if (issuer.empty() ? provider.names_itself : issuer != provider.issuer) {
    return std::unexpected(TokenRefusal{
        "",
        {"the browser came back with an answer of another identity provider (" +
         (issuer.empty() ? "it does not say which" : one_line(issuer, 200)) + "): nothing was sent to it"}});
  }
  if (!error.empty()) {
    const std::string code = one_line(error, 60);
    return std::unexpected(TokenRefusal{code, {refusal_text(code, value_of(answer, "error_description"))}});
  }
  std::string code = value_of(answer, "code");
  if (code.empty())
    return std::unexpected(TokenRefusal{"", {"the browser came back without a code: run it again"}});
  return code;
}

void show(const LoginSource& source, LoopbackDoor& door, const std::string& url) {
  if (source.open_browser && has_display() && open_browser(door.start_url(url))) {
    fprintf(stderr, "\nYour browser opens the login. If it does not: --no-browser prints the address.\n");
  } else {
    fprintf(stderr, "\n  Open   %s\n\nin a browser on this machine.\n", url.c_str());
  }
  fprintf(stderr, "waiting for it to come back to %s, for at most %s …\n", door.redirect_uri().c_str(),
          duration_text(source.timeout_ms * 1'000'000).c_str());
}

}  // namespace

Login log_in_by_browser(const LoginSource& source) {
  const auto failed = [](const Error& error) { return std::unexpected(TokenRefusal{"", error}); };
  if (source.provider.authorization_endpoint.empty())
    return failed({"the identity provider knows no login by browser: try --flow device"});
  Result<LoopbackDoor> door = LoopbackDoor::open();
  if (!door) return failed(door.error());
  const ProofKey key = make_proof_key();
  const std::string state = random_text(), redirect = door->redirect_uri();
  show(source, *door, authorization_url(source, redirect, state, key.challenge));
  const Result<Fields> answer = door->wait(state, steady_ns() + source.timeout_ms * 1'000'000);
  if (!answer) return failed(answer.error());
  const std::expected<std::string, TokenRefusal> code = read_answer(source.provider, *answer);
  if (!code) return std::unexpected(code.error());
  return request_tokens(source.provider, source.client,
                        {{"grant_type", "authorization_code"},
                         {"code", *code},
                         {"redirect_uri", redirect},
                         {"code_verifier", key.verifier}});
}

}  // namespace sallyport::cli
