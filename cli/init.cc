// sallyport init: a working installation in one folder, after at most three questions, none where flags
// answer them.
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "config/file.h"
#include "config/limits.h"

namespace sallyport::cli {

namespace {

struct Options {
  SetupOptions setup;
  std::string directory = ".";
  std::string password_file;
};

std::string ask(const std::string& question, const std::string& otherwise) {
  fprintf(stderr, "%s%s: ", question.c_str(), otherwise.empty() ? "" : (" [" + otherwise + "]").c_str());
  std::string line;
  if (!std::getline(std::cin, line)) fputc('\n', stderr);
  return line.empty() ? otherwise : line;
}

// postgresql://USER@HOST:PORT/DATABASE, as libpq reads it, into what no flag has said.
Result<void> take_url(const std::string& url, SetupOptions& setup) {
  char* message = nullptr;
  PQconninfoOption* parts = PQconninfoParse(url.c_str(), &message);
  if (!parts) {
    const std::string text = message ? message : "not readable";
    PQfreemem(message);
    return fail(text.substr(0, text.find('\n')) + ": write postgresql://USER@HOST:PORT/DATABASE");
  }
  const auto part = [parts](const std::string& name) -> std::string {
    for (PQconninfoOption* at = parts; at->keyword; ++at) {
      if (name == at->keyword && at->val) return at->val;
    }
    return "";
  };
  const auto fill = [](std::string& into, const std::string& value) {
    if (into.empty()) into = value;
  };
  const std::string host = part("host"), port = part("port");
  if (!host.empty()) {
    fill(setup.target_address,
         config::Address{host, static_cast<uint16_t>(atoi(port.empty() ? "5432" : port.c_str()))}.text());
  }
  fill(setup.target_user, part("user"));
  fill(setup.target_database, part("dbname").empty() ? part("user") : part("dbname"));
  fill(setup.target_password, part("password"));
  PQconninfoFree(parts);
  return {};
}

Result<void> find_password(const Options& options, SetupOptions& setup) {
  if (!options.password_file.empty()) {
    Result<std::string> text = config::read_file(options.password_file, limits::secret_size_max);
    if (!text) return std::unexpected(text.error());
    setup.target_password = text->substr(0, text->find('\n'));
  } else if (const char* given = getenv("SALLYPORT_TARGET_PASSWORD")) {
    setup.target_password = given;
  } else if (setup.target_password.empty()) {
    setup.target_password = read_secret_line("2. The password of " + setup.target_user + " there: ");
  }
  if (setup.target_password.empty()) {
    return fail(
        "the target's password is missing: --target-password-file FILE, or SALLYPORT_TARGET_PASSWORD, or "
        "standard input");
  }
  return {};
}

Result<void> find_answers(Options& options) {
  SetupOptions& setup = options.setup;
  const bool asks = isatty(STDIN_FILENO);
  const bool complete =
      !setup.target_address.empty() && !setup.target_database.empty() && !setup.target_user.empty();
  if (!complete && !asks)
    return fail("no terminal to ask at: give --target-address, --target-database and --target-user");
  if (!complete) {
    const std::string url = ask("1. The PostgreSQL to guard, as postgresql://USER@HOST:PORT/DATABASE", "");
    if (Result<void> taken = take_url(url, setup); !taken) return taken;
  }
  if (Result<void> found = find_password(options, setup); !found) return found;
  if (!complete) setup.listen = ask("3. Where the gateway listens", setup.listen);
  return {};
}

void print_setup(const Setup& setup) {
  const std::string config = setup.config_file.string();
  const auto user_lines = [&setup](const char* name, const char* what) {
    printf("\n%s, %s; the secret is in %s\n", bold(name).c_str(), what, setup.secret_file(name).c_str());
  };
  printf("%s is written. The private CA's fingerprint (SHA-256) is\n  %s\n", config.c_str(),
         setup.ca_fingerprint.c_str());
  printf("\nStart the gateway:\n  sallyport --config %s serve\n", config.c_str());
  user_lines(setup_agent, "for a program");
  printf("  PGPASSWORD=$(cat %s) \\\n    psql '%s'\n", setup.secret_file(setup_agent).c_str(),
         setup.url(setup_agent).c_str());
  user_lines(setup_approver, "for a person who says yes or no");
  printf("  export SALLYPORT_SECRET=$(cat %s)\n", setup.secret_file(setup_approver).c_str());
  printf("  sallyport --config %s approvals\n", config.c_str());
  printf("  sallyport --config %s approve ID --as %s\n", config.c_str(), setup_approver);
  printf(
      "\nProve the way to the target and its mask:\n  SALLYPORT_SECRET=$(cat %s) \\\n    sallyport "
      "--config %s targets --test %s --as %s\n",
      setup.secret_file(setup_agent).c_str(), config.c_str(), setup.target.c_str(), setup_agent);
}

int init(const Context& context, Options& options) {
  options.setup.directory = options.directory;
  Result<void> found = find_answers(options);
  Result<Setup> made = found ? make_setup(options.setup) : std::unexpected(found.error());
  OPENSSL_cleanse(options.setup.target_password.data(), options.setup.target_password.size());
  if (!made) {
    print_error(context, made.error().text);
    return exit_no;
  }
  if (!context.json) {
    print_setup(*made);
    return exit_done;
  }
  puts(json_text({{"ok", true},
                  {"config", made->config_file.string()},
                  {"ca", made->ca_file.string()},
                  {"ca_fingerprint", made->ca_fingerprint},
                  {"users",
                   {{{"name", setup_agent},
                     {"secret_file", made->secret_file(setup_agent)},
                     {"url", made->url(setup_agent)}},
                    {{"name", setup_approver},
                     {"secret_file", made->secret_file(setup_approver)},
                     {"url", made->url(setup_approver)}}}}})
           .c_str());
  return exit_done;
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  SetupOptions& setup = options->setup;
  CLI::App* command =
      app.add_subcommand("init", "write a working configuration, its certificates and its secrets");
  command->add_option("--dir", options->directory, "where")->capture_default_str();
  command->add_option("--target-address", setup.target_address, "the PostgreSQL to guard, HOST:PORT");
  command->add_option("--target-database", setup.target_database, "its database");
  command->add_option("--target-user", setup.target_user, "the role that the gateway takes there");
  command->add_option("--target-password-file", options->password_file,
                      "with that role's password; or SALLYPORT_TARGET_PASSWORD");
  command->add_option("--target-name", setup.target_name, "what callers call it; else the database's name");
  command->add_option("--target-tls", setup.target_tls,
                      "off, require, verify-ca, verify-full; off on loopback, else verify-full");
  command->add_option("--listen", setup.listen, "where the gateway listens")->capture_default_str();
  command->add_option("--certificate", setup.certificate, "a server certificate of your own, PEM");
  command->add_option("--key", setup.key, "its key");
  command->add_option("--plugin-dir", setup.plugin_dir,
                      "where postgresql.so is; else beside this program's build, or the system's");
  command->add_option("--ca", setup.ca, "the CA that clients check it by");
  command->footer(
      "Example: sallyport init --dir gate --target-address 10.0.0.5:5432 --target-database shop "
      "--target-user app "
      "--target-password-file shop.txt");
  command->callback(
      [&context, options] { context.run = [&context, options] { return init(context, *options); }; });
}

}  // namespace sallyport::cli
