// sallyport search: who touched what, when, and under which mask. One pass over the log, in the log's order;
// what is kept meanwhile are the sessions that are open at that point of it, and the results to be shown.
#include <stdio.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>

#include "cli/activity.h"
#include "cli/log_source.h"
#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "config/pattern.h"
#include "ringlog/session_name.h"

namespace sallyport::cli {

namespace {

using nlohmann::json;
using Patterns = std::vector<std::string>;

struct Options {
  LogSource source;
  Patterns identities, targets, objects, fields, verbs, entities, masks;
  std::string since, until;
  size_t limit = 100;
};

struct Found {
  Visit visit;
  Activity activity;
};

// No pattern lets everything through; of several one must match.
bool any_matches(const Patterns& patterns, std::string_view text) {
  return patterns.empty() || std::ranges::any_of(patterns, [text](const std::string& pattern) {
           return config::glob_match(pattern, text, true);
         });
}

// "customers" and "customers.email" stand for any schema's, as in the config.
bool any_ends(const Patterns& patterns, std::string_view path) {
  return std::ranges::any_of(patterns, [path](const std::string& pattern) {
    return config::glob_match(pattern, path) || config::glob_match("*." + pattern, path);
  });
}

bool object_fits(const Options& options, const Activity& activity) {
  if (options.objects.empty()) return true;
  const auto fits = [&](const std::string& object) { return any_ends(options.objects, object); };
  if (std::ranges::any_of(activity.objects, fits)) return true;
  // What a request reads beside what it is about.
  return std::ranges::any_of(
      activity.fields, [&](const auto& field) { return field.first == "relation" && fits(field.second); });
}

// A masked field by its path, or a fact of the request as NAME=VALUE.
bool field_fits(const Options& options, const Activity& activity) {
  if (options.fields.empty()) return true;
  if (std::ranges::any_of(activity.hits, [&](const Hit& hit) { return any_ends(options.fields, hit.field); }))
    return true;
  return std::ranges::any_of(activity.fields, [&](const auto& field) {
    return std::ranges::any_of(options.fields, [&](const std::string& pattern) {
      return pattern.find('=') != pattern.npos &&
             config::glob_match(pattern, field.first + "=" + field.second);
    });
  });
}

bool fits(const Options& options, const Activity& activity) {
  const auto verb = [&](const std::string& one) { return any_matches(options.verbs, one); };
  const auto entity = [&](const Hit& hit) {
    return any_matches(options.entities, hit.detector) && any_matches(options.masks, hit.mask);
  };
  if (!options.verbs.empty() && !std::ranges::any_of(activity.verbs, verb)) return false;
  if (!options.entities.empty() || !options.masks.empty()) {
    if (!std::ranges::any_of(activity.hits, entity)) return false;
  }
  return object_fits(options, activity) && field_fits(options, activity);
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& one : list) {
    if (text.find(one) == text.npos) text += (text.empty() ? "" : ",") + one;
  }
  return text.empty() ? "-" : text;
}

// "3 email of customers.email by pii"
std::string hits_text(const Activity& activity) {
  std::string text;
  for (const Hit& hit : activity.hits) {
    text += (text.empty() ? "" : "; ") + std::to_string(hit.hits) + " ";
    text += hit.detector.empty() ? "values" : hit.detector;
    if (!hit.field.empty()) text += " of " + hit.field;
    if (!hit.mask.empty()) text += " by " + hit.mask;
  }
  if (text.empty() && activity.masked > 0) text = std::to_string(activity.masked);
  return text.empty() ? "-" : text;
}

std::string verdict_of(const Activity& activity) {
  std::string text = verdict_text(activity.verdict);
  if (activity.paused) text = activity.verdict == ringlog::Verdict::Allow ? "approved" : "wait, " + text;
  return activity.rule.empty() || text == "allow" ? text : text + " (" + activity.rule + ")";
}

json found_json(const Found& found) {
  json hits = json::array(), fields = json::array();
  for (const Hit& hit : found.activity.hits) {
    hits.push_back({{"mask", hit.mask},
                    {"detector", hit.detector},
                    {"field", hit.field},
                    {"hits", hit.hits},
                    {"values", hit.values}});
  }
  for (const auto& [name, value] : found.activity.fields)
    fields.push_back({{"name", name}, {"value", value}});
  json all = {{"sid", ringlog::session_text(found.visit.instance, found.visit.session)},
              {"time_ns", found.activity.time_ns},
              {"identity", found.visit.identity},
              {"actor", found.visit.actor},
              {"on_behalf_of", found.visit.on_behalf_of},
              {"target", found.visit.target},
              {"login", found.visit.login},
              {"database", found.visit.database},
              {"peer", found.visit.peer},
              {"verbs", found.activity.verbs},
              {"objects", found.activity.objects},
              {"fields", fields},
              {"verdict", verdict_text(found.activity.verdict)},
              {"paused", found.activity.paused},
              {"rule", found.activity.rule},
              {"policy", found.activity.policy},
              {"approval", found.activity.approval},
              {"status", found.activity.status},
              {"rows", found.activity.units},
              {"masked", found.activity.masked},
              {"withheld", found.activity.withheld},
              {"hits", hits},
              {"erased", found.activity.erased}};
  if (found.activity.sealed) all["sealed"] = true;
  if (!found.activity.erased && !found.activity.sealed) all["text"] = found.activity.text;
  return all;
}

Row found_row(const Found& found, uint64_t newest_instance) {
  const Activity& activity = found.activity;
  const bool newest = found.visit.instance == newest_instance;
  return {time_text(static_cast<int64_t>(activity.time_ns)),
          newest ? ringlog::session_text(found.visit.session)
                 : ringlog::session_text(found.visit.instance, found.visit.session),
          one_line(found.visit.identity.empty() ? "-" : found.visit.identity, 30),
          one_line(found.visit.target.empty() ? "-" : found.visit.target, 24),
          one_line(joined(activity.verbs), 24),
          one_line(joined(activity.objects), 40),
          one_line(verdict_of(activity), 40),
          activity.answered ? std::to_string(activity.units) : "-",
          one_line(hits_text(activity), 100)};
}

class Search {
 public:
  Search(const Context& context, const Options& options, uint64_t since, uint64_t until)
      : context_(context), options_(options), since_(since), until_(until) {}

  int run(const std::string& directory) {
    Activities activities([this](const Visit& visit, const Activity& one) { take(visit, one); },
                          [this](const Visit& visit) {
                            return any_matches(options_.identities, visit.identity) &&
                                   any_matches(options_.targets, visit.target);
                          });
    const int exit = each_record(
        context_, directory, {},
        [&](const ringlog::RecordView& record) {
          newest_ = std::max(newest_, record.instance);
          activities.take(record);
        },
        options_.source.key);
    activities.finish();
    print();
    return exit;
  }

 private:
  void take(const Visit& visit, const Activity& activity) {
    if (activity.time_ns < since_ || activity.time_ns >= until_) return;
    // A session without a login has no name that the patterns could match.
    if (!any_matches(options_.identities, visit.identity) || !any_matches(options_.targets, visit.target))
      return;
    if (!fits(options_, activity)) return;
    ++count_;
    if (context_.json && options_.limit == 0) {
      puts(json_text(found_json({visit, activity}), -1).c_str());
      return;
    }
    found_.push_back({visit, activity});
    if (options_.limit != 0 && found_.size() > options_.limit) found_.pop_front();
  }

  void print() {
    if (context_.json) {
      for (const Found& one : found_) puts(json_text(found_json(one), -1).c_str());
      return;
    }
    std::vector<Row> rows;
    for (const Found& one : found_) rows.push_back(found_row(one, newest_));
    print_table({"WHEN", "SID", "WHO", "TARGET", "DID", "OBJECTS", "VERDICT", "ROWS", "MASKED"}, rows,
                "nothing in the log fits");
    if (count_ > found_.size())
      puts(dim(std::to_string(count_ - found_.size()) + " earlier ones are not shown: --limit 0 shows all")
               .c_str());
  }

  const Context& context_;
  const Options& options_;
  const uint64_t since_, until_;
  uint64_t newest_ = 0, count_ = 0;
  std::deque<Found> found_;
};

int search(const Context& context, const Options& options) {
  const auto since = since_ns(options.since);
  const auto until = options.until.empty() ? UINT64_MAX : since_ns(options.until);
  if (!since || !until) {
    print_error(context, since ? std::string("--until") + (since_help + 7) : since_help);
    return exit_usage;
  }
  const auto directory = log_directory(context, options.source);
  if (!directory) return exit_unreachable;
  return Search(context, options, *since, *until).run(*directory);
}

}  // namespace

void add_search(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("search", "who touched what, when, and under which mask");
  // One value each: a name that follows is no second one.
  const auto add = [&](const char* name, Patterns& to, const char* help) {
    command->add_option(name, to, help)->expected(1)->take_all();
  };
  add("--identity", options->identities, "who; * stands for any letters, here and below; again for one more");
  add("--target", options->targets, "at which target");
  add("--object", options->objects,
      "table or other object that a request names or reads: customers, public.*");
  add("--field", options->fields,
      "masked field: customers.email, *.ssn; or a fact of the request: function=pg_sleep");
  add("--verb", options->verbs, "SELECT, DROP, ...");
  add("--entity", options->entities, "what a mask found in the reply, by its detector: email, iban, ...");
  add("--mask", options->masks, "by which mask");
  command->add_option("--since", options->since, "from then on: 2h, 2026-11-23, \"2026-11-23 03:12\"");
  command->add_option("--until", options->until, "before then, written alike");
  command->add_option("--limit", options->limit, "at most the newest so many; 0: all")->capture_default_str();
  add_key_option(*command, options->source);
  add_log_option(*command, options->source);
  command->footer(
      "With --json an object a line.\nExample: sallyport search --object customers --entity email --since "
      "24h");
  command->callback(
      [&context, options] { context.run = [&context, options] { return search(context, *options); }; });
}

}  // namespace sallyport::cli
