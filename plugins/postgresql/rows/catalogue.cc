#include "plugins/postgresql/rows/catalogue.h"

#include <algorithm>
#include <charconv>

namespace sallyport::pg {

namespace {

template <typename T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Every name and operator is qualified, so that no search path can put another in its place. Text results:
// oid, attnum, schema, table, column, and whether the relation shows what belongs to others: views, overflow
// (TOAST) tables, tables that inherit or that others inherit from. (A partition goes by its root's name
// instead.)
std::string question(std::span<const uint32_t> oids) {
  std::string list;
  for (const uint32_t oid : oids) list += (list.empty() ? "" : ",") + std::to_string(oid);
  return "SELECT c.oid, a.attnum, n.nspname, r.relname, a.attname, "
         "c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['v','m','t']::pg_catalog.\"char\"[]) "
         // pg_statistic, pg_largeobject, pg_statistic_ext_data hold what belongs to others too.
         "OR c.oid OPERATOR(pg_catalog.=) ANY (ARRAY[2619,2613,3429]::pg_catalog.oid[]) "
         "OR c.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog.\"char\" AND NOT c.relispartition AND EXISTS "
         "(SELECT FROM pg_catalog.pg_inherits i WHERE c.oid OPERATOR(pg_catalog.=) ANY "
         "(ARRAY[i.inhrelid, i.inhparent]::pg_catalog.oid[])) "
         "FROM pg_catalog.pg_class c "
         "JOIN pg_catalog.pg_class r ON r.oid OPERATOR(pg_catalog.=) CASE WHEN c.relispartition "
         "THEN pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid ELSE c.oid END "
         "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace "
         "JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid "
         "WHERE c.oid OPERATOR(pg_catalog.=) ANY (ARRAY[" +
         list + "]::pg_catalog.oid[]) AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped";
}

}  // namespace

Catalogue::Answer Catalogue::resolve(std::span<const uint32_t> table_oids) {
  if (waiting()) return Answer::Waiting;
  if (at_ == At::Dead) return Answer::Known;
  std::vector<uint32_t> wanted;
  for (const uint32_t oid : table_oids) {
    if (!tables_.contains(oid) && std::ranges::find(missing_, oid) == missing_.end()) wanted.push_back(oid);
  }
  missing_.clear();
  if (wanted.empty()) return Answer::Known;
  if (column_count_ > catalogue_column_count_max) {
    tables_.clear();
    column_count_ = 0;
    wanted.assign(table_oids.begin(), table_oids.end());
  }
  asked_ = std::move(wanted);
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

std::string_view Catalogue::path(uint32_t table_oid, int16_t attribute_number) const {
  const auto table = tables_.find(table_oid);
  if (table == tables_.end()) return {};
  const auto& columns = table->second.columns;
  const auto column = std::ranges::find(columns, attribute_number, &Table::Column::first);
  return column == columns.end() ? std::string_view() : std::string_view(column->second);
}

bool Catalogue::derived(uint32_t table_oid) const {
  const auto table = tables_.find(table_oid);
  return table != tables_.end() && table->second.derived;
}

void Catalogue::invalidate() {
  tables_.clear();
  missing_.clear();
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
  at_ = At::Asking;
  Writer out;
  out.begin(front::query).text(question(asked_)).end();
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
  if (leg_open) (void)link_.host->finish(link_.session, catalogue_leg, text_of("catalogue look-up failed"));
}

bool Catalogue::read(std::span<const uint8_t> bytes) {
  MessageReader reader(bytes, login_size_max);
  for (;;) {
    Message message;
    const Frame frame = reader.next(message);
    if (frame == Frame::need_more) return true;
    if (frame == Frame::bad) return false;
    switch (message.type) {
      case back::data_row:
        if (at_ != At::Asking || !read_row(message.body)) return false;
        break;
      case back::error: answer_failed_ = true; break;
      case back::ready:
        if (at_ != At::Asking || as_text(message.body) != "I") return false;
        settle();
        break;
      case back::row_description:
      case back::command_complete:
        if (at_ != At::Asking) return false;
        break;
      case back::notice:
      case back::notification:
      case back::parameter_status: break;
      default: return false;
    }
    if (link_.host->drop(link_.session, catalogue_leg, message.whole.size()) < 0) return false;
  }
}

bool Catalogue::read_row(Bytes body) {
  Cursor cursor(body);
  if (cursor.u16() != 6) return false;
  std::string_view values[6];
  for (std::string_view& value : values) {
    const int32_t size = cursor.i32();
    if (!cursor.ok() || size < 0) return false;
    value = as_text(cursor.bytes(static_cast<size_t>(size)));
  }
  uint32_t oid = 0;
  int16_t number = 0;
  if (!cursor.at_end() || !read_number(values[0], oid) || !read_number(values[1], number)) return false;
  if (values[5] != "t" && values[5] != "f") return false;
  if (std::ranges::find(asked_, oid) == asked_.end()) return false;
  if (++answer_column_count_ > catalogue_column_count_max) return false;
  std::string path = std::string(values[2]) + "." + std::string(values[3]) + "." + std::string(values[4]);
  if (path.size() > catalogue_path_size_max) return false;
  Table& table = answer_[oid];
  table.derived = table.derived || values[5] == "t";
  table.columns.emplace_back(number, std::move(path));
  return true;
}

void Catalogue::settle() {
  if (stale_) return ask();
  at_ = At::Open;
  answer_within(0);
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
  answer_.clear();
  asked_.clear();
}

}  // namespace sallyport::pg
