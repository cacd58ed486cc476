#include "cli/policy_source.h"

#include <stdio.h>

#include "cli/record_text.h"

namespace sallyport::cli {

std::optional<PolicySource> read_policy(const Context& context) {
  PolicySource source;
  auto policy = load_policy(context.config_file, source.plugins);
  if (policy) {
    source.policy = std::move(*policy);
    return source;
  }
  report_problems(context, policy.error());
  return std::nullopt;
}

int report_problems(const Context& context, const Problems& problems) {
  if (context.json) {
    nlohmann::json all = nlohmann::json::array();
    for (const config::Problem& problem : problems) {
      all.push_back({{"file", problem.place.file}, {"line", problem.place.line}, {"text", problem.text}});
    }
    puts(json_text({{"ok", problems.empty()}, {"problems", all}}).c_str());
  } else {
    for (const config::Problem& problem : problems) {
      fprintf(stderr, "%s: %s\n", problem.place.text().c_str(), problem.text.c_str());
    }
  }
  return problems.empty() ? exit_done : exit_no;
}

}  // namespace sallyport::cli
