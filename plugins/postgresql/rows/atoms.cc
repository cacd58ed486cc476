#include "plugins/postgresql/rows/atoms.h"

#include <algorithm>
#include <cstring>

namespace sallyport::pg {

uint8_t* Scratch::keep(std::string_view bytes) {
  if (blocks_.empty() || blocks_.back().size - used_ < bytes.size()) {
    const size_t size = std::max(block_size, bytes.size());
    blocks_.push_back({std::make_unique_for_overwrite<uint8_t[]>(size), size});
    used_ = 0;
  }
  uint8_t* kept = blocks_.back().bytes.get() + used_;
  if (!bytes.empty()) std::memcpy(kept, bytes.data(), bytes.size());
  used_ += bytes.size();
  return kept;
}

// One block stays: most batches need no more.
void Scratch::clear() {
  used_ = 0;
  if (blocks_.empty()) return;
  if (blocks_.front().size != block_size) {
    blocks_.clear();
  } else {
    blocks_.resize(1);
  }
}

void Atoms::clear() {
  data = {};
  spans.clear();
  outcomes.clear();
  scratch.clear();
}

// An empty value holds nothing, and what no mask can hit need not be looked at. Builder::next() knows both.
Look Collector::add(sp_kind kind, sp_span span) {
  span.field = fields_[kind];
  if (span.field != SP_FIELD_CLEAR && span.size > 0) atoms_.spans.push_back(span);
  return {};
}

Look Collector::look_at(sp_kind kind, Bytes bytes) {
  if (where_ == Where::Copy) return look_at_copy(kind, as_text(bytes));
  sp_span span{};
  span.offset = static_cast<size_t>(bytes.data() - atoms_.data.data());
  span.size = bytes.size();
  return add(kind, span);
}

Look Collector::look_at_copy(sp_kind kind, std::string_view text) {
  sp_span span{};
  span.size = text.size();
  if (fields_[kind] != SP_FIELD_CLEAR && !text.empty()) span.bytes = atoms_.scratch.keep(text);
  return add(kind, span);
}

Look Builder::next(sp_kind kind, size_t size) {
  if (fields_[kind] == SP_FIELD_CLEAR || size == 0) return {};
  met_ = met_ && span_ < span_end_ && atoms_.spans[span_].size == size &&
         atoms_.spans[span_].field == fields_[kind];
  if (!met_) {
    ++changes_;
    return {Look::Outcome::Withheld, {}};
  }
  const sp_span& span = atoms_.spans[span_];
  const sp_masked& masked = atoms_.outcomes[span_++];
  switch (masked.outcome) {
    case SP_MASK_UNCHANGED: return {};
    case SP_MASK_EDITED: {
      ++changes_;
      const Bytes bytes =
          span.bytes != nullptr ? Bytes(span.bytes, span.size) : atoms_.data.subspan(span.offset, span.size);
      return {Look::Outcome::Changed, as_text(bytes)};
    }
    case SP_MASK_REPLACED:
      ++changes_;
      return {Look::Outcome::Changed, as_text({masked.replacement.data, masked.replacement.size})};
    case SP_MASK_WITHHELD: break;
  }
  ++changes_;
  return {Look::Outcome::Withheld, {}};
}

void Builder::put_u32(uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out_ += static_cast<char>(value >> shift);
}

void Builder::set_u32(size_t offset, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) out_[offset + i] = static_cast<char>(value >> (24 - 8 * i));
}

std::string Builder::take(Mark mark) {
  std::string taken = out_.substr(mark.size);
  out_.resize(mark.size);
  return taken;
}

}  // namespace sallyport::pg
