// The facts in a record's header, read through the generated accessors. Readers only; the core writes through
// Recorder.
#pragma once

#include "record_generated.h"
#include "ringlog/record.h"

namespace sallyport::ringlog {

// Null where the header is no well-formed FlatBuffer of the record's kind. Lives as long as the record's
// bytes.
[[nodiscard]] inline const fbs::Header* facts_of(const RecordView& record) {
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(record.header.data()),
                                 record.header.size());
  if (!fbs::VerifyHeaderBuffer(verifier)) return nullptr;
  const auto* header = fbs::GetHeader(record.header.data());
  if (static_cast<uint8_t>(header->facts_type()) != static_cast<uint8_t>(record.kind)) return nullptr;
  return header->facts() == nullptr ? nullptr : header;
}

// A string that was left out is empty.
[[nodiscard]] inline std::string_view text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

}  // namespace sallyport::ringlog
