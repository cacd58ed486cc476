// What the simulated clients say and what the simulated targets answer. Every statement carries a tag in a
// comment, which names who sent it and what is to become of it; a target's answer is a function of the tag,
// so that both ends and the record can be compared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/messages.h"

namespace sallyport::sim {

enum class Kind : uint8_t {
  read,      // rows without anything to hide
  people,    // rows with planted addresses
  write,     // its text holds a planted address
  error,     // the target refuses, quoting a planted address
  slow,      // the target takes its time
  flood,     // a result of several MiB
  copy_out,  // rows with planted addresses, in text or csv
  copy_in,   // of such rows
  begin,
  commit,
  rollback,
  approve,   // waits for a person
  denied,    // by a rule
  unlisted,  // by the target's default
  unparsed,  // what no grammar reads
};
inline constexpr size_t kind_count = static_cast<size_t>(Kind::unparsed) + 1;

[[nodiscard]] constexpr bool never_runs(Kind kind) { return kind >= Kind::denied; }
[[nodiscard]] constexpr bool may_be_refused(Kind kind) { return kind >= Kind::approve; }

struct Tag {
  uint32_t client = 0;
  uint32_t segment = 0;  // what one ReadyForQuery ends
  uint32_t index = 0;
  Kind kind = Kind::read;
  friend auto operator<=>(const Tag&, const Tag&) = default;

  [[nodiscard]] std::string text() const;
};

// The first tag in `text`.
[[nodiscard]] std::optional<Tag> find_tag(std::string_view text);
[[nodiscard]] std::string statement_of(const Tag& tag);

// No byte sequence of the simulation but a planted value holds this.
inline constexpr std::string_view planted_mark = "zqleak";
[[nodiscard]] std::string planted_value(const Tag& tag, uint32_t number);

// A target's answer to a statement that runs, without what ends it (ReadyForQuery).
[[nodiscard]] std::string description_of(Kind kind);
[[nodiscard]] std::vector<std::string> rows_of(const Tag& tag);
[[nodiscard]] std::string completion_of(const Tag& tag);

[[nodiscard]] constexpr bool has_rows(Kind kind) {
  return kind == Kind::read || kind == Kind::people || kind == Kind::slow || kind == Kind::flood;
}

// ---- Messages as bytes.
[[nodiscard]] std::string message(uint8_t type, std::string_view body);
// An ErrorResponse or NoticeResponse as the server's own code makes them, with where it did.
[[nodiscard]] std::string report_message(uint8_t kind, std::string_view severity, std::string_view code,
                                         std::string_view text);
[[nodiscard]] std::string error_message(std::string_view code, std::string_view text,
                                        std::string_view severity = "ERROR");
[[nodiscard]] std::string ready_message(char status);
// Whole messages at the beginning of `bytes`; `used` is where the last one ends. Views into `bytes`.
[[nodiscard]] std::vector<std::string_view> split_messages(std::string_view bytes, size_t& used);
[[nodiscard]] std::string_view body_of(std::string_view message);
[[nodiscard]] std::string_view report_text(std::string_view message, char field);

}  // namespace sallyport::sim
