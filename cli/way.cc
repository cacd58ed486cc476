#include "cli/way.h"

#include <stdlib.h>

#include <filesystem>

#include "cli/bearer.h"
#include "cli/remote.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

// Somewhere else: where that is said, or where no gateway's config is here.
bool is_elsewhere(const Context& context, const Way& way) {
  if (!way.as.empty()) return false;
  if (!way.gateway.empty() || getenv("SALLYPORT_TICKET") != nullptr) return true;
  std::error_code error;
  return !std::filesystem::exists(context.config_file, error);
}

}  // namespace

void add_way(CLI::App* command, Way& way, const std::string& as) {
  command
      ->add_option("--gateway", way.gateway,
                   "a gateway elsewhere, with the ticket of `sallyport login`; left out: that of this config")
      ->envname("SALLYPORT_GATEWAY");
  command->add_option("--ca", way.ca, "the authority that signed its certificate, a PEM file");
  command->add_option("--as", way.as, as + "; its secret is asked for, or SALLYPORT_SECRET");
}

std::optional<json> ask(const Context& context, const Way& way, const Asked& asked, int& exit) {
  if (!is_elsewhere(context, way)) return ask_gateway(context, asked.act, way.as, exit);
  const Result<Bearer> bearer = find_bearer(way.gateway, way.ca);
  Result<json> answer = bearer
                            ? ask_api(bearer->gateway, bearer->ticket, asked.method, asked.path, asked.body)
                            : Result<json>(std::unexpected(bearer.error()));
  if (answer) return std::move(*answer);
  exit = answer.error().code == 0 ? exit_no : exit_unreachable;
  print_error(context, answer.error().text);
  return std::nullopt;
}

}  // namespace sallyport::cli
