// Runs a target over its committed corpus without libFuzzer: each file whole, and cut short at up to 32
// places.
//   NAME_replay DIRECTORY
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz.h"

namespace {

constexpr size_t cut_count_max = 32;

void run(std::string_view bytes) {
  const sallyport::fuzz::Exact exact(bytes);
  LLVMFuzzerTestOneInput(exact.span().data(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) paths.push_back(entry.path());
  std::ranges::sort(paths);
  size_t runs = 0;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    std::fprintf(stderr, "%s\n", path.filename().c_str());
    run(bytes);
    const size_t cuts = std::min(bytes.size(), cut_count_max);
    for (size_t i = 0; i < cuts; ++i) run(std::string_view(bytes).substr(0, i * bytes.size() / cuts));
    runs += cuts + 1;
  }
  std::fprintf(stderr, "%zu files, %zu runs\n", paths.size(), runs);
  return paths.empty() ? 1 : 0;
}
