// All vectors of each detector: those that make_vectors.py makes by the published rules, and those written by
// hand.
#pragma once

#include <fstream>
#include <map>
#include <string>

#include "core/guard/scanner.h"
#include "tests/unit/guard/vectors.h"

namespace sallyport::guard {

struct Lines {
  std::string hits;
  std::string misses;
};

// By detector's name. GUARD_VECTORS names the file that was made at build time.
inline const std::map<std::string, Lines>& made_vectors() {
  static const auto vectors = [] {
    std::map<std::string, Lines> all;
    std::ifstream file(GUARD_VECTORS);
    std::string line;
    Lines* lines = nullptr;
    while (std::getline(file, line)) {
      if (line.starts_with('[')) {
        lines = &all[line.substr(1, line.size() - 2)];
      } else if (lines != nullptr && line.size() > 2) {
        (line[0] == '+' ? lines->hits : lines->misses) += line.substr(2) + "\n";
      }
    }
    for (const Vectors& hand : all_vectors()) {
      Lines& known = all[std::string(Catalogue::at(hand.detector).name())];
      known.hits += hand.hits;
      known.misses += hand.misses;
    }
    return all;
  }();
  return vectors;
}

}  // namespace sallyport::guard
