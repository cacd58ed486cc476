// sallyport log seal-key: an auditor's pair of keys, to which a gateway seals texts and replies.
#include <stdio.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include "cli/log_export.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "core/control/record_json.h"
#include "ringlog/seal.h"

namespace sallyport::cli {

namespace {

int make(const Context& context, const std::string& folder) {
  (void)mkdir(folder.c_str(), 0700);  // what stands in the way is said below
  const auto made = ringlog::make_seal_keys(ringlog::system_files(), folder, ringlog::system_random());
  if (!made) {
    print_error(context, made.error().text + "; give a folder that holds no pair yet");
    return exit_no;
  }
  const std::string key = folder + "/auditor.key", pub = folder + "/auditor.pub";
  if (context.json) {
    puts(json_text({{"ok", true}, {"public", pub}, {"private", key}, {"fingerprint", ringlog::to_hex(*made)}})
             .c_str());
    return exit_done;
  }
  printf(
      "%s goes to the gateway: [log] seal_to = \"file:auditor.pub\"\n%s stays with the auditor, and never on "
      "the "
      "gateway; without it nothing that is sealed can be read\n",
      visible(pub).c_str(), visible(key).c_str());
  return exit_done;
}

}  // namespace

void add_log_seal_key(CLI::App& group, Context& context) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command =
      group.add_subcommand("seal-key", "a pair of keys to seal texts and replies to an auditor");
  command->add_option("--out", *folder, "the folder for auditor.pub and auditor.key")->required();
  command->footer("Example: sallyport log seal-key --out /mnt/auditor");
  command->callback(
      [&context, folder] { context.run = [&context, folder] { return make(context, *folder); }; });
}

}  // namespace sallyport::cli
