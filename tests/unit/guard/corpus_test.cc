// Precision and recall on a generated corpus: rows as databases hold them, most without anything to mask,
// some with one value of each kind planted. ./check prints the lines that begin with "figure:".
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>

#include "tests/unit/guard/made_vectors.h"

namespace sallyport::guard {
namespace {

constexpr size_t clean_count = 40'000;
constexpr double precision_min = 0.98;
constexpr double recall_min = 0.99;

class Text {
 public:
  explicit Text(uint64_t seed) : random_(seed) {}

  // A field without anything that a detector claims to find.
  std::string clean() {
    switch (random_() % 22) {
      case 0: return number(1, 9'999'999);
      case 1: return number(1, 9999) + "." + digits(2);
      case 2: return date() + " " + time() + "." + digits(6);
      case 3: return uuid();
      case 4: return hex(32);
      case 5: return hex(64);
      case 6: return "v" + number(0, 30) + "." + number(0, 99) + "." + number(0, 400);
      case 7: return words(3 + random_() % 12);
      case 8:
        return date() + "T" + time() + "Z INFO worker-" + number(1, 64) + " done in " + number(1, 90'000) +
               " ms";
      case 9: return "ORD-" + number(2019, 2026) + "-" + digits(6);
      case 10: return "{\"sku\": \"" + word() + "-" + digits(4) + "\", \"qty\": " + number(1, 40) + "}";
      case 11:
        return "https://" + word() + ".example/" + word() + "/" + number(1, 99'999) +
               "?page=" + number(1, 80);
      case 12:
        return "10." + number(0, 255) + "." + number(0, 255) + "." + number(1, 254) + ":" +
               number(1024, 9999);
      case 13: return number(1'600'000'000, 1'800'000'000);
      case 14: return words(2) + ": " + number(1, 500) + " x " + number(1, 90) + "." + digits(2) + " EUR";
      case 15:
        return "(" + number(-179, 179) + "." + digits(6) + "," + number(-89, 89) + "." + digits(6) + ")";
      case 16: return "commit " + hex(40) + " " + words(5);
      case 17: return "1" + digits(17);  // ids that count microseconds
      case 18: return ean();
      case 19: return of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 44);
      case 20: return "batch " + digits(8) + " lot " + of("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 10);
      default: return word() + "_" + word() + "_" + number(1, 60);
    }
  }

  // The value as it may stand in a row: alone, or in a sentence.
  std::string around(const std::string& value) {
    switch (random_() % 4) {
      case 0: return words(4) + " " + value;
      case 1: return value + " " + words(3);
      default: return value;
    }
  }

 private:
  std::string number(int64_t least, int64_t most) {
    return std::to_string(least + static_cast<int64_t>(random_() % static_cast<uint64_t>(most - least + 1)));
  }
  std::string digits(size_t count) { return of("0123456789", count); }
  std::string hex(size_t count) { return of("0123456789abcdef", count); }
  std::string of(std::string_view letters, size_t count) {
    std::string out;
    while (out.size() < count) out += letters[random_() % letters.size()];
    return out;
  }
  std::string two(uint64_t most) {
    const std::string text = std::to_string(random_() % most + 1);
    return text.size() < 2 ? "0" + text : text;
  }
  std::string date() { return number(2015, 2026) + "-" + two(12) + "-" + two(28); }
  std::string time() { return two(23) + ":" + two(59) + ":" + two(59); }
  std::string ean() {  // ISO/IEC 15420
    std::string code = "4" + digits(11);
    int sum = 0;
    for (size_t i = 0; i < code.size(); ++i) sum += (code[i] - '0') * (i % 2 == 0 ? 1 : 3);
    return code + static_cast<char>('0' + (10 - sum % 10) % 10);
  }
  std::string uuid() { return hex(8) + "-" + hex(4) + "-4" + hex(3) + "-a" + hex(3) + "-" + hex(12); }
  std::string word() {
    static constexpr std::array words = std::to_array<std::string_view>(
        {"paid",      "invoice", "second", "reminder", "stock",    "blue",    "large",   "return",
         "customer",  "asked",   "about",  "delivery", "tomorrow", "parcel",  "left",    "with",
         "neighbour", "order",   "open",   "closed",   "pending",  "shipped", "partial", "refund",
         "review",    "queue",   "retry",  "batch",    "cache",    "warm"});
    return std::string(words[random_() % words.size()]);
  }
  std::string words(size_t count) {
    std::string out = word();
    while (--count > 0) out += " " + word();
    return out;
  }

  std::mt19937_64 random_;
};

struct Count {
  size_t planted = 0, found = 0, false_hits = 0;
  [[nodiscard]] double recall() const { return planted == 0 ? 1 : double(found) / double(planted); }
  [[nodiscard]] double precision() const {
    return found + false_hits == 0 ? 1 : double(found) / double(found + false_hits);
  }
};

class Corpus : public testing::Test {
 protected:
  Corpus() : scanner_(*Scanner::compile(DetectorSet::all())) {
    EXPECT_TRUE(scratch_.prepare(*scanner_).has_value());
  }

  const std::vector<Hit>& hits(const std::string& text) {
    const Field field{0, static_cast<uint32_t>(text.size()), DetectorSet::all()};
    EXPECT_TRUE(scanner_->scan({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, {&field, 1},
                               scratch_, result_));
    return result_.hits;
  }

  // Each vector of each detector, planted. One that a stricter detector takes counts as found too.
  void plant(Text& text) {
    for (const Detector& detector : Catalogue::all()) {
      for (const Sample& sample : samples(made_vectors().at(std::string(detector.name())).hits)) {
        const std::string field = text.around(sample.text);
        Count& one = counts_[std::string(detector.name())];
        ++one.planted;
        one.found += hits(field).empty() ? 0 : 1;
      }
    }
  }
  void scan_clean(Text& text) {
    for (size_t i = 0; i < clean_count; ++i) {
      const std::string field = text.clean();
      for (const Hit& hit : hits(field)) {
        Count& one = counts_[std::string(Catalogue::at(hit.detector).name())];
        if (++one.false_hits <= 3)
          std::printf("%s in: %s\n", std::string(Catalogue::at(hit.detector).name()).c_str(), field.c_str());
      }
    }
  }
  Count sum(std::string_view set) const {
    Count all;
    for (const Detector& detector : Catalogue::all()) {
      const auto one = counts_.find(detector.name());
      if (detector.set() != set || one == counts_.end()) continue;
      all.planted += one->second.planted;
      all.found += one->second.found;
      all.false_hits += one->second.false_hits;
    }
    return all;
  }

  std::shared_ptr<const Scanner> scanner_;
  ScanScratch scratch_;
  ScanResult result_;
  std::map<std::string, Count, std::less<>> counts_;
};

TEST_F(Corpus, PrecisionAndRecall) {
  Text text(2);
  plant(text);
  scan_clean(text);
  for (const std::string_view set : {"@pii", "@secrets"}) {
    const Count all = sum(set);
    std::printf("figure: %s: precision %.4f, recall %.4f (%zu planted, %zu fields without)\n",
                std::string(set).c_str(), all.precision(), all.recall(), all.planted, clean_count);
    EXPECT_GE(all.precision(), precision_min) << set;
    EXPECT_GE(all.recall(), recall_min) << set;
  }
  for (const auto& [name, one] : counts_) {
    if (one.recall() < 1) std::printf("%s: %zu of %zu found\n", name.c_str(), one.found, one.planted);
    EXPECT_GE(one.recall(), 0.9) << name;
  }
}

}  // namespace
}  // namespace sallyport::guard
