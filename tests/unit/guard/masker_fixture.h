// A Masker with all built-in detectors and one token key.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/guard/masker.h"

namespace sallyport::guard {

struct MaskerFixture {
  std::shared_ptr<const Scanner> scanner;
  Masker masker;
  ScanScratch scratch;
  ScanResult result;
  TokenKeyBlock block = token_key_block("a secret of the test");
  TokenKey key{"k1", block};

  MaskerFixture() {
    auto compiled = Scanner::compile(DetectorSet::all());
    EXPECT_TRUE(compiled.has_value());
    scanner = *compiled;
    EXPECT_TRUE(masker.prepare(*scanner).has_value());
    EXPECT_TRUE(scratch.prepare(*scanner).has_value());
  }

  std::span<const MaskResult> mask(std::string& buffer, std::span<const MaskField> fields) {
    return masker.mask(*scanner, {reinterpret_cast<uint8_t*>(buffer.data()), buffer.size()}, fields,
                       {&key, 1});
  }
  // One value by itself, as the client would see it.
  std::string mask(std::string value, const MaskPlan& plan, ValueKind kind = ValueKind::Text) {
    const MaskField field{.size = static_cast<uint32_t>(value.size()), .kind = kind, .plan = &plan};
    const MaskResult masked = mask(value, {&field, 1})[0];
    if (masked.outcome == MaskOutcome::Withhold) return "(withheld)";
    if (masked.outcome == MaskOutcome::Replaced) return {masked.bytes.begin(), masked.bytes.end()};
    return value;
  }
  // Hits that are no tokens of ours.
  DetectorSet found(const std::string& value) {
    const Field field{0, static_cast<uint32_t>(value.size())};
    EXPECT_TRUE(scanner->scan({reinterpret_cast<const uint8_t*>(value.data()), value.size()}, {&field, 1},
                              scratch, result));
    DetectorSet detectors;
    Tokenizer tokenizer;
    for (const Hit& hit : result.hits) {
      const Bytes bytes(reinterpret_cast<const uint8_t*>(value.data()), value.size());
      if (!tokenizer.within_token({&key, 1}, bytes, hit.range)) detectors |= hit.detectors;
    }
    return detectors;
  }
};

inline MaskPlan plan_of(MaskAction action, DetectorSet detectors = DetectorSet::all()) {
  MaskPlan plan;
  plan.add(detectors, action);
  return plan;
}

}  // namespace sallyport::guard
