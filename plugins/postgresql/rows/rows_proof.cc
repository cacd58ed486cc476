// What is proven of a statement by all that it may read.
#include <algorithm>

#include "plugins/postgresql/messages.h"
#include "plugins/postgresql/rows/rows.h"

namespace sallyport::pg {

// Whether the statement reads nothing that a mask names, asked only where that would show more. Then its
// columns without an origin are nobody's, and those of views are what they are called.
Catalogue::Answer Rows::prove(const RowShape& shape) {
  if (!shape.reads.statement || !shape.reads.tables) return Catalogue::Answer::Known;
  // Of a table that nobody can see nothing can be proven.
  const auto unseen = [](const Column& column) {
    return column.no_origin && column.table_oid != 0 && column.path.empty();
  };
  const bool wanted = std::ranges::any_of(shape.columns, &Column::no_origin);
  if (!wanted || std::ranges::any_of(shape.columns, unseen) || !names_masked({}))
    return Catalogue::Answer::Known;
  const Proven proven = prove_reads(sources_question(*shape.reads.statement), Policies::Allowed);
  if (proven == Proven::Waiting) return Catalogue::Answer::Waiting;
  if (proven == Proven::No) return Catalogue::Answer::Known;
  for (const Column& column : shape.columns) {
    column.unrelated = column.unrelated || column.table_oid == 0;
    column.no_origin = column.no_origin && column.table_oid == 0;
  }
  return Catalogue::Answer::Known;
}

// Whether nothing that a statement may read is named by a mask.
Rows::Proven Rows::prove_reads(const SourcesQuestion& question, Policies policies) {
  if (question.text.empty()) return Proven::No;
  if (catalogue_.find_sources(question) == Catalogue::Answer::Waiting) return Proven::Waiting;
  const Sources* sources = catalogue_.sources(question);
  if (sources == nullptr || (sources->policies && policies == Policies::Refused)) return Proven::No;
  if (catalogue_.resolve(sources->oids) == Catalogue::Answer::Waiting) return Proven::Waiting;
  const bool named = std::ranges::any_of(sources->oids, [this](uint32_t oid) {
    const std::vector<std::string_view> paths = catalogue_.paths(oid);
    return paths.empty() || names_masked(paths);
  });
  return named ? Proven::No : Proven::Yes;
}

// A constraint's error quotes a row of the table that it names, as it is, would be or refers to others: what
// is in such a row is shown by SELECT too, but for what the statement would only now have copied there.
Rows::Proven Rows::prove_row(std::span<const uint8_t> report, const postgresql::sql::Statement& statement) {
  using postgresql::sql::Effect;
  constexpr uint32_t changes = postgresql::sql::effect_bit(Effect::read) |
                               postgresql::sql::effect_bit(Effect::write) |
                               postgresql::sql::effect_bit(Effect::destroy);
  const bool written = !statement.relations_written.empty() && (statement.effects & ~changes) == 0;
  if (!written || statement.deferred || !statement.unknown_functions.empty()) return Proven::No;
  const Copied copied = may_copy(statement) ? copies_masked(statement, false) : Copied::No;
  if (copied == Copied::Waiting) return Proven::Waiting;
  if (copied == Copied::Yes) return Proven::No;
  postgresql::sql::Statement table;
  table.effects = postgresql::sql::effect_bit(Effect::read);
  table.relations_read.push_back(
      {.schema = std::string(report_field(report, 's')), .name = std::string(report_field(report, 't'))});
  return prove_reads(sources_question(table), Policies::Allowed);
}

// Without paths: whether any origin is named.
bool Rows::names_masked(std::span<const std::string_view> paths) {
  std::vector<sp_text> texts;
  for (const std::string_view path : paths) texts.push_back(text_of(path));
  return link_.host->names_masked(link_.session, texts.data(), texts.size()) != 0;
}

Rows::Copied Rows::copies_masked(const postgresql::sql::Statement& statement, bool names_doubtful) {
  if (!masks_possible() || !names_masked({})) return Copied::No;
  const SourcesQuestion question = sources_question(statement, Purpose::Copies);
  if (names_doubtful || question.text.empty()) return Copied::Yes;
  if (catalogue_.find_sources(question) == Catalogue::Answer::Waiting) return Copied::Waiting;
  const Sources* sources = catalogue_.sources(question);
  if (sources == nullptr) return Copied::Yes;
  if (catalogue_.resolve(sources->oids) == Catalogue::Answer::Waiting) return Copied::Waiting;
  catalogue_.forget_missing();
  // A name that is no column of theirs is another's for one of them, or a function's of a whole row.
  const auto is_column = [&](const std::string& name) {
    return std::ranges::any_of(sources->oids, [&](uint32_t oid) {
      return std::ranges::any_of(catalogue_.paths(oid),
                                 [&](std::string_view path) { return path.ends_with("." + name); });
    });
  };
  const bool whole = sources->views || !std::ranges::all_of(statement.columns, is_column);
  const bool copies = std::ranges::any_of(sources->oids, [&](uint32_t oid) {
    std::vector<std::string_view> paths = catalogue_.paths(oid);
    if (paths.empty()) return true;
    std::erase_if(paths, [&](std::string_view path) {
      return !whole && std::ranges::none_of(statement.columns, [&](const std::string& column) {
        return path.ends_with("." + column);
      });
    });
    return !paths.empty() && names_masked(paths);
  });
  return copies ? Copied::Yes : Copied::No;
}

}  // namespace sallyport::pg
