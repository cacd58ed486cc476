#include "core/control/log_pages.h"

#include <errno.h>
#include <stdio.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "config/log_limits.h"
#include "config/pattern.h"
#include "core/control/answers.h"
#include "core/control/record_json.h"
#include "ringlog/reader.h"
#include "ringlog/sessions.h"

namespace sallyport {

namespace {

using nlohmann::json;
using ringlog::RecordView;
using ringlog::SessionSummary;

// When it was opened, and its name: the order of the pages.
using Place = std::tuple<uint64_t, uint64_t, uint64_t>;

Place place_of(const SessionSummary& one) { return {one.opened_ns, one.instance, one.session}; }

std::string cursor_of(const Place& place) {
  char text[64];
  snprintf(text, sizeof text, "%llu-%016llx-%016llx", static_cast<unsigned long long>(std::get<0>(place)),
           static_cast<unsigned long long>(std::get<1>(place)),
           static_cast<unsigned long long>(std::get<2>(place)));
  return text;
}

std::optional<Place> parse_cursor(const std::string& text) {
  unsigned long long opened_ns = 0, instance = 0, session = 0;
  if (sscanf(text.c_str(), "%20llu-%16llx-%16llx", &opened_ns, &instance, &session) != 3) return std::nullopt;
  const Place place = {opened_ns, instance, session};
  return cursor_of(place) == text ? std::optional(place) : std::nullopt;
}

json refuse_read(const Error& error) {
  return error.code == ETIMEDOUT ? refuse(error.text, 503)
                                 : refuse(error.text + "; `sallyport log verify` says more", 500);
}

json session_json(const SessionSummary& one) {
  return {{"sid", ringlog::session_text(one.instance, one.session)},
          {"started_ns", one.opened_ns},
          {"last_ns", one.last_ns},
          {"identity", one.identity},
          {"target", one.target},
          {"login", one.login},
          {"database", one.database},
          {"peer", one.peer},
          {"protocol", one.protocol},
          {"requests", one.requests},
          {"denied", one.denied},
          {"paused", one.waited},
          {"masked", one.masked},
          {"withheld", one.withheld},
          {"bytes_in", one.bytes_in},
          {"bytes_out", one.bytes_out},
          {"closed", one.closed},
          {"reason", one.reason}};
}

// The newest that fit, of all that are told.
class Page {
 public:
  Page(const SessionsWanted& wanted, std::optional<Place> before) : wanted_(wanted), before_(before) {}

  void take(const SessionSummary& one) {
    const auto fits = [](const std::string& pattern, const std::string& text) {
      return pattern.empty() || config::glob_match(pattern, text, true);
    };
    if (one.last_ns < wanted_.since_ns || one.opened_ns >= wanted_.until_ns) return;
    if (before_ && place_of(one) >= *before_) return;
    if (!fits(wanted_.identity, one.identity) || !fits(wanted_.target, one.target)) return;
    sessions_.emplace(place_of(one), one);
    if (sessions_.size() <= wanted_.limit) return;
    sessions_.erase(sessions_.begin());
    has_more_ = true;
  }
  [[nodiscard]] json told() const {
    json all = json::array();
    for (auto one = sessions_.rbegin(); one != sessions_.rend(); ++one)
      all.push_back(session_json(one->second));
    const bool goes_on = has_more_ && !sessions_.empty();
    return {{"ok", true}, {"sessions", all}, {"next", goes_on ? cursor_of(sessions_.begin()->first) : ""}};
  }

 private:
  const SessionsWanted& wanted_;
  const std::optional<Place> before_;
  std::map<Place, SessionSummary> sessions_;
  bool has_more_ = false;
};

}  // namespace

json past_sessions(ringlog::Files& files, const std::string& directory, const SessionsWanted& wanted) {
  std::optional<Place> before;
  if (!wanted.before.empty() && !(before = parse_cursor(wanted.before)))
    return refuse("before is what an answer gave as next");
  Page page(wanted, before);
  // What is open at that point of the log, and nothing else, is kept while it is read.
  std::map<std::pair<uint64_t, uint64_t>, SessionSummary> open;
  ringlog::Reader reader(files, directory);
  while (true) {
    auto record = reader.next();
    if (!record) return refuse_read(record.error());
    if (!*record) break;
    if ((*record)->session == 0) continue;
    const auto [place, fresh] = open.try_emplace({(*record)->instance, (*record)->session});
    SessionSummary& one = place->second;
    if (fresh) {
      // What comes behind its end (a decision of another ring) opens no session.
      if ((*record)->kind != ringlog::Kind::SessionOpened) {
        open.erase(place);
        continue;
      }
      one.instance = (*record)->instance;
      one.session = (*record)->session;
      one.opened_ns = (*record)->time_ns;
    }
    ringlog::add_record(one, **record);
    if (!one.closed) continue;
    page.take(one);
    open.erase(place);
  }
  for (const auto& [key, one] : open) page.take(one);
  return page.told();
}

json session_records(ringlog::Files& files, const std::string& directory, const RecordsWanted& wanted) {
  ringlog::Reader reader(files, directory,
                         {.instance = wanted.session.instance, .session = wanted.session.session});
  if (wanted.session.instance) {
    if (auto skipped = reader.skip_to(0, *wanted.session.instance); !skipped)
      return refuse_read(skipped.error());
  }
  json records = json::array();
  uint64_t instance = 0, count = 0, size = 0;
  bool is_full = false;
  while (true) {
    auto record = reader.next();
    if (!record) return refuse_read(record.error());
    if (!*record) break;
    if ((*record)->instance > instance) {  // a newer one has the same name
      instance = (*record)->instance;
      count = size = 0;
      is_full = false;
      records = json::array();
    }
    if ((*record)->instance < instance || is_full) continue;
    if (count++ < wanted.after) continue;
    size += (*record)->payload.size();
    is_full = records.size() == wanted.limit || (size > limits::log_page_size_max && !records.empty());
    if (is_full) {
      if (wanted.session.instance) break;
      continue;
    }
    records.push_back(record_json(**record));
  }
  if (instance == 0) return refuse("no such session in the log; GET /v1/log/sessions lists them", 404);
  json all = {{"ok", true},
              {"session", ringlog::session_text(instance, wanted.session.session)},
              {"records", records}};
  all["next"] = is_full ? wanted.after + records.size() : 0;
  return all;
}

}  // namespace sallyport
