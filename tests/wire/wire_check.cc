// Runs the conformance kit over a plugin's transcripts:
//   wire_check PLUGIN.so DIRECTORY            fails when the kit finds a fault
//   wire_check PLUGIN.so DIRECTORY --broken   fails when the kit finds none
#include <cstdio>
#include <cstring>

#include "core/path/kit.h"
#include "core/path/loader.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const bool broken = argc > 3 && strcmp(argv[3], "--broken") == 0;
  const auto plugin = sallyport::load_plugin(argv[1], {.digest = {}, .check_ownership = false});
  if (!plugin) {
    fprintf(stderr, "%s\n", plugin.error().text.c_str());
    return 2;
  }
  const sallyport::KitReport report = sallyport::check_plugin(*plugin->abi, argv[2]);
  printf("%s", report.text().c_str());
  return report.passed() == broken ? 1 : 0;
}
