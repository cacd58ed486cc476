// sallyport user hash: a secret typed or piped in, its SCRAM verifier out: what a [[user]] of the config
// holds.
#include <openssl/crypto.h>
#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cli/record_text.h"
#include "cli/remote.h"
#include "config/scram_secret.h"

namespace sallyport::cli {

namespace {

int hash(const Context& context) {
  std::string secret = read_secret_line("secret: ");
  if (secret.empty()) {
    print_error(context, "the secret is empty");
    return exit_no;
  }
  const auto made = config::make_scram_secret(secret);
  OPENSSL_cleanse(secret.data(), secret.size());
  if (!made) {
    print_error(context, made.error().text);
    return exit_no;
  }
  if (context.json) {
    puts(json_text({{"secret", made->text()}}).c_str());
  } else {
    puts(made->text().c_str());
  }
  return exit_done;
}

}  // namespace

void add_user(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("user", "local users of the configuration");
  group->require_subcommand(1);
  group->fallthrough();
  CLI::App* command =
      group->add_subcommand("hash", "turn a secret, typed or piped in, into what the configuration holds");
  command->footer("Example: openssl rand -base64 24 | tee agent.txt | sallyport user hash");
  command->callback([&context] { context.run = [&context] { return hash(context); }; });
}

}  // namespace sallyport::cli
