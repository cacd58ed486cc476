// Goal: config.md names each key that the loader takes, and no other. Method: a key that nobody knows makes
// the loader list those it knows, table by table; the page's tables must name the same.
#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "config/file.h"
#include "config/quantity.h"
#include "tests/unit/config/base_config.h"

namespace sallyport::config {
namespace {

using Keys = std::set<std::string>;

constexpr const char* unknown = "zzzzzzzzzzzzzzzzzzzz";

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == '\n') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

struct Row {
  std::string key, fallback;  // the default as the page writes it, without backticks
};

std::string trimmed(std::string text, std::string_view of) {
  text.erase(0, std::min(text.find_first_not_of(of), text.size()));
  text.erase(text.find_last_not_of(of) + 1);
  return text;
}

// heading -> rows whose first cell is a key in backticks.
std::map<std::string, std::vector<Row>> page() {
  const Result<std::string> text = read_file(REFERENCE, 1 << 20);
  EXPECT_TRUE(text.has_value());
  std::map<std::string, std::vector<Row>> sections;
  std::string heading;
  for (const std::string& line : lines(*text)) {
    if (line.starts_with("#")) heading = trimmed(line, "# ");
    if (!line.starts_with("| `")) continue;
    const size_t end = line.find('`', 3), type = line.find(" | ", end), fallback = line.find(" | ", type + 3);
    sections[heading].push_back(
        {line.substr(3, end - 3),
         trimmed(line.substr(fallback + 3, line.find(" |", fallback + 3) - fallback - 3), "` ")});
  }
  return sections;
}

// What the loader says it knows where `text` holds the key that nobody knows.
Keys known(const std::string& text) {
  Keys keys;
  bool said = false;
  const std::vector<Problem> problems = problems_of(text);
  for (const Problem& problem : problems) {
    const std::string mark = std::string("unknown key \"") + unknown + "\": known are";
    size_t at = problem.text.find(mark);
    if (at == std::string::npos) continue;
    said = true;
    at += mark.size();
    while (at < problem.text.size()) {
      const size_t end = std::min(problem.text.find(' ', at + 1), problem.text.size());
      keys.insert(problem.text.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  EXPECT_TRUE(said) << text << list(problems);
  return keys;
}

// Each text has a place for the key, "?".
const std::map<std::string, std::vector<std::string>> probes = {
    {"[server]", {"[server]\n?\n"}},
    {"[admin]", {"[admin]\n?\n"}},
    {"[admin] tls", {"[admin]\ntls.?\n"}},
    {"[admin] roles", {"[admin]\nroles.?\n"}},
    {"[log]", {"[log]\n?\n"}},
    {"[log] witness", {"[log]\nwitness.?\n"}},
    {"[canary]", {"[canary]\n?\n"}},
    {"[[listener]]",
     {"[[listener]]\nprotocol = \"postgresql\"\n?\n", "[[listener]]\nprotocol = \"tcp\"\n?\n"}},
    {"tls of a listener", {"[[listener]]\ntls.?\n"}},
    {"[[user]]", {"[[user]]\n?\n"}},
    {"[[oidc]]", {"[[oidc]]\n?\n"}},
    {"[[target]]", {"[[target]]\nprotocol = \"postgresql\"\n?\n", "[[target]]\nprotocol = \"tcp\"\n?\n"}},
    {"on_request of a target",
     {"[[target]]\nprotocol = \"postgresql\"\non_request.approvers = [\"dba\"]\non_request.?\n"}},
    {"a login", {"[[target]]\nprotocol = \"postgresql\"\nlogins.app.?\n"}},
    {"credential of a login, kind \"static\"",
     {"[[target]]\nprotocol = \"postgresql\"\nlogins.app.credential.?\n"}},
    {"credential of a login, kind \"postgresql-role\"",
     {"[[target]]\nprotocol = \"postgresql\"\nlogins.app.credential.kind = \"postgresql-role\"\n"
      "logins.app.credential.?\n"}},
    {"credential of a login, kind \"vault\"",
     {"[[target]]\nprotocol = \"postgresql\"\nlogins.app.credential.kind = \"vault\"\n"
      "logins.app.credential.?\n"}},
    {"[[delegation]]", {"[[delegation]]\n?\n"}},
    {"[[vault]]", {"[[vault]]\n?\n", "[[vault]]\nrole_id = \"r\"\n?\n"}},
    {"[[webhook]]", {"[[webhook]]\n?\n"}},
    {"record", {"[[target]]\nprotocol = \"postgresql\"\nrecord.?\n"}},
    {"[[detector]]", {"[[detector]]\n?\n"}},
    {"[[mask]]", {"[[mask]]\n?\n", "[[mask]]\ndirection = \"request\"\n?\n"}},
    {"[[rule]]", {"[[rule]]\n?\n", "[[rule]]\naction = \"approve\"\napprovers = [\"dba\"]\n?\n"}},
    {"escalate of a rule", {"[[rule]]\naction = \"approve\"\nescalate.?\n"}},
};

TEST(Reference, NamesEachKeyThatTheLoaderTakesAndNoOther) {
  auto sections = page();
  for (const auto& [heading, texts] : probes) {
    Keys taken, written;
    for (const std::string& text : texts)
      taken.merge(known(replaced(text, "?", std::string(unknown) + " = 1")));
    for (const Row& row : sections[heading]) written.insert(row.key);
    EXPECT_EQ(written, taken) << heading;
    EXPECT_EQ(written.size(), sections[heading].size()) << heading << " has a key twice";
  }
}

TEST(Reference, HasASectionForEachTable) {
  const auto sections = page();
  for (const std::string& table : known(std::string(unknown) + " = 1\n")) {
    EXPECT_TRUE(sections.contains("[" + table + "]") || sections.contains("[[" + table + "]]")) << table;
  }
}

// A default is what holds where the key is missing: the page's, written out, changes nothing.
TEST(Reference, DefaultsAreThoseOfTheLoader) {
  const Folder folder;
  const auto config = load(folder.write("sallyport.toml", with_secrets(base)));
  ASSERT_TRUE(config.has_value());
  const Server& server = config->server;
  const auto duration = [](uint32_t value_ms) {
    return value_ms == 0 ? "\"forever\"" : in_quotes(duration_text(value_ms));
  };
  const auto size = [](uint64_t value) { return in_quotes(size_text(value)); };
  auto sections = page();
  const auto written = [&sections](const char* heading, const char* key) {
    const auto row = std::ranges::find(sections[heading], key, &Row::key);
    return row == sections[heading].end() ? std::string() : row->fallback;
  };
  EXPECT_EQ(written("[server]", "connect_timeout"), duration(server.connect_timeout_ms));
  EXPECT_EQ(written("[server]", "handshake_timeout"), duration(server.handshake_timeout_ms));
  EXPECT_EQ(written("[server]", "login_timeout"), duration(server.login_timeout_ms));
  EXPECT_EQ(written("[server]", "idle_timeout"), duration(server.idle_timeout_ms));
  EXPECT_EQ(written("[server]", "drain_timeout"), duration(server.drain_timeout_ms));
  EXPECT_EQ(written("[server]", "sessions"), std::to_string(server.session_count_max));
  EXPECT_EQ(written("[log]", "ring_size"), size(config->log.ring_size));
  EXPECT_EQ(written("[log]", "segment_size"), size(config->log.segment_size));
  EXPECT_EQ(written("record", "responses"), size(config->targets[0].record_response_size));
  EXPECT_EQ(written("[[rule]]", "hold"), duration(config->rules[0].hold_ms));
  EXPECT_EQ(written("[[rule]]", "timeout"), duration(config->rules[0].timeout_ms));
}

// The sample's issuer is commented out: with it, nothing could be said of groups that nobody has.
TEST(Reference, TheSamplesCommentedTableIsRight) {
  const Result<std::string> text = read_file(SAMPLE_CONFIG, 1 << 20);
  ASSERT_TRUE(text.has_value());
  std::string uncommented;
  bool inside = false;
  for (const std::string& line : lines(*text)) {
    inside = (inside || line == "# [[oidc]]") && line.starts_with("# ");
    uncommented += (inside ? line.substr(2) : line) + "\n";
  }
  const Folder folder;
  const auto config = load(folder.write("sallyport.toml", uncommented));
  ASSERT_TRUE(config.has_value()) << list(config.error());
  ASSERT_EQ(config->issuers.size(), 1u);
  EXPECT_EQ(config->issuers[0].name, "corp");
}

}  // namespace
}  // namespace sallyport::config
