#include "tests/unit/guard/vectors.h"

#include "config/check.h"

namespace sallyport::guard {
namespace {

Sample parse(std::string_view line) {
  Sample sample;
  uint32_t begin = 0;
  while (!line.empty()) {
    const auto take = [&line](std::string_view mark) {
      if (!line.starts_with(mark)) return false;
      line.remove_prefix(mark.size());
      return true;
    };
    if (take("«")) {
      begin = static_cast<uint32_t>(sample.text.size());
    } else if (take("»")) {
      sample.ranges.push_back({begin, static_cast<uint32_t>(sample.text.size())});
    } else if (take("⏎")) {
      sample.text += '\n';
    } else if (!take("¦")) {
      sample.text += line.front();
      line.remove_prefix(1);
    }
  }
  return sample;
}

}  // namespace

std::vector<Sample> samples(std::string_view lines) {
  std::vector<Sample> out;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    if (!line.empty()) out.push_back(parse(line));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return out;
}

std::vector<Vectors> all_vectors() {
  std::vector<Vectors> all = pii_vectors();
  for (const Vectors& vectors : secret_vectors()) all.push_back(vectors);
  return all;
}

}  // namespace sallyport::guard
