// [[detector]]: what else counts as personal data or a secret. Whether the pattern can be used is known where
// it is compiled (core/guard/custom.h).
#include "config/limits.h"
#include "config/loader.h"

namespace sallyport::config {

void load_detector(Loader& loader, const Value& table) {
  constexpr size_t word_size_min = 3;
  Reader reader(table, "detector", loader.problems);
  CustomDetector detector;
  detector.place = table.place;
  detector.pattern_place = table.place;
  reader.require("name", "name = \"…\"");
  if (reader.name("name", detector.name)) reader.rename("detector \"" + detector.name + "\"");
  reader.require("pattern", "pattern = \"EMP-[0-9]{6}\"");
  if (reader.text("pattern", detector.pattern)) detector.pattern_place = reader.find("pattern")->place;
  if (detector.pattern.size() > limits::pattern_size_max)
    reader.problem("pattern", "pattern is longer than 256 characters");
  reader.texts("context", detector.words);
  for (const std::string& word : detector.words) {
    if (word.size() < word_size_min || word.size() > limits::pattern_size_max)
      reader.problem("context",
                     "context: \"" + word + "\" is too short or too long: write a word of three letters");
  }
  reader.choice("check", detector.check,
                {{"none", DetectorCheck::none},
                 {"luhn", DetectorCheck::luhn},
                 {"mod97", DetectorCheck::mod97},
                 {"mod11-10", DetectorCheck::mod11_10},
                 {"verhoeff", DetectorCheck::verhoeff}});
  if (reader.text("example", detector.example)) detector.example_place = reader.find("example")->place;
  reader.finish();
  loader.config.detectors.push_back(std::move(detector));
}

}  // namespace sallyport::config
