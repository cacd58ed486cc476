// What the catalogue leg answers.
#include <algorithm>
#include <charconv>

#include "plugins/postgresql/rows/catalogue.h"

namespace sallyport::pg {

namespace {

template <typename T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// As the catalogue describes it. Base types of others than the extensions named here are obscure.
Type type_of(std::string_view kind, std::string_view name, uint32_t element) {
  if (kind == "e") return {.form = Form::Enum};
  if (kind == "d") return {.form = Form::Domain, .element = element};
  if (kind == "c") return {.form = Form::Record};
  if (kind == "r") return {.form = Form::Range, .element = element};
  if (kind == "m") return {.form = Form::Multirange, .element = element};
  if (kind == "b" && element != 0) return {.form = Form::Array, .element = element};
  if (kind == "b" && name == "citext") return {.form = Form::Text};
  if (kind == "b" && name == "hstore") return {.form = Form::Hstore};
  return {.form = Form::Obscure};
}

// The values of a row of texts. False: malformed, or a NULL.
bool read_values(Bytes row, std::span<std::string_view> values) {
  Cursor cursor(row);
  if (cursor.u16() != values.size()) return false;
  for (std::string_view& value : values) {
    const int32_t size = cursor.i32();
    if (!cursor.ok() || size < 0) return false;
    value = as_text(cursor.bytes(static_cast<size_t>(size)));
  }
  return cursor.at_end();
}

}  // namespace

bool Catalogue::read(std::span<const uint8_t> bytes) {
  MessageReader reader(bytes, login_size_max);
  for (;;) {
    Message message;
    const Frame frame = reader.next(message);
    if (frame == Frame::need_more) return true;
    if (frame == Frame::bad || !read_message(message)) return false;
    if (link_.host->drop(link_.session, catalogue_leg, message.whole.size()) < 0) return false;
  }
}

bool Catalogue::read_message(const Message& message) {
  const bool asking = at_ == At::Asking;
  switch (message.type) {
    case back::data_row:
      if (!asking) return false;
      if (asked_sources_.text.empty())
        return answers_ == 0 ? read_column(message.body) : read_type(message.body);
      return answers_ == 0 ? read_source(message.body) : read_users_own(message.body);
    case back::error: answer_failed_ = true; return true;
    case back::ready:
      if (!asking || as_text(message.body) != "I") return false;
      settle();
      return true;
    case back::row_description: return asking && answers_ < 2;
    case back::command_complete: ++answers_; return asking;
    case back::notice:
    case back::notification:
    case back::parameter_status: return true;
    default: return false;
  }
}

bool Catalogue::read_column(Bytes row) {
  std::string_view values[7];
  uint32_t oid = 0;
  int16_t number = 0;
  if (!read_values(row, values) || !read_number(values[0], oid) || !read_number(values[1], number))
    return false;
  for (const std::string_view flag : {values[5], values[6]}) {
    if (flag != "t" && flag != "f") return false;
  }
  if (std::ranges::find(asked_, oid) == asked_.end()) return false;
  if (++answer_column_count_ > catalogue_column_count_max) return false;
  std::string path = std::string(values[2]) + "." + std::string(values[3]) + "." + std::string(values[4]);
  if (path.size() > catalogue_path_size_max) return false;
  Table& table = answer_[oid];
  table.derived = table.derived || values[5] == "t";
  table.columns.push_back({.number = number, .path = std::move(path), .generated = values[6] == "t"});
  return true;
}

bool Catalogue::read_type(Bytes row) {
  std::string_view values[5];
  uint32_t oid = 0, element = 0;
  if (!read_values(row, values) || !read_number(values[0], oid) || !read_number(values[3], element))
    return false;
  if (std::ranges::find(asked_types_, oid) == asked_types_.end()) return false;
  std::vector<uint32_t> columns;
  for (std::string_view list = values[4]; !list.empty();) {
    const size_t comma = std::min(list.find(','), list.size());
    if (columns.size() >= column_count_max || !read_number(list.substr(0, comma), columns.emplace_back())) {
      return false;
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  types_->add(oid, type_of(values[1], values[2], element), columns);
  return true;
}

bool Catalogue::read_source(Bytes row) {
  std::string_view values[4];
  uint32_t number = 0, oid = 0;
  if (!read_values(row, values) || !read_number(values[0], number) || !read_number(values[1], oid) ||
      number >= found_.named.size() ||
      (values[2] != "t" && values[2] != "p" && values[2] != "v" && values[2] != "f")) {
    return false;
  }
  found_.named[number] = true;
  found_.proven = found_.proven && values[2] != "f" && vouched(values[3]);
  found_.sources.views = found_.sources.views || values[2] == "v";
  found_.sources.policies = found_.sources.policies || values[2] == "p";
  std::vector<uint32_t>& oids = found_.sources.oids;
  if (std::ranges::find(oids, oid) == oids.end()) oids.push_back(oid);
  return oids.size() <= source_count_max + 1;
}

bool Catalogue::read_users_own(Bytes row) {
  std::string_view values[1];
  if (!read_values(row, values) || (values[0] != "t" && values[0] != "f")) return false;
  found_.proven = found_.proven && values[0] == "f";
  return true;
}

// A name that nothing was found for may be of the open transaction.
void Catalogue::keep_sources() {
  found_.proven = found_.proven && !answer_failed_ && answers_ == 2 &&
                  found_.sources.oids.size() <= source_count_max &&
                  std::ranges::find(found_.named, false) == found_.named.end();
  sources_[asked_sources_.text] = std::move(found_);
  asked_sources_ = {};
}

void Catalogue::settle() {
  if (stale_) return ask();
  at_ = At::Open;
  answer_within(0);
  if (!asked_sources_.text.empty()) return keep_sources();
  keep_answer();
  // What the types are made of may be types of users too.
  const std::vector<uint32_t> whole = std::move(asked_types_);
  want({}, whole);
  if (!asked_types_.empty()) ask();
}

void Catalogue::keep_answer() {
  if (answer_failed_) answer_.clear();
  for (const uint32_t oid : asked_) {
    const auto found = answer_.find(oid);
    if (found == answer_.end()) {
      missing_.push_back(oid);
    } else {
      column_count_ += found->second.columns.size();
      tables_[oid] = std::move(found->second);
    }
  }
  std::ranges::copy_if(asked_types_, std::back_inserter(missing_types_),
                       [this](uint32_t oid) { return types_->unknown(oid); });
  answer_.clear();
}

}  // namespace sallyport::pg
