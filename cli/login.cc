// sallyport login: a token of an identity provider, by whichever flow, for a ticket of a gateway; and the
// lines with which stock clients use it.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "cli/login_flows.h"
#include "cli/login_keep.h"
#include "cli/login_state.h"
#include "cli/remote.h"
#include "config/file.h"
#include "config/limits.h"
#include "config/quantity.h"

namespace sallyport::cli {

namespace {

constexpr int person_timeout_s = 300;

struct Options {
  std::string gateway, ca, issuer, issuer_ca, flow, client_id, secret_file, token_file, resource, life, host,
      on_behalf_of;
  std::vector<std::string> scopes, targets, write;
  std::string service_prefix;
  bool env = false, show = false, keep = false, no_browser = false;
  int timeout_s = person_timeout_s;
};

Result<std::string> absolute_file(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  const auto found = std::filesystem::canonical(path, error);
  if (error) return fail("open " + path + ": " + error.message());
  return found.string();
}

// From a file or the environment, never from argv, which everybody on the machine can read.
Result<std::string> client_secret(const Options& options) {
  if (options.secret_file.empty()) {
    const char* secret = getenv("SALLYPORT_CLIENT_SECRET");
    return secret ? secret : "";
  }
  Result<std::string> text = config::read_private_file(options.secret_file, limits::secret_size_max);
  while (text && (text->ends_with('\n') || text->ends_with('\r'))) text->pop_back();
  if (text && text->empty()) return fail(options.secret_file + " is empty");
  return text;
}

Result<TrustedIssuer> choose_issuer(const Opening& opening, const Options& options) {
  std::string names;
  for (const TrustedIssuer& one : opening.issuers) {
    if (one.name == options.issuer || (options.issuer.empty() && opening.issuers.size() == 1)) return one;
    names += (names.empty() ? "" : ", ") + one.name;
  }
  if (names.empty())
    return fail("the gateway trusts no identity provider: its configuration needs an [[oidc]]");
  return fail(options.issuer.empty()
                  ? "the gateway trusts several identity providers: --issuer, one of " + names
                  : "the gateway trusts no " + options.issuer + ": --issuer, one of " + names);
}

Flow choose_flow(const Options& options, const Client& client, const Provider& provider) {
  if (options.flow == "browser") return Flow::browser;
  if (options.flow == "client-credentials") return Flow::client_credentials;
  if (options.flow == "device") return Flow::device;
  if (!client.secret.empty()) return Flow::client_credentials;
  const bool has_display = getenv("DISPLAY") != nullptr || getenv("WAYLAND_DISPLAY") != nullptr;
  const bool browser = !provider.authorization_endpoint.empty() && has_display && !options.no_browser;
  return browser || provider.device_endpoint.empty() ? Flow::browser : Flow::device;
}

Result<LoginSource> make_source(const Opening& opening, const Options& options) {
  LoginSource source{.token_file = options.token_file,
                     .open_browser = !options.no_browser,
                     .timeout_ms = int64_t{options.timeout_s} * 1000};
  if (options.flow == "token" || !options.token_file.empty()) {
    source.flow = Flow::token;
    return source;
  }
  const Result<TrustedIssuer> issuer = choose_issuer(opening, options);
  if (!issuer) return std::unexpected(issuer.error());
  Result<std::string> secret = client_secret(options);
  if (!secret) return std::unexpected(secret.error());
  if (!config::is_trusted_url(issuer->issuer))
    return fail("the issuer " + issuer->name + " has no https address; --flow token takes a token of its");
  Result<Provider> provider = discover_provider(issuer->issuer, options.issuer_ca);
  if (!provider) return std::unexpected(provider.error());
  source.provider = std::move(*provider);
  source.client = {.id = options.client_id.empty() ? issuer->client_id : options.client_id,
                   .secret = std::move(*secret),
                   .scopes = options.scopes,
                   .resource = options.resource};
  source.flow = choose_flow(options, source.client, source.provider);
  const bool is_machine = source.flow == Flow::client_credentials;
  if (source.client.id.empty()) {
    return fail(
        "which client of the identity provider is this? --client-id NAME, or client_id in the gateway's "
        "[[oidc]] " +
        issuer->name);
  }
  if (is_machine && source.client.secret.empty()) {
    return fail(
        "a login by client credentials needs the client's secret: --client-secret-file FILE, or "
        "SALLYPORT_CLIENT_SECRET");
  }
  // What people are asked for; a machine's scopes are others.
  if (options.scopes.empty() && !is_machine) source.client.scopes = issuer->scopes;
  const auto& offered = source.provider.scopes;
  const auto& wanted = source.client.scopes;
  const auto holds = [](const auto& list, const char* text) {
    return std::ranges::find(list, text) != list.end();
  };
  if (options.keep && !is_machine && holds(offered, "offline_access") && !holds(wanted, "offline_access"))
    source.client.scopes.emplace_back("offline_access");
  return source;
}

int failed(const Context& context, const Error& error) {
  print_error(context, error.text);
  return error.code == 0 ? exit_no : exit_unreachable;
}

Result<Wish> make_wish(const Options& options) {
  Wish wish{.targets = options.targets, .life_s = 0, .on_behalf_of = options.on_behalf_of};
  for (const std::string& target : options.targets) {
    if (const Result<void> good = config::check_name(target); !good)
      return std::unexpected(Error(good.error()).in("--target"));
  }
  if (options.life.empty()) return wish;
  const Result<uint32_t> life = config::parse_duration(options.life);
  if (!life) return std::unexpected(Error(life.error()).in("--for"));
  wish.life_s = std::max<int64_t>(*life / 1000, 1);
  return wish;
}

int login(const Context& context, const Options& given) {
  // What this process holds is in no core dump, and no other program of this user reads it.
  prctl(PR_SET_DUMPABLE, 0);
  Options options = given;
  const auto is_written = [&options](const char* what) {
    return std::ranges::find(options.write, what) != options.write.end();
  };
  OutputWish output{.pgpass = is_written("pgpass"),
                    .service = is_written("service"),
                    .env = options.env,
                    .json = context.json,
                    .show = options.show,
                    .service_prefix = options.service_prefix,
                    .env_target = options.targets.size() == 1 ? options.targets.front() : ""};
  if (const Result<void> good = check_output(output); !good) return failed(context, good.error());
  for (std::string* file : {&options.ca, &options.issuer_ca}) {
    Result<std::string> path = absolute_file(*file);
    if (!path) return failed(context, path.error());
    *file = std::move(*path);
  }
  // Before anybody is asked for a login that could not be kept.
  if (const Result<std::string> folder = login_state_folder(); !folder)
    return failed(context, folder.error());
  const Result<std::string> url = base_url(options.gateway);
  if (!url) return failed(context, url.error());
  const Result<Wish> wish = make_wish(options);
  if (!wish) return failed(context, wish.error());
  const Gateway gateway{*url, options.ca};
  const Result<Opening> opening = ask_opening(gateway);
  if (!opening) return failed(context, opening.error());
  const Result<LoginSource> source = make_source(*opening, options);
  if (!source) return failed(context, source.error());
  if (options.keep && source->flow == Flow::token && source->token_file.empty())
    return failed(context,
                  {"--keep needs a token again and again: --token-file FILE instead of standard input"});
  LoginKeeper keeper(gateway, options.host, *opening, *source, *wish, output);
  if (const auto done = keeper.begin(); !done) return failed(context, done.error().error);
  if (!options.keep) return exit_done;
  const auto done = keeper.keep();
  return done ? exit_done : failed(context, done.error().error);
}

void add_source_options(CLI::App* command, const std::shared_ptr<Options>& options) {
  command->add_option("--gateway", options->gateway, "the gateway's address, https://HOST:PORT")
      ->envname("SALLYPORT_GATEWAY")
      ->required();
  command->add_option("--ca", options->ca,
                      "the authority that signed the gateway's certificates, a PEM file");
  command->add_option("--issuer", options->issuer, "which of the identity providers that the gateway trusts");
  command->add_option("--issuer-ca", options->issuer_ca,
                      "the authority of the identity provider's certificate");
  command->add_option("--flow", options->flow, "how to get a token; left out: what fits this machine")
      ->check(CLI::IsMember({"device", "browser", "client-credentials", "token"}));
  command->add_option("--client-id", options->client_id,
                      "the client; left out: the gateway's for its callers");
  command->add_option("--client-secret-file", options->secret_file,
                      "the client's secret, mode 0600; or SALLYPORT_CLIENT_SECRET");
  command->add_option("--token-file", options->token_file,
                      "a file that holds a token; --flow token reads one from standard input");
  command->add_option("--scope", options->scopes, "ask the provider for this scope; may stand several times");
  command->add_option("--resource", options->resource,
                      "ask the provider for a token for this resource (RFC 8707)");
  command->add_flag("--no-browser", options->no_browser, "print the address instead of opening it");
  command->add_option("--timeout", options->timeout_s, "seconds to wait for the browser")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
}

}  // namespace

void add_login(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "login", "get a ticket with which psql and others log in, by your identity provider");
  add_source_options(command, options);
  command->add_option("--target", options->targets,
                      "a ticket for this target alone; may stand several times");
  command->add_option("--for", options->life,
                      "how long it is good, as in 30m; left out: as the gateway has it");
  command->add_option("--on-behalf-of", options->on_behalf_of,
                      "for whom you ask, as the gateway calls that person; it says whether you may");
  command->add_option("--host", options->host,
                      "where the databases' listeners are; left out: the gateway's host");
  command->add_option("--write", options->write, "write the ticket to ~/.pgpass or ~/.pg_service.conf too")
      ->check(CLI::IsMember({"pgpass", "service"}));
  command->add_option("--service-prefix", options->service_prefix, "what names of services begin with")
      ->check([](const std::string& text) {
        const bool is_name = text.empty() || config::check_name(text).has_value();
        return is_name ? std::string() : "use A-Z a-z 0-9 . _ -";
      });
  command->add_flag("--env", options->env, "print export lines for a shell, ticket included");
  command->add_flag("--show", options->show, "show the ticket, on a terminal too");
  command->add_flag("--keep", options->keep, "stay, and renew it before it ends");
  command->footer("Example: sallyport login --gateway https://gate:8420 --ca ca.crt --write service");
  command->callback(
      [&context, options] { context.run = [&context, options] { return login(context, *options); }; });
}

}  // namespace sallyport::cli
