#include <gtest/gtest.h>

#include <algorithm>

#include "config/config.h"
#include "tests/unit/config/folder.h"

namespace sallyport::config {
namespace {

constexpr const char* secret =
    "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$zHCdol2044/"
    "ZyWzPLi7oxApCkamKw9Z+E4U/QApd/5Y=:dd5peBOitVnLNFu7VmwP+HiDaaw4OUCv396eVCWhYiE=";

constexpr const char* other_secret =
    "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$ur5QCUuGJbvakQ8yYrbwWFUiMaDP8r9yjN/"
    "v7RHyBXU=:ueqvgzpIyQPnZqth66k6DKIauxr3Zrq2Uj2YGhukQq0=";

// A right config; @ and % stand for verifiers.
constexpr const char* base = R"toml(
[server]
state_dir = "state"
plugins = ["postgresql", "skeleton"]

[[listener]]
protocol = "postgresql"
address = "127.0.0.1:5432"
target = "db"

[[user]]
name = "ann"
groups = ["staff"]
secret = "@"

[[user]]
name = "bob"
groups = ["dba"]
secret = "%"

[[target]]
name = "db"
protocol = "postgresql"
address = "10.0.0.5:5432"
database = "shop"
allow = ["staff", "dba"]
logins = { app = { credential = { user = "app", password = "file:secret" } } }

[[mask]]
name = "pii"
detect = ["@pii"]
fields = ["customers.email"]
action = "partial"

[[rule]]
name = "drops"
match = { verb = ["DROP"] }
action = "approve"
approvers = ["dba"]
)toml";

std::string with_secrets(std::string text) {
  for (const auto& [mark, verifier] : {std::pair("\"@\"", secret), {"\"%\"", other_secret}}) {
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.replace(at + 1, 1, verifier);
    }
  }
  return text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::vector<Problem> problems_of(const std::string& text) {
  const Folder folder;
  auto config = load(folder.write("sallyport.toml", with_secrets(text)));
  return config ? std::vector<Problem>() : config.error();
}

std::string list(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems)
    text += std::to_string(problem.place.line) + ": " + problem.text + "\n";
  return text;
}

struct Mistake {
  const char* from;  // in `base`
  const char* to;    // the problem's line ends in # HERE
  const char* said;  // part of the problem's text
};

// clang-format off
const Mistake mistakes[] = {
    // Syntax, keys, types.
    {"[server]", "[server # HERE", "this is not TOML"},
    {"state_dir =", "state_dri = \"x\" # HERE\nstate_dir =", "unknown key \"state_dri\" (did you mean \"state_dir\"?)"},
    {"[server]", "[[banana]] # HERE\n[server]", "unknown key \"banana\""},
    {"state_dir = \"state\"", "state_dir = 5 # HERE", "state_dir is a number: write a string"},
    {"state_dir = \"state\"", "state_dir = \"\" # HERE", "is empty"},
    {"state_dir = \"state\"", "state_dir = \"a\\u0007\" # HERE", "control character"},
    {"[[target]]", "[[oidc]] # HERE\nname = \"corp\"\n[[target]]", "local users only"},
    {"[[mask]]", "[mask] # HERE", "write [[mask]]"},
    // Server, admin, log.
    {"state_dir =", "workers = 0 # HERE\nstate_dir =", "write \"auto\" or a number"},
    {"state_dir =", "workers = \"many\" # HERE\nstate_dir =", "write \"auto\" or a number"},
    {"state_dir =", "sessions = 70000 # HERE\nstate_dir =", "write 1 to 65536"},
    {"state_dir =", "login_timeout = \"fast\" # HERE\nstate_dir =", "no duration"},
    {"state_dir =", "login_timeout = \"0s\" # HERE\nstate_dir =", "nothing could ever connect"},
    {"state_dir =", "login_timeout = \"2d\" # HERE\nstate_dir =", "at most 1d"},
    {"state_dir =", "login_timeout = 30 # HERE\nstate_dir =", "a duration in quotes"},
    {"state_dir =", "plugin_digests = { postgresql = \"abc\" } # HERE\nstate_dir =", "64 hex digits"},
    {"[[mask]]", "[log]\nquota = \"1 TB\" # HERE\n[[mask]]", "no size"},
    {"[[mask]]", "[log]\nring_size = \"1 MiB\" # HERE\n[[mask]]", "write 16 MiB to 1 GiB"},
    {"[[mask]]", "[log]\nquota = \"65 MiB\" # HERE\n[[mask]]", "two segments"},
    {"[[mask]]", "[admin]\naddress = \"8420\" # HERE\n[[mask]]", "no address"},
    // Listeners.
    {"[[listener]]\nprotocol = \"postgresql\"", "[[listener]] # HERE", "protocol is missing"},
    {"protocol = \"postgresql\"\naddress = \"127", "protocol = 3 # HERE\naddress = \"127", "protocol is a number"},
    {"address = \"127.0.0.1:5432\"", "address = \"127.0.0.1\" # HERE", "no address"},
    {"address = \"127.0.0.1:5432\"", "address = \"localhost:5432\" # HERE", "numeric address"},
    {"[[listener]]\nprotocol = \"postgresql\"\naddress = \"127.0.0.1:5432\"",
     "[[listener]] # HERE\nprotocol = \"postgresql\"\naddress = \"0.0.0.0:5432\"", "tls is missing"},
    {"target = \"db\"", "tls = \"on\" # HERE", "tls is a string: write { certificate"},
    {"target = \"db\"", "tls = { certificate = \"file:a\" } # HERE", "key is missing"},
    {"target = \"db\"", "tls = { certificate = \"a\", key = \"file:b\" } # HERE", "\"file:PATH\""},
    {"address = \"127.0.0.1:5432\"", "address = \"0.0.0.0:5432\"\ntls = { certificate = \"file:a\", key = \"file:b\", required = false } # HERE", "plaintext from the network"},
    {"target = \"db\"", "proxy_protocol = [\"10.0.0.0/8\"] # HERE", "PROXY"},
    {"[[listener]]\nprotocol = \"postgresql\"\naddress = \"127.0.0.1:5432\"\ntarget = \"db\"",
     "[[listener]] # HERE\nprotocol = \"postgresql\"\naddress = \"127.0.0.1:5432\"\ntarget = \"dc\"", "no target \"dc\" (did you mean \"db\"?)"},
    {"[[listener]]\nprotocol = \"postgresql\"", "[[listener]] # HERE\nprotocol = \"skeleton\"", "speaks skeleton, its target postgresql"},
    {"[[user]]", "[[listener]]\nprotocol = \"postgresql\"\naddress = \"127.0.0.1:5432\" # HERE\n[[user]]", "already taken"},
    // Users.
    {"name = \"ann\"", "name = \"a,b\" # HERE", "characters that a name cannot"},
    {"name = \"ann\"", "name = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" # HERE", "longer than 63"},
    {"secret = \"@\"", "secret = \"hunter2\" # HERE", "no SCRAM-SHA-256 verifier"},
    {"[[user]]\nname = \"bob\"", "[[user]] # HERE\nname = \"ann\"", "give it another"},
    {"[[user]]\nname = \"ann\"\ngroups = [\"staff\"]\nsecret = \"@\"", "[[user]] # HERE\nname = \"ann\"\ngroups = [\"staff\"]", "neither secret nor os_user"},
    {"name = \"ann\"", "name = \"ann\"\npassword = \"x\" # HERE", "never stands in the config"},
    {"groups = [\"staff\"]", "groups = [\"staff\", \"staff\"] # HERE", "twice"},
    {"groups = [\"staff\"]", "groups = \"staff\" # HERE", "write a list"},
    {"groups = [\"staff\"]", "groups = [1, \"staff\"] # HERE", "write strings"},
    {"secret = \"%\"", "secret = \"@\" # HERE", "is that of user \"ann\""},
    // Targets.
    {"[[target]]\nname = \"db\"\nprotocol = \"postgresql\"", "[[target]] # HERE\nname = \"db\"\nprotocol = \"postgres\"", "no plugin \"postgres\" (did you mean \"postgresql\"?)"},
    {"address = \"10.0.0.5:5432\"", "address = \"10.0.0.5:99999\" # HERE", "port from 1 to 65535"},
    {"address = \"10.0.0.5:5432\"", "address = [\"10.0.0.5:1\", \"x\"] # HERE", "no address"},
    {"database = \"shop\"", "database = \"shop\" # HERE\ndatabases = [\"other\"]", "none of databases"},
    {"database = \"shop\"", "tls = \"verify\" # HERE", "write \"verify-full\", \"verify-ca\", \"require\" or \"off\""},
    {"database = \"shop\"", "tls = \"off\"\ntls_ca = \"file:ca\" # HERE", "never looked at"},
    {"database = \"shop\"", "default = \"approve\" # HERE", "write \"deny\" or \"allow\""},
    {"database = \"shop\"", "observe = \"yes\" # HERE", "true or false"},
    {"database = \"shop\"", "record = { responses = \"1 MiB\", durability = \"fast\" } # HERE", "\"group\" or \"sync\""},
    {"database = \"shop\"", "record = { responses = \"9 TiB\" } # HERE", "0 to 1 GiB"},
    {"database = \"shop\"", "options = { a = [1] } # HERE", "write a string"},
    {"[[target]]\nname = \"db\"\nprotocol = \"postgresql\"\naddress = \"10.0.0.5:5432\"\ndatabase = \"shop\"\nallow = [\"staff\", \"dba\"]",
     "[[target]] # HERE\nname = \"db\"\nprotocol = \"postgresql\"\naddress = \"10.0.0.5:5432\"", "allow is missing"},
    {"[[target]]\nname = \"db\"\nprotocol = \"postgresql\"\naddress = \"10.0.0.5:5432\"\ndatabase = \"shop\"\nallow = [\"staff\", \"dba\"]",
     "[[target]] # HERE\nname = \"db\"\nprotocol = \"postgresql\"\naddress = \"10.0.0.5:5432\"\nallow = [\"staff\", \"dab\"]", "no user has the group \"dab\" (did you mean \"dba\"?)"},
    {"allow = [\"staff\", \"dba\"]", "allow = [\"staff\", \"on-request\"] # HERE", "comes with a later version"},
    {"logins = { app = { credential = { user = \"app\", password = \"file:secret\" } } }", "logins = {} # HERE", "has no login"},
    {"password = \"file:secret\" } } }", "password = \"hunter2\" } } } # HERE", "never stands in the config"},
    {"password = \"file:secret\" } } }", "password = \"env:\" } } } # HERE", "never stands in the config"},
    {"password = \"file:secret\" } } }", "password = \"systemd-cred:../x\" } } } # HERE", "may hold"},
    {"user = \"app\", password", "password", "user is missing"},
    {"logins = { app", "logins = { \"a b\"", "cannot"},
    {"app = { credential", "app = { vault = 1, credential", "unknown key \"vault\""},
    // Masks.
    {"action = \"partial\"", "action = \"token\" # HERE", "comes with a later version"},
    {"action = \"partial\"", "action = \"hide\" # HERE", "write \"keep-shape\", \"partial\" or \"redact\""},
    {"[[mask]]\nname = \"pii\"\ndetect = [\"@pii\"]\nfields = [\"customers.email\"]", "[[mask]] # HERE\nname = \"pii\"", "masks nothing"},
    {"fields = [\"customers.email\"]", "fields = [\"customers.\"] # HERE", "names no field"},
    {"fields = [\"customers.email\"]", "computed = \"mask\" # HERE", "write fields"},
    {"[[mask]]\nname = \"pii\"", "[[mask]] # HERE\nname = \"pii\"\ntargets = [\"dx\"]", "no target \"dx\""},
    {"[[mask]]\nname = \"pii\"", "[[mask]] # HERE\nname = \"pii\"\nexcept = [\"nobody\"]", "no user has the group \"nobody\""},
    // Rules.
    {"match = { verb = [\"DROP\"] }", "match = {} # HERE", "match is empty"},
    {"match = { verb = [\"DROP\"] }", "match = { verb = [] } # HERE", "could never match"},
    {"match = { verb = [\"DROP\"] }", "match = { \"field.rows\" = \"> many\" } # HERE", "no number"},
    {"match = { verb = [\"DROP\"] }", "match = { verb = [true] } # HERE", "write a string"},
    {"[[rule]]\nname = \"drops\"\nmatch = { verb = [\"DROP\"] }", "[[rule]] # HERE\nname = \"drops\"", "says nothing"},
    {"[[rule]]\nname = \"drops\"\nmatch = { verb = [\"DROP\"] }\naction = \"approve\"\napprovers = [\"dba\"]",
     "[[rule]] # HERE\nname = \"drops\"\nuse = \"x\"\naction = \"approve\"", "approvers is missing"},
    {"action = \"approve\"\napprovers = [\"dba\"]", "action = \"deny\"\napprovers = [\"dba\"] # HERE", "belongs to action = \"approve\""},
    {"action = \"approve\"", "action = \"pause\" # HERE", "write \"allow\", \"deny\" or \"approve\""},
    {"approvers = [\"dba\"]", "approvers = [\"dba\"]\nhold = \"1h\" # HERE\ntimeout = \"10m\"", "hold is longer than timeout"},
    {"approvers = [\"dba\"]", "approvers = [\"dba\"]\ntimeout = \"forever\" # HERE", "at most 7d"},
    {"[[rule]]\nname = \"drops\"", "[[rule]] # HERE\nname = \"drops\"\ngroups = [\"dba\"]", "nobody could ever approve"},
    {"[[rule]]\nname = \"drops\"", "[[rule]] # HERE\nname = \"drops\"\ntargets = [\"web-*\"]", "no target \"web-*\""},
};
// clang-format on

TEST(Load, BaseIsRight) { EXPECT_EQ(list(problems_of(base)), ""); }

// Goal: each mistake is one problem, at its line, saying what to write. Method: one change of a right config.
TEST(Load, EachMistakeIsToldAtItsLine) {
  for (const Mistake& mistake : mistakes) {
    const std::string text = replaced(base, mistake.from, mistake.to);
    const std::vector<Problem> problems = problems_of(text);
    EXPECT_EQ(problems.size(), 1u) << mistake.to << "\n" << list(problems);
    if (problems.empty()) continue;
    EXPECT_NE(problems.front().text.find(mistake.said), std::string::npos) << mistake.to << "\n"
                                                                           << list(problems);
    const size_t mark = text.find("# HERE");
    if (mark == std::string::npos) continue;
    const auto line =
        static_cast<uint32_t>(std::count(text.begin(), text.begin() + static_cast<long>(mark), '\n') + 1);
    EXPECT_EQ(problems.front().place.line, line) << list(problems);
  }
}

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
