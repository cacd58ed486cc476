// Texts and protocols' bytes that are no batch of values: requests, and what is recorded of them.
#include <algorithm>

#include "core/guard/confirm_text.h"
#include "core/guard/hits.h"
#include "core/guard/json.h"
#include "core/guard/masker.h"

namespace sallyport::guard {
namespace {

Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

bool is_text(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t' || byte == '\n' || byte == '\r';
}

bool may_be_json(std::string_view text) {
  const auto first = std::ranges::find_if_not(text, [](char c) { return is_space(static_cast<uint8_t>(c)); });
  return first != text.end() && (*first == '{' || *first == '[' || *first == '"') &&
         text.find('\\') != std::string_view::npos;
}

// Bytes of a length may stand before a text and look like a part of it: as many as can be printable.
constexpr uint32_t framing_size_max = 2;

}  // namespace

std::optional<DetectorSet> Masker::find(const Scanner& scanner, DetectorSet wanted,
                                        std::span<const std::string_view> texts, TokenKeys keys) {
  MaskPlan plan;
  plan.add(wanted, MaskAction::Redact);
  loose_.fields.clear();
  loose_bytes_.clear();
  for (const std::string_view text : texts) {
    if (text.empty()) continue;
    const MaskField field{.plan = &plan};
    (void)copy_loose(bytes_of(text), field, false);
    if (may_be_json(text)) (void)copy_loose(bytes_of(text), field, true);
    if (loose_bytes_.size() > batch_size_max) return std::nullopt;
  }
  if (!scanner.scan(loose_bytes_, loose_.fields, scratch_, loose_.scan) || !loose_.scan.crowded.empty())
    return std::nullopt;
  DetectorSet found;
  for (const Hit& hit : loose_.scan.hits) {
    const Field& field = loose_.fields[hit.field];
    const Bytes value = Bytes(loose_bytes_).subspan(field.offset, field.size);
    if (!tokenizer_.within_token(keys, value, hit.range)) found |= hit.detectors;
  }
  return found;
}

std::string Masker::mask_bytes(const Scanner& scanner, const MaskPlan& plan, std::string_view bytes,
                               TokenKeys keys) {
  if (std::ranges::all_of(bytes, is_text)) return mask_text(scanner, plan, bytes, keys);
  if (bytes.size() > batch_size_max / (framing_size_max + 1)) return "[withheld]";
  loose_.fields.clear();
  loose_bytes_.clear();
  std::string texts;             // those of `bytes`, a space after each
  std::vector<uint32_t> begins;  // by field of the scan: where in `texts` it begins
  for (size_t at = 0; at < bytes.size();) {
    const auto begin = std::find_if(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.end(), is_text);
    const auto end = std::find_if_not(begin, bytes.end(), is_text);
    at = static_cast<size_t>(end - bytes.begin());
    const std::string_view text(begin, end);
    const bool framed = begin != bytes.begin();
    for (uint32_t skipped = 0; skipped <= (framed ? framing_size_max : 0) && skipped < text.size();
         ++skipped) {
      begins.push_back(static_cast<uint32_t>(texts.size()) + skipped);
      (void)copy_loose(bytes_of(text.substr(skipped)), {.plan = &plan}, false);
    }
    if (!text.empty()) texts.append(text).push_back(' ');
  }
  if (!texts.empty()) texts.pop_back();
  if (!scanner.scan(loose_bytes_, loose_.fields, scratch_, loose_.scan) || !loose_.scan.crowded.empty())
    return "[withheld]";
  for (Hit& hit : loose_.scan.hits) {
    hit.range = {hit.range.begin + begins[hit.field], hit.range.end + begins[hit.field]};
    hit.field = 0;
  }
  settle(loose_.scan);
  if (!loose_.scan.crowded.empty()) return "[withheld]";
  keys_ = keys;
  scanner_ = &scanner;
  const Bytes value = bytes_of(texts);
  std::erase_if(loose_.scan.hits,
                [&](const Hit& hit) { return tokenizer_.within_token(keys, value, hit.range); });
  if (loose_.scan.hits.empty()) return texts;
  arena_.clear();
  const std::span<uint8_t> edited(reinterpret_cast<uint8_t*>(texts.data()), texts.size());
  const bool in_place = mask_hits(edited, {.plan = &plan}, loose_.scan.hits) == MaskOutcome::InPlace;
  return in_place ? texts : std::string(arena_.begin(), arena_.end());
}

}  // namespace sallyport::guard
