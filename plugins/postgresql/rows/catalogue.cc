#include "plugins/postgresql/rows/catalogue.h"

#include <algorithm>

#include "plugins/postgresql/rows/catalogue_question.h"

namespace sallyport::pg {

namespace {

constexpr size_t sources_count_max = 512;  // answers that are kept

}  // namespace

// What of these must be asked.
void Catalogue::want(std::span<const uint32_t> table_oids, std::span<const uint32_t> type_oids) {
  asked_.clear();
  asked_types_.clear();
  for (const uint32_t oid : table_oids) {
    const bool known = tables_.contains(oid) || std::ranges::find(missing_, oid) != missing_.end();
    if (!known && std::ranges::find(asked_, oid) == asked_.end()) asked_.push_back(oid);
  }
  types_->add_unknown(type_oids, asked_types_);
  std::erase_if(asked_types_, [this](uint32_t oid) {
    return std::ranges::find(missing_types_, oid) != missing_types_.end();
  });
}

Catalogue::Answer Catalogue::resolve(std::span<const uint32_t> table_oids,
                                     std::span<const uint32_t> type_oids) {
  if (waiting()) return Answer::Waiting;
  if (at_ == At::Dead) return Answer::Known;
  asked_sources_ = {};
  want(table_oids, type_oids);
  if (asked_.empty() && asked_types_.empty()) return Answer::Known;
  if (column_count_ > catalogue_column_count_max) {
    tables_.clear();
    column_count_ = 0;
    want(table_oids, type_oids);
  }
  return begin();
}

Catalogue::Answer Catalogue::begin() {
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

Catalogue::Answer Catalogue::find_sources(const SourcesQuestion& question) {
  if (waiting()) return Answer::Waiting;
  if (at_ == At::Dead || question.text.empty() || sources_.contains(question.text)) return Answer::Known;
  if (sources_.size() >= sources_count_max) sources_.clear();
  asked_.clear();
  asked_types_.clear();
  asked_sources_ = question;
  return begin();
}

const Sources* Catalogue::sources(const SourcesQuestion& question) const {
  const auto found = sources_.find(question.text);
  return found != sources_.end() && found->second.proven ? &found->second.sources : nullptr;
}

void Catalogue::forget_missing() {
  missing_.clear();
  missing_types_.clear();
}

std::vector<std::string_view> Catalogue::paths(uint32_t table_oid) const {
  std::vector<std::string_view> out;
  const auto table = tables_.find(table_oid);
  if (table == tables_.end()) return out;
  for (const Column& column : table->second.columns) out.push_back(column.path);
  return out;
}

std::vector<std::string_view> Catalogue::paths(uint32_t table_oid, int16_t attribute_number) const {
  std::vector<std::string_view> out;
  const auto table = tables_.find(table_oid);
  if (table == tables_.end()) return out;
  for (const Column& column : table->second.columns) {
    if (column.number == attribute_number) out.push_back(column.path);
  }
  return out;
}

const Catalogue::Column* Catalogue::find(uint32_t table_oid, int16_t attribute_number) const {
  const auto table = tables_.find(table_oid);
  if (table == tables_.end()) return nullptr;
  const auto& columns = table->second.columns;
  const auto column = std::ranges::find(columns, attribute_number, &Column::number);
  return column != columns.end() ? &*column : nullptr;
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
  sources_.clear();
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
  found_ = {.named = std::vector<bool>(asked_sources_.relation_count)};
  at_ = At::Asking;
  Writer out;
  const std::string text = asked_sources_.text.empty()
                               ? columns_question(asked_) + "; " + types_question(asked_types_)
                               : asked_sources_.text;
  out.begin(front::query).text(text).end();
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

}  // namespace sallyport::pg
