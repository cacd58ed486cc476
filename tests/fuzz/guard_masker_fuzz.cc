// Any bytes as values of a batch: bytes outside them stay, lengths stay where promised, UTF-8 stays valid,
// what becomes of a value does not depend on its neighbours, and a masked hit is none any more.
#include "core/guard/masker.h"
#include "plugins/postgresql/login/startup.h"
#include "tests/fuzz/fuzz.h"

using namespace sallyport;
using namespace sallyport::guard;

namespace {

constexpr MaskAction actions[] = {MaskAction::KeepShape, MaskAction::Partial, MaskAction::Token,
                                  MaskAction::Redact};

struct Engine {
  std::shared_ptr<const Scanner> scanner;
  Masker masker;
  ScanScratch scratch;
  ScanResult result;
  TokenKeyBlock block = token_key_block("a secret of the test");
  TokenKey key{"k1", block};
  Tokenizer tokenizer;

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
    uint32_t end = 0;
    for (const Hit& hit : result.hits) {
      FUZZ_REQUIRE(hit.field == 0 && hit.range.begin >= end && hit.range.begin < hit.range.end);
      FUZZ_REQUIRE(hit.range.end <= value.size() && hit.detectors.has(hit.detector));
      end = hit.range.end;
    }
    std::erase_if(result.hits, [&](const Hit& hit) {
      return tokenizer.within_token({&key, 1}, exact.span(), hit.range);
    });
    return result.hits;
  }
  std::string mask(std::string_view value, const MaskPlan& plan, ValueKind kind) {
    const MaskField field{.size = static_cast<uint32_t>(value.size()), .kind = kind, .plan = &plan};
    fuzz::Exact buffer(value);
    const MaskResult one = masker.mask(*scanner, buffer.span(), {&field, 1}, {&key, 1})[0];
    if (one.outcome == MaskOutcome::Withhold) return "(withheld)";
    if (one.outcome == MaskOutcome::Replaced) return {one.bytes.begin(), one.bytes.end()};
    return std::string(buffer.text());
  }
};

// A hit that stands alone and is masked is no hit.
void check_hits(Engine& engine, const std::string& value, MaskAction action) {
  std::vector<std::string> found;
  for (const Hit& hit : engine.hits(value)) found.push_back(value.substr(hit.range.begin, hit.range.size()));
  MaskPlan plan;
  plan.add(DetectorSet::all(), action);
  for (const std::string& text : found) {
    const auto& alone = engine.hits(text);
    if (alone.size() != 1 || alone[0].range.size() != text.size()) continue;
    const std::string masked = engine.mask(text, plan, ValueKind::Text);
    FUZZ_REQUIRE(masked != text || engine.hits(text).empty());
    FUZZ_REQUIRE(engine.hits(masked).empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Engine engine;
  fuzz::Source source(data, size);
  std::array<MaskPlan, 3> plans;
  for (MaskPlan& plan : plans) {
    const uint8_t bits = source.u8();
    plan.add(DetectorSet::all(), actions[bits & 3]);
    plan.add(static_cast<DetectorId>(source.u8() % detector_count), actions[bits >> 2 & 3]);
    if ((bits & 0x30) == 0x30) plan.add_whole(actions[bits >> 6 & 3]);
  }
  std::string buffer;
  std::vector<MaskField> fields;
  while (!source.empty() && fields.size() < 16) {
    const uint8_t bits = source.u8();
    buffer += source.text(bits & 3);
    const std::string value = source.text();
    fields.push_back({.offset = static_cast<uint32_t>(buffer.size()),
                      .size = static_cast<uint32_t>(value.size()),
                      .kind = static_cast<ValueKind>((bits >> 2) % 5),
                      .plan = (bits >> 5) < 6 ? &plans[bits >> 5 & 1 ? 1 : bits >> 6 & 2] : nullptr});
    buffer += value;
  }
  fuzz::Exact edited(buffer);
  const auto results = engine.masker.mask(*engine.scanner, edited.span(), fields, {&engine.key, 1});
  FUZZ_REQUIRE(results.size() == fields.size());
  std::vector<std::string> after;
  size_t end = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto& [offset, length, kind, plan, bytes] = fields[i];
    FUZZ_REQUIRE(bytes == nullptr);
    const std::string old = buffer.substr(offset, length);
    FUZZ_REQUIRE(edited.text().substr(end, offset - end) ==
                 std::string_view(buffer).substr(end, offset - end));
    end = offset + length;
    const std::string now(edited.text().substr(offset, length));
    const MaskOutcome outcome = results[i].outcome;
    FUZZ_REQUIRE(outcome == MaskOutcome::InPlace || now == old);
    FUZZ_REQUIRE(plan != nullptr || outcome == MaskOutcome::Untouched);
    after.push_back(outcome == MaskOutcome::Withhold ? "(withheld)"
                    : outcome == MaskOutcome::Replaced
                        ? std::string(results[i].bytes.begin(), results[i].bytes.end())
                        : now);
    FUZZ_REQUIRE(pg::valid_utf8(after.back()) || !pg::valid_utf8(old));
    if (kind == ValueKind::Opaque && plan != nullptr && !old.empty())
      FUZZ_REQUIRE(outcome == MaskOutcome::Withhold || plan->empty());
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].plan == nullptr) continue;
    const std::string old = buffer.substr(fields[i].offset, fields[i].size);
    FUZZ_REQUIRE(engine.mask(old, *fields[i].plan, fields[i].kind) == after[i]);
    check_hits(engine, old, actions[i % 4]);
  }
  return 0;
}
