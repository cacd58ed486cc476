#include <algorithm>

#include "tests/unit/config/base_config.h"

namespace sallyport::config {
namespace {

// Goal: a config's author fixes all at once. Method: all mistakes of lines that do not overlap, together.
TEST(Load, AllMistakesAreToldAtOnceInOrder) {
  std::string text = base;
  for (const auto& [from, to] : {std::pair("plugins = [", "plugin = 1\nplugins = ["),
                                 {"address = \"127.0.0.1:5432\"", "address = \"x\""},
                                 {"secret = \"@\"", "secret = \"x\""},
                                 {"database = \"shop\"", "tls = \"no\""},
                                 {"action = \"partial\"", "action = \"token\""},
                                 {"verb = [\"DROP\"]", "verb = []"}}) {
    text = replaced(text, from, to);
  }
  const std::vector<Problem> problems = problems_of(text);
  EXPECT_EQ(problems.size(), 6u) << list(problems);
  EXPECT_TRUE(
      std::ranges::is_sorted(problems, {}, [](const Problem& problem) { return problem.place.line; }));
}

TEST(Load, SecretsNeverStandInAMessage) {
  for (const auto& [from, to] : {std::pair("password = \"file:secret\"", "password = \"hunter2\""),
                                 {"secret = \"@\"", "secret = \"hunter2\""},
                                 {"secret = \"@\"", "password = \"hunter2\""}}) {
    EXPECT_EQ(list(problems_of(replaced(base, from, to))).find("hunter2"), std::string::npos);
  }
}

TEST(Load, VerifiersAreLeftOutOfTheRecordedText) {
  const Folder folder;
  const auto config = load(folder.write("sallyport.toml", with_secrets(base)));
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->users[0].secret, secret);
  EXPECT_EQ(config->text.find("zHCdol2044"), std::string::npos);
  EXPECT_NE(config->text.find("SCRAM-SHA-256$..."), std::string::npos);

  const auto escaped = problems_of(
      replaced(base, "secret = \"@\"", "secret = \"\\u0053" + std::string(secret).substr(1) + "\""));
  EXPECT_EQ(escaped.size(), 1u) << list(escaped);
}

TEST(Load, FillsInDefaultsAndResolvesPaths) {
  const Folder folder;
  const auto config = load(folder.write("sallyport.toml", with_secrets(base)));
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->server.state_dir, folder.path() / "state");
  EXPECT_EQ(config->admin.socket, folder.path() / "state/admin.sock");
  EXPECT_EQ(config->log.directory, folder.path() / "state/log");
  EXPECT_EQ(config->log.ring_dir.string().find("/dev/shm/sallyport-"), 0u);
  EXPECT_EQ(config->server.worker_count, 0u);
  EXPECT_FALSE(config->listeners[0].tls.has_value());
  EXPECT_EQ(config->targets[0].tls, TargetTls::verify_full);
  EXPECT_EQ(config->targets[0].default_action, Action::deny);
  EXPECT_EQ(config->targets[0].record_response_size, 1u << 20);
  EXPECT_EQ(config->targets[0].logins[0].password.name, (folder.path() / "secret").string());
  EXPECT_EQ(config->rules[0].hold_ms, 20'000u);
  EXPECT_EQ(config->rules[0].timeout_ms, 600'000u);
  EXPECT_EQ(config->masks[0].computed, Computed::mask);
}

// Goal: conf.d adds to the main file in the order of names; what is written twice is told.
TEST(Load, PartsFollowTheMainFile) {
  const Folder folder;
  const auto main = folder.write("sallyport.toml", with_secrets(base));
  folder.write("conf.d/20-rules.toml", "[[rule]]\nname = \"later\"\nuse = \"x\"\naction = \"deny\"\n");
  folder.write("conf.d/10-rules.toml",
               "[[rule]]\nname = \"sooner\"\nuse = \"x\"\naction = \"deny\"\n[log]\nquota = \"1 GiB\"\n");
  folder.write("conf.d/.hidden.toml", "nonsense");
  folder.write("conf.d/30.toml.bak", "nonsense");
  const auto config = load(main);
  ASSERT_TRUE(config.has_value()) << list(config.error());
  ASSERT_EQ(config->rules.size(), 3u);
  EXPECT_EQ(config->rules[1].name, "sooner");
  EXPECT_EQ(config->rules[2].name, "later");
  EXPECT_EQ(config->log.quota, uint64_t{1} << 30);
}

TEST(Load, PartsNameTheirOwnLines) {
  const Folder folder;
  const auto main = folder.write("sallyport.toml",
                                 with_secrets(replaced(base, "action = \"partial\"", "action = \"token\"")));
  folder.write("conf.d/10.toml", "\n[server]\nstate_dir = \"elsewhere\"\n");
  folder.write("conf.d/20.toml", "[[rule]]\nname = \"drops\"\nuse = \"x\"\naction = \"deny\"\n");
  const auto config = load(main);
  ASSERT_FALSE(config.has_value());
  ASSERT_EQ(config.error().size(), 3u) << list(config.error());
  EXPECT_EQ(config.error()[0].place.file, main.string());
  EXPECT_EQ(config.error()[1].place.text(), (folder.path() / "conf.d/10.toml").string() + ":3");
  EXPECT_NE(config.error()[1].text.find("already written at " + main.string() + ":3"), std::string::npos);
  EXPECT_EQ(config.error()[2].place.text(), (folder.path() / "conf.d/20.toml").string() + ":1");
}

TEST(Load, EverySyntaxErrorOfEveryFileIsTold) {
  const Folder folder;
  const auto main = folder.write("sallyport.toml", "a = \n");
  folder.write("conf.d/10.toml", "\nb = [\n");
  const auto config = load(main);
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().size(), 2u);
  EXPECT_FALSE(load(folder.path() / "missing.toml").has_value());
}

TEST(Load, FieldFactsNeedNoQuotes) {
  const Folder folder;
  const auto config = load(folder.write(
      "sallyport.toml", with_secrets(replaced(base, "match = { verb = [\"DROP\"] }",
                                              "match = { verb = \"SELECT\", field.rows = \"> 1000\" }"))));
  ASSERT_TRUE(config.has_value()) << list(config.error());
  ASSERT_EQ(config->rules[0].match.size(), 2u);
  EXPECT_EQ(config->rules[0].match[0].fact, "verb");
  EXPECT_EQ(config->rules[0].match[1].fact, "field.rows");
}

TEST(Load, ListenersMayTakePlaintextAloud) {
  EXPECT_EQ(list(problems_of(
                replaced(base, "address = \"127.0.0.1:5432\"", "address = \"0.0.0.0:5432\"\ntls = \"off\""))),
            "");
}

TEST(Load, SampleIsRight) {
  const auto config = load(SAMPLE_CONFIG);
  ASSERT_TRUE(config.has_value()) << list(config.error());
  EXPECT_EQ(config->targets[0].name, "orders-db");
  EXPECT_EQ(config->listeners[0].tls->certificate,
            std::filesystem::path(SAMPLE_CONFIG).parent_path() / "tls/server.crt");
  EXPECT_EQ(config->rules[0].hold_ms, 20'000u);
  EXPECT_EQ(config->masks[0].except, std::vector<std::string>{"pii-readers"});
}

// Goal: check names what the machine lacks. Method: the sample's files are not there.
TEST(CheckFiles, NamesWhatCannotBeRead) {
  const auto config = load(SAMPLE_CONFIG);
  ASSERT_TRUE(config.has_value());
  const std::vector<Problem> problems = check_files(*config);
  EXPECT_EQ(problems.size(), 3u) << list(problems);
}

}  // namespace
}  // namespace sallyport::config
