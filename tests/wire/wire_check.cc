// Runs the conformance kit over a plugin's transcripts:
//   wire_check PLUGIN.so DIRECTORY        fails when the kit finds a fault
//   wire_check PLUGIN.so DIRECTORY TEXT   fails unless the kit finds faults and TEXT is in its report
#include <cstdio>
#include <filesystem>
#include <string>

#include "core/path/kit.h"
#include "core/path/loader.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto plugin =
      sallyport::load_plugin(std::filesystem::absolute(argv[1]), {.digest = {}, .check_ownership = false});
  if (!plugin) {
    fprintf(stderr, "%s\n", plugin.error().text.c_str());
    return 2;
  }
  const sallyport::KitReport report = sallyport::check_plugin(*plugin->abi, argv[2]);
  const std::string text = report.text();
  printf("%s", text.c_str());
  if (argc == 3) return report.passed() ? 0 : 1;
  return !report.passed() && text.find(argv[3]) != std::string::npos ? 0 : 1;
}
