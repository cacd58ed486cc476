// Any bytes as a JSON value: read as an independent parser reads it, valid whatever a mask does to it, its
// parts as many and what is clean as it was; what cannot be decoded is not shown. A hit that stands alone is
// none any more, however it is spelt.
#include <nlohmann/json.hpp>

#include "core/guard/json.h"
#include "core/guard/masker.h"
#include "tests/fuzz/fuzz.h"

using namespace sallyport;
using namespace sallyport::guard;

namespace {

constexpr MaskAction actions[] = {MaskAction::KeepShape, MaskAction::Partial, MaskAction::Redact};

Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

struct Engine {
  std::shared_ptr<const Scanner> scanner;
  Masker masker;
  ScanScratch scratch;
  ScanResult result;

  Engine() {
    auto compiled = Scanner::compile(DetectorSet::all());
    FUZZ_REQUIRE(compiled.has_value());
    scanner = *compiled;
    FUZZ_REQUIRE(masker.prepare(*scanner).has_value() && scratch.prepare(*scanner).has_value());
  }
  const std::vector<Hit>& hits(std::string_view value) {
    const Field field{0, static_cast<uint32_t>(value.size())};
    const fuzz::Exact exact(value);
    FUZZ_REQUIRE(scanner->scan(exact.span(), {&field, 1}, scratch, result));
    return result.hits;
  }
  // Nothing: withheld. In the buffer and beside it the same comes out.
  std::optional<std::string> mask(std::string_view value, const MaskPlan& plan) {
    std::optional<std::string> both[2];
    for (const bool beside : {false, true}) {
      fuzz::Exact copy(value);
      const MaskField field{.size = static_cast<uint32_t>(value.size()),
                            .kind = ValueKind::Json,
                            .plan = &plan,
                            .bytes = beside ? copy.span().data() : nullptr};
      const MaskResult one =
          masker.mask(*scanner, beside ? std::span<uint8_t>() : copy.span(), {&field, 1})[0];
      FUZZ_REQUIRE(one.outcome == MaskOutcome::InPlace || copy.text() == value);
      if (one.outcome == MaskOutcome::Withhold) continue;
      both[beside] = one.outcome == MaskOutcome::Replaced ? std::string(one.bytes.begin(), one.bytes.end())
                                                          : std::string(copy.text());
    }
    FUZZ_REQUIRE(both[0] == both[1]);
    return both[0];
  }
};

// RFC 3629 section 4, but for surrogates and overlong forms of three bytes and more.
bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<uint8_t>(text[i]);
    const size_t size = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (size == 0 || i + size > text.size()) return false;
    for (size_t k = 1; k < size; ++k) {
      if ((static_cast<uint8_t>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    i += size;
  }
  return true;
}

size_t part_count(std::string_view text) {
  JsonReader reader(bytes_of(text));
  size_t count = 0;
  while (reader.next()) ++count;
  return count;
}

std::string spelt(std::string_view text, unsigned seed) {
  std::vector<uint8_t> out;
  for (const char c : text) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned char>(c));
    seed = seed * 1103515245 + 12345;
    if ((seed >> 16 & 3) == 0 && static_cast<unsigned char>(c) < 0x80) {
      out.insert(out.end(), escape, escape + 6);
    } else {
      escape_json(bytes_of({&c, 1}), out);
    }
  }
  return {out.begin(), out.end()};
}

void check_hits(Engine& engine, std::string_view decoded, MaskAction action) {
  MaskPlan plan;
  plan.add(DetectorSet::all(), action);
  std::vector<std::string> found;
  for (const Hit& hit : engine.hits(decoded))
    found.emplace_back(decoded.substr(hit.range.begin, hit.range.size()));
  for (const std::string& text : found) {
    const auto& alone = engine.hits(text);
    if (alone.size() != 1 || alone[0].range.size() != text.size() || text.find('"') != text.npos) continue;
    const auto masked = engine.mask("\"" + spelt(text, static_cast<unsigned>(text.size())) + "\"", plan);
    FUZZ_REQUIRE(masked && valid_json(bytes_of(*masked)));
    std::vector<uint8_t> now;
    FUZZ_REQUIRE(decode_json(bytes_of(*masked), now));
    FUZZ_REQUIRE(engine.hits({reinterpret_cast<const char*>(now.data()), now.size()}).empty());
  }
}

// What the two parsers define alike.
void check_grammar(std::string_view text, bool ours) {
  if (text.find('\0') != text.npos || text.starts_with("\xef\xbb\xbf")) return;
  const bool theirs = nlohmann::json::accept(text);
  if (theirs && text.size() <= json_depth_max) FUZZ_REQUIRE(ours);
  const bool plain = std::ranges::all_of(text, [](char c) { return c > 0; }) &&
                     text.find("\\u") == text.npos && text.find_first_of("eE") == text.npos;
  if (ours && plain && text.size() < 300) FUZZ_REQUIRE(theirs);
  if (!ours || !theirs || !text.starts_with('"') || !text.ends_with('"')) return;
  std::vector<uint8_t> decoded;
  decode_json_string(bytes_of(text.substr(1, text.size() - 2)), decoded);
  FUZZ_REQUIRE(nlohmann::json::parse(text).get<std::string>() == std::string(decoded.begin(), decoded.end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Engine engine;
  fuzz::Source source(data, size);
  const uint8_t bits = source.u8();
  const std::string text = source.rest();
  if (text.empty()) return 0;
  const MaskAction action = actions[bits % 3];
  MaskPlan content, whole;
  content.add(DetectorSet::all(), action);
  whole.add_whole(action);
  const bool ours = valid_json(bytes_of(text));
  check_grammar(text, ours);

  std::vector<uint8_t> decoded;
  FUZZ_REQUIRE(decode_json(bytes_of(text), decoded) == ours);
  FUZZ_REQUIRE(decoded.size() <= text.size());
  const auto masked = engine.mask(text, content);
  const auto all = engine.mask(text, whole);
  if (action == MaskAction::Redact) FUZZ_REQUIRE(all == "\"[masked]\"");
  if (!ours) {
    if (text.find('\\') != text.npos) FUZZ_REQUIRE(!masked);
    FUZZ_REQUIRE(!masked || *masked == text);
    FUZZ_REQUIRE(action == MaskAction::Redact || !all);
    return 0;
  }
  const bool plain = text.find('\\') == text.npos;
  const std::string said =
      plain ? text : std::string(reinterpret_cast<const char*>(decoded.data()), decoded.size());
  FUZZ_REQUIRE(masked && all);  // so short a text is never crowded
  FUZZ_REQUIRE(valid_json(bytes_of(*masked)) && valid_json(bytes_of(*all)));
  FUZZ_REQUIRE(part_count(*masked) == part_count(text));
  if (action != MaskAction::Redact) FUZZ_REQUIRE(part_count(*all) == part_count(text));
  if (engine.hits(said).empty()) FUZZ_REQUIRE(*masked == text);
  FUZZ_REQUIRE(is_utf8(*masked) || !is_utf8(text));
  check_hits(engine, said, action);
  return 0;
}
