// The parts of a batch's values that the host looks at (atoms), and what became of them. A value is walked
// twice over the same bytes (walk.h): Collector lists its atoms as spans; once the host has looked at all of
// the batch, Builder finds the outcomes in the same order and writes the masked value. Session's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/type.h"

namespace sallyport::pg {

// The host's fields for the values of one column, by the kind of the atom.
using FieldSet = std::array<sp_field_id, kind_count>;
// Of a kind that the column's type should not have: the host withholds spans of a field that it never gave.
inline constexpr sp_field_id unnamed_field = UINT32_MAX;

// Memory for what was decoded: stays where it is until `clear`.
class Scratch {
 public:
  uint8_t* keep(std::string_view bytes);
  void clear();

 private:
  static constexpr size_t block_size = 64 << 10;
  struct Block {
    std::unique_ptr<uint8_t[]> bytes;
    size_t size = 0;
  };
  std::vector<Block> blocks_;
  size_t used_ = 0;  // of the last block
};

// The spans of a batch, and their outcomes once the host has looked.
struct Atoms {
  Bytes data;  // of the feed
  std::vector<sp_span> spans;
  std::vector<sp_masked> outcomes;
  Scratch scratch;

  void clear();
};

// What became of an atom.
struct Look {
  enum class Outcome : uint8_t { Same, Changed, Withheld } outcome = Outcome::Same;
  std::string_view bytes = {};  // Changed only
};

// Lists atoms. What it is told to write goes nowhere.
class Collector {
 public:
  // Whether the value stands in the feed's data, or is a copy of the caller's that is gone when it returns.
  enum class Where : uint8_t { Data, Copy };
  Collector(Atoms& atoms, const FieldSet& fields, Where where = Where::Data)
      : atoms_(atoms), fields_(fields), where_(where) {}

  // `bytes` are a whole value: what the host edits in the data may pass as it is.
  Look look_at(sp_kind kind, Bytes bytes);
  // `text` was decoded, or is a part of a value: the host must not edit it where it stands, since the value
  // is walked again.
  Look look_at_copy(sp_kind kind, std::string_view text);

  void put(std::string_view) {}
  void put_u32(uint32_t) {}

  struct Mark {};
  Mark mark() { return {}; }
  [[nodiscard]] bool changed_since(Mark) const { return false; }
  std::string take(Mark) { return {}; }
  [[nodiscard]] size_t offset() const { return 0; }
  [[nodiscard]] std::string_view written(size_t, size_t) const { return {}; }
  void set_u32(size_t, uint32_t) {}

 private:
  Look add(sp_kind kind, sp_span span);

  Atoms& atoms_;
  const FieldSet& fields_;
  Where where_;
};

// Writes a value anew, from the outcomes of its atoms: spans [span_begin, span_end).
class Builder {
 public:
  Builder(const Atoms& atoms, const FieldSet& fields, size_t span_begin, size_t span_end, std::string& out)
      : atoms_(atoms), fields_(fields), span_(span_begin), span_end_(span_end), out_(out) {}

  Look look_at(sp_kind kind, Bytes bytes) { return next(kind, bytes.size()); }
  Look look_at_copy(sp_kind kind, std::string_view text) { return next(kind, text.size()); }

  // It met the collector's atoms, all and no other. Else its value must not be used.
  [[nodiscard]] bool met_all() const { return met_ && span_ == span_end_; }

  void put(std::string_view bytes) { out_ += bytes; }
  void put_u32(uint32_t value);

  // What is written from a mark on, and whether anything of it was changed. take() cuts it off again.
  struct Mark {
    size_t size;
    uint32_t changes;
  };
  Mark mark() { return {out_.size(), changes_}; }
  [[nodiscard]] bool changed_since(Mark mark) const { return changes_ != mark.changes; }
  std::string take(Mark mark);
  [[nodiscard]] size_t offset() const { return out_.size(); }
  [[nodiscard]] std::string_view written(size_t begin, size_t end) const {
    return std::string_view(out_).substr(begin, end - begin);
  }
  void set_u32(size_t offset, uint32_t value);

 private:
  Look next(sp_kind kind, size_t size);

  const Atoms& atoms_;
  const FieldSet& fields_;
  size_t span_;
  size_t span_end_;
  std::string& out_;
  uint32_t changes_ = 0;
  bool met_ = true;
};

}  // namespace sallyport::pg
