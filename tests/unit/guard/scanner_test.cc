#include "core/guard/scanner.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/unit/guard/vectors.h"

namespace sallyport::guard {
namespace {

// One scanner for all detectors, and what a thread needs beside it.
struct Fixture {
  std::shared_ptr<const Scanner> scanner;
  ScanScratch scratch;
  ScanResult result;

  explicit Fixture(DetectorSet detectors = DetectorSet::all()) {
    auto compiled = Scanner::compile(detectors);
    EXPECT_TRUE(compiled.has_value()) << compiled.error().text;
    scanner = *compiled;
    EXPECT_TRUE(scratch.prepare(*scanner).has_value());
  }

  const std::vector<Hit>& scan(std::string_view buffer, std::span<const Field> fields) {
    EXPECT_TRUE(scanner->scan({reinterpret_cast<const uint8_t*>(buffer.data()), buffer.size()}, fields,
                              scratch, result));
    return result.hits;
  }
  const std::vector<Hit>& scan(std::string_view value, DetectorSet detectors = DetectorSet::all()) {
    const Field field{0, static_cast<uint32_t>(value.size()), detectors};
    return scan(value, {&field, 1});
  }
};

std::vector<Range> ranges(const std::vector<Hit>& hits) {
  std::vector<Range> out;
  for (const Hit& hit : hits) out.push_back(hit.range);
  return out;
}

std::string show(std::string_view text, const std::vector<Range>& marks) {
  std::string out(text);
  for (size_t i = marks.size(); i-- > 0;) {
    out.insert(marks[i].end, "»");
    out.insert(marks[i].begin, "«");
  }
  return out;
}

// Every detector finds its vectors to the byte, and nothing in its near-misses.
TEST(Scanner, FindsVectorsAndLeavesNearMisses) {
  Fixture fixture;
  for (const Vectors& vectors : all_vectors()) {
    const std::string name(Catalogue::at(vectors.detector).name());
    const auto hits = samples(vectors.hits);
    const auto misses = samples(vectors.misses);
    EXPECT_GE(hits.size(), 20u) << name;
    EXPECT_GE(misses.size(), 20u) << name;
    for (const Sample& sample : hits) {
      ASSERT_FALSE(sample.ranges.empty()) << name << ": " << sample.text;
      const auto found = ranges(fixture.scan(sample.text, vectors.detector));
      EXPECT_EQ(show(sample.text, found), show(sample.text, sample.ranges)) << name;
    }
    for (const Sample& sample : misses) {
      const auto found = ranges(fixture.scan(sample.text, vectors.detector));
      EXPECT_TRUE(found.empty()) << name << " in " << show(sample.text, found);
    }
  }
}

// Hits lie inside their fields: whatever byte of framing stands on either side, the values are found, and a
// field that holds only a part of one is not.
TEST(Scanner, FramingNeverDecides) {
  Fixture fixture;
  for (const Vectors& vectors : all_vectors()) {
    for (const Sample& sample : samples(vectors.hits)) {
      for (int framing = 0; framing < 256; ++framing) {
        std::string buffer(3, static_cast<char>(framing));
        const Field field{3, static_cast<uint32_t>(sample.text.size()), vectors.detector};
        buffer += sample.text + std::string(3, static_cast<char>(framing));
        ASSERT_EQ(ranges(fixture.scan(buffer, {&field, 1})), sample.ranges)
            << sample.text << " in " << framing;
      }
    }
    for (const Sample& sample : samples(vectors.misses)) {
      for (int framing = 0; framing < 256; ++framing) {
        std::string buffer(1, static_cast<char>(framing));
        const Field field{1, static_cast<uint32_t>(sample.text.size()), vectors.detector};
        buffer += sample.text + static_cast<char>(framing);
        ASSERT_TRUE(fixture.scan(buffer, {&field, 1}).empty()) << sample.text << " in " << framing;
      }
    }
  }
}

// What would be a hit together is none in two fields, with or without framing between, wherever it is cut:
// each part gives exactly what it gives alone.
TEST(Scanner, FieldsAreNeverJoined) {
  Fixture fixture;
  for (const Vectors& vectors : all_vectors()) {
    for (const Sample& sample : samples(vectors.hits)) {
      for (uint32_t cut = 1; cut < sample.text.size(); ++cut) {
        const auto rest = static_cast<uint32_t>(sample.text.size() - cut);
        const auto left = ranges(fixture.scan(sample.text.substr(0, cut)));
        const auto right = ranges(fixture.scan(sample.text.substr(cut)));
        const Field fields[] = {{0, cut}, {cut, rest}};
        std::vector<Range> found[2];
        for (const Hit& hit : fixture.scan(sample.text, fields)) found[hit.field].push_back(hit.range);
        ASSERT_EQ(found[0], left) << sample.text << " cut at " << cut;
        ASSERT_EQ(found[1], right) << sample.text << " cut at " << cut;
      }
    }
  }
}

// A batch gives each field the hits that it gives alone: all vectors shuffled into batches with random
// framing, empty fields among them, dense and so sparse that they are gathered.
TEST(Scanner, BatchesGiveWhatFieldsGiveAlone) {
  Fixture fixture;
  std::vector<std::string> values;
  for (const Vectors& vectors : all_vectors()) {
    for (const Sample& sample : samples(vectors.hits)) values.push_back(sample.text);
    for (const Sample& sample : samples(vectors.misses)) values.push_back(sample.text);
  }
  std::vector<std::vector<Hit>> alone;
  for (const std::string& value : values) alone.push_back(fixture.scan(value));
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const size_t gap_max = seed % 3 == 0 ? 0 : seed % 3 == 1 ? 8 : 2000;
    std::string buffer;
    std::vector<Field> fields;
    std::vector<size_t> order;
    for (int i = 0; i < 100; ++i) {
      for (size_t gap = gap_max == 0 ? 0 : random() % gap_max; gap > 0; --gap)
        buffer += static_cast<char>(random());
      order.push_back(random() % values.size());
      const bool empty = random() % 8 == 0;
      if (empty) order.back() = values.size();
      fields.push_back({static_cast<uint32_t>(buffer.size()), 0});
      if (empty) continue;
      buffer += values[order.back()];
      fields.back().size = static_cast<uint32_t>(values[order.back()].size());
    }
    std::vector<std::vector<Hit>> found(fields.size());
    for (const Hit& hit : fixture.scan(buffer, fields)) found[hit.field].push_back(hit);
    for (size_t i = 0; i < fields.size(); ++i) {
      const bool empty = order[i] == values.size();
      ASSERT_EQ(ranges(found[i]), empty ? std::vector<Range>{} : ranges(alone[order[i]])) << "seed " << seed;
      for (size_t k = 0; k < found[i].size(); ++k) {
        ASSERT_EQ(found[i][k].detectors, alone[order[i]][k].detectors) << "seed " << seed;
      }
    }
  }
}

// Only a field's own detectors count for it.
TEST(Scanner, FieldsChooseTheirDetectors) {
  Fixture fixture;
  const std::string text = "jane@example.com 4111111111111111";
  EXPECT_EQ(fixture.scan(text, DetectorId::Email).size(), 1u);
  EXPECT_EQ(fixture.scan(text, DetectorId::CreditCard).size(), 1u);
  EXPECT_EQ(fixture.scan(text, DetectorId::Jwt).size(), 0u);
  EXPECT_EQ(fixture.scan(text).size(), 2u);
}

// Overlapping hits become one, named by the later detector and holding both.
TEST(Scanner, MergesOverlaps) {
  Fixture fixture;
  const auto& hits = fixture.scan("tel 415-555-2671@example.com");
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].detector, DetectorId::Email);
  EXPECT_TRUE(hits[0].detectors.has(DetectorId::Phone));
  EXPECT_EQ(hits[0].range, (Range{4, 28}));
}

// A field with too many hits is reported as crowded, and its neighbours are served.
TEST(Scanner, CrowdedFieldsAreReported) {
  Fixture fixture;
  std::string buffer = "jane@example.com";
  std::vector<Field> fields = {{0, 16}};
  for (uint32_t i = 0; i <= field_hit_count_max; ++i) buffer += " a@b.co";
  fields.push_back({16, static_cast<uint32_t>(buffer.size()) - 16});
  fields.push_back({static_cast<uint32_t>(buffer.size()), 16});
  buffer += "jane@example.com";
  const auto& hits = fixture.scan(buffer, fields);
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].field, 0u);
  EXPECT_EQ(hits[1].field, 2u);
  EXPECT_EQ(fixture.result.crowded, std::vector<uint32_t>{1});
}

// Hostile fields, made of repeated cores, end in time that is linear in their size. The test's own time limit
// is the check: quadratic ones would take hours.
TEST(Scanner, RepeatedCoresStayLinear) {
  Fixture fixture;
  constexpr size_t size = 1 << 20;
  for (const std::string_view part : {"@a",
                                      "a@",
                                      "a@a.",
                                      "a.@",
                                      "\"@a",
                                      "://",
                                      "://a:",
                                      "://a:b",
                                      "a://b:c@",
                                      "secret",
                                      "aws secret access ",
                                      "ghp_",
                                      "ghp_a",
                                      "xoxb-",
                                      "xoxb-1",
                                      "AIza",
                                      "sk-a",
                                      "sk-a-",
                                      "eyJ",
                                      "eyJa.",
                                      "eyJhbGciOiJFUzI1NiJ9.",
                                      ".eyJa..",
                                      "-----BEGIN ",
                                      "-----BEGIN PRIVATE KEY-----",
                                      "-----BEGIN PRIVATE KEY-----aaaaaaaaaaaaaaaaaa",
                                      "spt_",
                                      "AKIA",
                                      "1 ",
                                      "1-",
                                      "12345678",
                                      "4111 ",
                                      "4-",
                                      "+1",
                                      "(1",
                                      "00 ",
                                      "DE89",
                                      "de89 ",
                                      "a1b2",
                                      "\x80@\x80"}) {
    std::string text;
    while (text.size() < size) text += part;
    fixture.scan(text);
  }
}

TEST(Catalogue, NamesAndSets) {
  EXPECT_EQ(Catalogue::find("email"), DetectorSet(DetectorId::Email));
  EXPECT_EQ(*Catalogue::find("@pii") | *Catalogue::find("@secrets"), DetectorSet::all());
  EXPECT_TRUE((*Catalogue::find("@pii") & *Catalogue::find("@secrets")).empty());
  EXPECT_FALSE(Catalogue::find("e-mail").has_value());
  EXPECT_FALSE(Catalogue::find("").has_value());
}

}  // namespace
}  // namespace sallyport::guard
