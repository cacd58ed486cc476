// sallyport report masks: what each mask has hit, from the log, so that one that is too broad shows.
#include <stdio.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <set>

#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "ringlog/facts.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;

constexpr size_t field_shown_count_max = 3;

struct Options {
  LogSource source;
  std::string since;
};

struct Count {
  uint64_t hits = 0, values = 0;
};

struct Hits {
  Count all;
  std::map<std::string, Count> fields;

  // Those with most hits first.
  [[nodiscard]] std::vector<std::pair<std::string, Count>> ranked() const {
    std::vector<std::pair<std::string, Count>> list(fields.begin(), fields.end());
    std::ranges::stable_sort(list,
                             [](const auto& a, const auto& b) { return a.second.hits > b.second.hits; });
    return list;
  }
};

using Report = std::map<std::pair<std::string, std::string>, Hits>;  // by mask and detector

// Sessions whose hits are no callers': the canary plants what it looks for.
class Canaries {
 public:
  void look_at(const ringlog::RecordView& record) {
    const ringlog::fbs::Header* header =
        record.kind == ringlog::Kind::Login ? ringlog::facts_of(record) : nullptr;
    if (header && ringlog::text_of(header->facts_as_Login()->identity()) == config::canary_name)
      sessions_.emplace(record.instance, record.session);
  }
  [[nodiscard]] bool has(const ringlog::RecordView& record) const {
    return sessions_.contains({record.instance, record.session});
  }

 private:
  std::set<std::pair<uint64_t, uint64_t>> sessions_;
};

void add(Report& report, const ringlog::RecordView& record) {
  const ringlog::fbs::Header* header = ringlog::facts_of(record);
  const auto* hits = header == nullptr ? nullptr : header->facts_as_ReplyEnd()->hits();
  for (uint32_t i = 0; hits && i < hits->size(); ++i) {
    const ringlog::fbs::Hit* hit = hits->Get(i);
    Hits& sum =
        report[{std::string(ringlog::text_of(hit->mask())), std::string(ringlog::text_of(hit->detector()))}];
    for (Count* count : {&sum.all, &sum.fields[std::string(ringlog::text_of(hit->field()))]}) {
      count->hits += hit->hits();
      count->values += hit->values();
    }
  }
}

std::string percent(uint64_t part, uint64_t whole) {
  return std::to_string(whole == 0 ? 0 : (part * 100 + whole / 2) / whole) + " %";
}

std::string name_text(const std::string& name) { return name.empty() ? "-" : one_line(name, 40); }

void print_report(const Report& report) {
  std::vector<Row> rows;
  for (const auto& [key, hits] : report) {
    std::string fields;
    const auto ranked = hits.ranked();
    for (size_t i = 0; i < std::min(ranked.size(), field_shown_count_max); ++i) {
      fields += (fields.empty() ? "" : ", ") + name_text(ranked[i].first) + " " +
                percent(ranked[i].second.hits, hits.all.hits);
    }
    if (ranked.size() > field_shown_count_max)
      fields += " and " + std::to_string(ranked.size() - field_shown_count_max) + " more";
    rows.push_back({name_text(key.first), name_text(key.second), std::to_string(hits.all.hits),
                    std::to_string(hits.all.values), fields});
  }
  print_table({"MASK", "DETECTOR", "HITS", "VALUES", "FIELDS"}, rows, "no mask has hit anything in the log");
}

json report_json(const Report& report) {
  json all = json::array();
  for (const auto& [key, hits] : report) {
    json fields = json::array();
    for (const auto& [name, count] : hits.ranked())
      fields.push_back({{"field", name}, {"hits", count.hits}, {"values", count.values}});
    all.push_back({{"mask", key.first},
                   {"detector", key.second},
                   {"hits", hits.all.hits},
                   {"values", hits.all.values},
                   {"fields", fields}});
  }
  return all;
}

int report_masks(const Context& context, const Options& options) {
  const auto since = since_ns(options.since);
  if (!since) {
    print_error(context, since_help);
    return exit_usage;
  }
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  Report report;
  Canaries canaries;
  const int exit = each_record(context, *directory, {}, [&](const ringlog::RecordView& record) {
    canaries.look_at(record);
    const bool counts = record.kind == ringlog::Kind::ReplyEnd && record.time_ns >= *since;
    if (counts && !canaries.has(record)) add(report, record);
  });
  if (exit != exit_done) return exit;
  if (context.json) {
    puts(json_text(report_json(report)).c_str());
  } else {
    print_report(report);
  }
  return exit_done;
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* report = app.add_subcommand("report", "sums over the log");
  report->require_subcommand(1);
  CLI::App* command = report->add_subcommand(
      "masks",
      "what each mask and detector has hit, and in which fields; the canary's own fakes do not count");
  command->add_option("--since", options->since, "only since then: 2h, 2026-11-23, \"2026-11-23 03:12\"");
  add_log_option(*command, options->source);
  command->footer("Example: sallyport report masks --since 24h");
  command->callback(
      [&context, options] { context.run = [&context, options] { return report_masks(context, *options); }; });
}

}  // namespace sallyport::cli
