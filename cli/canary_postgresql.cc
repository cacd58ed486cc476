#include "cli/canary_postgresql.h"

#include <algorithm>

#include "cli/pg_client.h"
#include "config/clock.h"
#include "config/limits.h"

namespace sallyport::cli {

namespace {

using guard::Plant;

constexpr int connect_timeout_s = 10;
constexpr size_t piece_size = 3;  // a detector's shortest literal does not fit into two of them

std::string quote_with(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out.append(c == quote ? 2 : 1, c);
  return out + quote;
}

// 'can'||'ary': the server joins what no scanner of the request sees whole.
std::string in_pieces(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); at += piece_size)
    out += (at == 0 ? "" : "||") + quote_with(text.substr(at, piece_size), '\'');
  return "(" + out + ")";
}

// Plants that may stand below each other in one column: of one way and one column name.
struct Group {
  Plant::Way way = Plant::Way::content;
  std::string column;
  std::vector<size_t> plants;
};

std::vector<Group> groups_of(const std::vector<Plant>& plants) {
  std::vector<Group> groups;
  for (size_t i = 0; i < plants.size(); ++i) {
    const auto found = std::ranges::find_if(groups, [&](const Group& group) {
      return group.way == plants[i].way && group.column == plants[i].column;
    });
    if (found != groups.end()) {
      found->plants.push_back(i);
    } else {
      groups.push_back({plants[i].way, plants[i].column, {i}});
    }
  }
  return groups;
}

// search_path may hold any text that somebody put there: with it in the list the values beside it are of
// unknown origin, too.
std::string select_of(const Group& group, const std::vector<Plant>& plants) {
  std::string values;
  for (const size_t i : group.plants)
    values += (values.empty() ? "(" : ", (") + in_pieces(plants[i].text) + ")";
  const std::string beside =
      group.way == Plant::Way::computed ? ", pg_catalog.current_setting('search_path') AS beside" : "";
  return "SELECT canary AS " + quote_with(group.column, '"') + beside + " FROM (VALUES " + values +
         ") AS planted (canary)";
}

// What of one plant has been seen, and where.
struct Seen {
  std::vector<std::string> hidden_in, leaked_in, refused_in;
  std::string failure;  // the first
};

class Probe {
 public:
  explicit Probe(const CanaryAim& aim) : aim_(aim), seen_(aim.plants.size()) {
    deadline_ns_ = steady_ns() + int64_t{limits::canary_target_timeout_ms} * 1'000'000;
  }

  std::vector<CanaryFinding> run() {
    Result<PgClient> client = PgClient::open({.host = aim_.host,
                                              .user = aim_.user,
                                              .secret = std::string(aim_.secret),
                                              .database = aim_.database,
                                              .port = aim_.port,
                                              .tls = aim_.tls,
                                              .ca = ""},
                                             connect_timeout_s);
    if (!client) {
      for (Seen& seen : seen_) seen.failure = "login: " + client.error().text;
      return findings();
    }
    client_ = &*client;
    for (const Group& group : groups_of(aim_.plants)) plant(group);
    for (size_t i = 0; i < aim_.plants.size(); ++i) {
      if (aim_.plants[i].way == Plant::Way::content) plant_error(i);
    }
    return findings();
  }

 private:
  void plant(const Group& group) {
    const std::string select = select_of(group, aim_.plants);
    plant_rows(group, select, PgForm::simple, "text rows");
    plant_rows(group, select, PgForm::extended_text, "extended text rows");
    plant_rows(group, select, PgForm::extended_binary, "binary rows");
    const std::string copy = "COPY (" + select + ") TO STDOUT";
    const std::string refusal = aim_.refusal(copy);
    if (refusal.empty()) return plant_rows(group, copy, PgForm::simple, "COPY");
    for (const size_t i : group.plants) seen_[i].refused_in.push_back("COPY (" + refusal + ")");
  }

  // Every value must come back, in the order in which it was planted, whatever has become of it.
  void plant_rows(const Group& group, const std::string& sql, PgForm form, const std::string& where) {
    const Result<PgAnswer> answer = ask(sql, form);
    if (!answer) return fail_all(group, where + ": " + answer.error().text);
    for (const size_t i : group.plants) look_in_messages(i, *answer, where + "' messages");
    if (!answer->sqlstate.empty()) return fail_all(group, where + ": " + answer->text());
    if (answer->rows.size() != group.plants.size())
      return fail_all(group, where + ": " + std::to_string(answer->rows.size()) + " rows came for " +
                                 std::to_string(group.plants.size()));
    for (size_t row = 0; row < group.plants.size(); ++row) {
      const size_t i = group.plants[row];
      bool leaked = false;
      for (const auto& value : answer->rows[row]) leaked |= value && holds(*value, i);
      (leaked ? seen_[i].leaked_in : seen_[i].hidden_in).push_back(where);
    }
  }

  // What cannot be cast stands in the error's text.
  void plant_error(size_t i) {
    const Result<PgAnswer> answer =
        ask("SELECT CAST(" + in_pieces(aim_.plants[i].text) + " AS boolean)", PgForm::simple);
    constexpr const char* invalid_text_representation = "22P02";
    if (!answer) {
      note_failure(i, "errors: " + answer.error().text);
    } else if (look_in_messages(i, *answer, "errors")) {
      return;
    } else if (answer->sqlstate != invalid_text_representation) {
      note_failure(i, "errors: " + (answer->sqlstate.empty() ? "none came" : answer->text()));
    } else {
      seen_[i].hidden_in.push_back("errors");
    }
  }

  Result<PgAnswer> ask(const std::string& sql, PgForm form) {
    if (!lost_.empty()) return fail(lost_);
    if (aim_.stopping->load()) return fail("the gateway is shutting down");
    if (steady_ns() >= deadline_ns_) return fail("the time for this target is over");
    const std::string refusal = aim_.refusal(sql);
    if (!refusal.empty()) return fail(refusal);
    Result<PgAnswer> answer = client_->run(sql, form, limits::canary_statement_timeout_ms);
    if (!answer) lost_ = answer.error().text;
    return answer;
  }

  bool holds(const std::string& text, size_t i) const {
    return text.find(aim_.plants[i].hidden) != text.npos;
  }

  bool look_in_messages(size_t i, const PgAnswer& answer, const std::string& where) {
    const bool leaked =
        std::ranges::any_of(answer.messages, [&](const std::string& text) { return holds(text, i); });
    if (leaked) seen_[i].leaked_in.push_back(where);
    return leaked;
  }

  void note_failure(size_t i, const std::string& text) {
    if (seen_[i].failure.empty()) seen_[i].failure = text;
  }
  void fail_all(const Group& group, const std::string& text) {
    for (const size_t i : group.plants) note_failure(i, text);
  }

  [[nodiscard]] std::vector<CanaryFinding> findings() const {
    const auto joined = [](const std::vector<std::string>& parts) {
      std::string out;
      for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
      return out;
    };
    std::vector<CanaryFinding> all;
    for (const Seen& seen : seen_) {
      if (!seen.leaked_in.empty()) {
        all.push_back({CanaryOutcome::leaked, "came out in " + joined(seen.leaked_in)});
      } else if (!seen.failure.empty()) {
        all.push_back({CanaryOutcome::unproven, seen.failure});
      } else {
        all.push_back({CanaryOutcome::masked,
                       "in " + joined(seen.hidden_in) +
                           (seen.refused_in.empty() ? "" : "; not tried: " + joined(seen.refused_in))});
      }
    }
    return all;
  }

  const CanaryAim& aim_;
  PgClient* client_ = nullptr;
  std::string lost_;  // why nothing more can be asked
  int64_t deadline_ns_ = 0;
  std::vector<Seen> seen_;
};

}  // namespace

std::vector<CanaryFinding> probe_postgresql(const CanaryAim& aim) { return Probe(aim).run(); }

std::vector<CanaryFinding> probe_target(const CanaryAim& aim) {
  if (aim.protocol == "postgresql") return probe_postgresql(aim);
  return std::vector<CanaryFinding>(aim.plants.size(), {.outcome = CanaryOutcome::unproven,
                                                        .why = "the canary does not speak " + aim.protocol});
}

}  // namespace sallyport::cli
