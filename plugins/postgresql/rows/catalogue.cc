#include "plugins/postgresql/rows/catalogue.h"

#include <algorithm>
#include <charconv>

#include "plugins/postgresql/rows/catalogue_question.h"

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

// What of these must be asked.
void Catalogue::want(std::span<const uint32_t> table_oids, std::span<const uint32_t> type_oids) {
  asked_.clear();
  asked_types_.clear();
  for (const uint32_t oid : table_oids) {
    const bool known = tables_.contains(oid) || std::ranges::find(missing_, oid) != missing_.end();
    if (!known && std::ranges::find(asked_, oid) == asked_.end()) asked_.push_back(oid);
  }
  for (const uint32_t oid : type_oids) types_->add_unknown(oid, asked_types_);
  std::erase_if(asked_types_, [this](uint32_t oid) {
    return std::ranges::find(missing_types_, oid) != missing_types_.end();
  });
}

Catalogue::Answer Catalogue::resolve(std::span<const uint32_t> table_oids,
                                     std::span<const uint32_t> type_oids) {
  if (waiting()) return Answer::Waiting;
  if (at_ == At::Dead) return Answer::Known;
  want(table_oids, type_oids);
  missing_.clear();
  missing_types_.clear();
  if (asked_.empty() && asked_types_.empty()) return Answer::Known;
  if (column_count_ > catalogue_column_count_max) {
    tables_.clear();
    column_count_ = 0;
    want(table_oids, type_oids);
  }
  if (at_ == At::Open) {
    ask();
  } else {
    at_ = At::LoggingIn;
    login_ = std::make_unique<TargetLogin>(link_, catalogue_leg);
    if (login_->start(request_) == TargetStep::Failed) {
      die(false);
    } else {
      answer_within(catalogue_answer_ms);
    }
  }
  return waiting() ? Answer::Waiting : Answer::Known;
}

const Catalogue::Column* Catalogue::find(uint32_t table_oid, int16_t attribute_number) const {
  const auto table = tables_.find(table_oid);
  if (table == tables_.end()) return nullptr;
  const auto& columns = table->second.columns;
  const auto column = std::ranges::find(columns, attribute_number, &Column::number);
  return column != columns.end() ? &*column : nullptr;
}

std::string_view Catalogue::path(uint32_t table_oid, int16_t attribute_number) const {
  const Column* column = find(table_oid, attribute_number);
  return column != nullptr ? std::string_view(column->path) : std::string_view();
}

bool Catalogue::generated(uint32_t table_oid, int16_t attribute_number) const {
  const Column* column = find(table_oid, attribute_number);
  return column != nullptr && column->generated;
}

bool Catalogue::derived(uint32_t table_oid) const {
  const auto table = tables_.find(table_oid);
  return table != tables_.end() && table->second.derived;
}

void Catalogue::invalidate() {
  tables_.clear();
  types_ = std::make_shared<Types>();
  missing_.clear();
  missing_types_.clear();
  column_count_ = 0;
  stale_ = waiting();
}

bool Catalogue::feed(const sp_input& input) {
  const bool ours = input.leg == catalogue_leg;
  if (at_ == At::Idle || at_ == At::Dead || (!ours && (input.events & SP_EVENT_ANSWER) == 0)) return false;
  const bool waited = waiting();
  std::span<const uint8_t> bytes(input.data, ours ? input.data_size : 0);
  if (at_ == At::LoggingIn) {
    const auto [step, used] = login_->feed(input);
    bytes = bytes.subspan(std::min(used, bytes.size()));
    if (step == TargetStep::Failed) die(false);
    if (step == TargetStep::Ready) {
      login_.reset();
      at_ = At::Open;
      ask();
    } else {
      bytes = {};
    }
  }
  if ((at_ == At::Open || at_ == At::Asking) && !read(bytes)) die(true);
  if (ours && (input.events & (SP_EVENT_END | SP_EVENT_FAILED)) != 0 && at_ != At::Dead) die(false);
  return waited && !waiting();
}

void Catalogue::ask() {
  answer_.clear();
  answer_column_count_ = 0;
  answer_failed_ = false;
  stale_ = false;
  answers_ = 0;
  at_ = At::Asking;
  Writer out;
  out.begin(front::query).text(columns_question(asked_) + "; " + types_question(asked_types_)).end();
  if (link_.host->emit(link_.session, catalogue_leg, out.view().data(), out.view().size()) < 0)
    return die(false);
  answer_within(catalogue_answer_ms);
}

void Catalogue::answer_within(uint32_t delay_ms) {
  (void)link_.host->answer_within(link_.session, catalogue_leg, delay_ms);
}

// What is known stays known; what would have to be asked has no origin.
void Catalogue::die(bool leg_open) {
  at_ = At::Dead;
  login_.reset();
  answer_.clear();
  missing_.clear();
  missing_types_.clear();
  if (leg_open) (void)link_.host->finish(link_.session, catalogue_leg, text_of("catalogue look-up failed"));
}

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
      return asking && (answers_ == 0 ? read_column(message.body) : read_type(message.body));
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

void Catalogue::settle() {
  if (stale_) return ask();
  at_ = At::Open;
  answer_within(0);
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
