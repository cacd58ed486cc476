// [[listener]] and [[target]] with protocol = "tcp": what a right one becomes, and every mistake by its line.
#include <algorithm>

#include "tests/unit/config/base_config.h"

namespace sallyport::config {
namespace {

constexpr const char* right = R"toml(
[server]
state_dir = "state"
plugins = ["postgresql"]

[[listener]]
protocol = "tcp"
address = "0.0.0.0:7000"
target = "box"
tls = { certificate = "file:a.crt", key = "file:a.key", client_ca = "file:people.crt" }

[[listener]]
protocol = "tcp"
address = "127.0.0.1:7001"
target = "bay"
sources = ["10.0.0.0/24", "2001:db8::1"]
groups = ["yard"]

[[user]]
name = "ann"
groups = ["staff"]
certificate = "ann@example.com"

[[user]]
name = "bob"
groups = ["dba"]
secret = "@"

[[target]]
name = "box"
protocol = "tcp"
address = "10.0.0.5:9000"
tls = "require"
allow = ["staff"]
record = { durability = "sync" }

[[target]]
name = "bay"
protocol = "tcp"
address = ["10.0.0.6:9000", "10.0.0.7:9000"]
tls = "off"
allow = ["yard", "staff"]

[[target]]
name = "db"
protocol = "postgresql"
address = "10.0.0.5:5432"
allow = ["staff", "dba"]
logins = { app = { credential = { user = "app", password = "file:secret" } } }

[[mask]]
name = "pii"
targets = ["db"]
detect = ["@pii"]
action = "partial"

[[rule]]
name = "drops"
targets = ["d*"]
match = { verb = ["DROP"] }
action = "deny"
)toml";

TEST(Opaque, LoadsWhatIsRight) {
  const Folder folder;
  const auto config = load(folder.write("sallyport.toml", with_secrets(right)));
  ASSERT_TRUE(config) << list(config.error());
  const Listener& first = config->listeners[0];
  const Listener& second = config->listeners[1];
  EXPECT_TRUE(first.is_opaque());
  EXPECT_EQ("people.crt", first.tls->client_ca.filename());
  EXPECT_TRUE(first.sources.empty());
  ASSERT_EQ(2u, second.sources.size());
  EXPECT_EQ("10.0.0.0/24", second.sources[0].text());
  EXPECT_EQ("2001:db8::1/128", second.sources[1].text());
  EXPECT_EQ(std::vector<std::string>{"yard"}, second.groups);
  EXPECT_EQ("ann@example.com", config->users[0].certificate);
  EXPECT_EQ(Durability::sync, config->targets[0].durability);
  EXPECT_EQ(TargetTls::require, config->targets[0].tls);
  EXPECT_EQ(2u, config->targets[1].addresses.size());
  EXPECT_TRUE(config->targets[1].is_opaque());
}

struct Mistake {
  const char* from;  // in `right`
  const char* to;    // the problem's line ends in # HERE
  const char* said;  // part of the problem's text
};

// clang-format off
const Mistake mistakes[] = {
    {"sources = [\"10.0.0.0/24\", \"2001:db8::1\"]", "sources = [\"10.0.0.1/24\"] # HERE", "bits behind its length"},
    {"sources = [\"10.0.0.0/24\", \"2001:db8::1\"]", "sources = [\"here\"] # HERE", "is no network"},
    {"sources = [\"10.0.0.0/24\", \"2001:db8::1\"]", "sources = [] # HERE", "is an empty list"},
    {"[[listener]]\nprotocol = \"tcp\"\naddress = \"127.0.0.1:7001\"\ntarget = \"bay\"\nsources = [\"10.0.0.0/24\", \"2001:db8::1\"]",
     "[[listener]] # HERE\nprotocol = \"tcp\"\naddress = \"127.0.0.1:7001\"\ntarget = \"bay\"", "anybody could come"},
    {"[[listener]]\nprotocol = \"tcp\"\naddress = \"127.0.0.1:7001\"\ntarget = \"bay\"\nsources = [\"10.0.0.0/24\", \"2001:db8::1\"]\ngroups = [\"yard\"]",
     "[[listener]] # HERE\nprotocol = \"tcp\"\naddress = \"127.0.0.1:7001\"\ntarget = \"bay\"\nsources = [\"10.0.0.0/24\"]", "groups is missing"},
    {"[[listener]]\nprotocol = \"tcp\"\naddress = \"127.0.0.1:7001\"\ntarget = \"bay\"",
     "[[listener]] # HERE\nprotocol = \"tcp\"\naddress = \"127.0.0.1:7001\"", "nothing else can name it"},
    {"groups = [\"yard\"]", "groups = [\"yard\"]\nlogin = \"x\" # HERE", "unknown key"},
    {"client_ca = \"file:people.crt\" }", "client_ca = \"people.crt\" } # HERE", "\"file:PATH\""},
    {"client_ca = \"file:people.crt\" }", "client_ca = \"file:people.crt\", required = false } # HERE", "begin in plaintext"},
    {"client_ca = \"file:people.crt\" }", "client_ca = \"file:people.crt\", client_certificates = \"optional\" } # HERE", "have other proofs"},
    {"client_ca = \"file:people.crt\" }", "client_ca = \"file:people.crt\", client_session_max = \"1h\" } # HERE", "idle point"},
    {"client_ca = \"file:people.crt\" }", "client_ca = \"file:people.crt\", client_names = [\"upn\"] } # HERE", "no kind of name"},
    {"client_ca = \"file:people.crt\" }", "client_ca = \"file:people.crt\", client_groups = [\"a\"] } # HERE", "spiffe://"},
    {"[[user]]\nname = \"ann\"\ngroups = [\"staff\"]\ncertificate = \"ann@example.com\"",
     "[[user]] # HERE\nname = \"ann\"\ngroups = [\"staff\"]", "nor certificate"},
    {"secret = \"@\"", "certificate = \"ann@example.com\" # HERE", "is that of user \"ann\""},
    {"certificate = \"ann@example.com\"", "secret = \"%\"", "nobody could ever pass"},
    {"plugins = [\"postgresql\"]", "plugins = [\"postgresql\", \"tcp\"] # HERE", "needs none"},
    {"allow = [\"yard\", \"staff\"]", "allow = [\"yrad\"]", "no user has the group \"yrad\" (did you mean \"yard\"?)"},
    {"tls = \"off\"", "tls = \"off\"\ndatabase = \"x\" # HERE", "is not read"},
    {"tls = \"off\"", "tls = \"off\"\ndefault = \"allow\" # HERE", "is not read"},
    {"tls = \"off\"", "tls = \"off\"\nobserve = true # HERE", "is not read"},
    {"tls = \"off\"", "tls = \"off\"\noptions = { a = \"b\" } # HERE", "is not read"},
    {"tls = \"off\"", "tls = \"off\"\nlogins = { a = { credential = { user = \"u\", password = \"file:x\" } } } # HERE", "log in to it by themselves"},
    {"durability = \"sync\" }", "responses = \"1 MiB\" } # HERE", "is not read"},
    {"[[mask]]\nname = \"pii\"\ntargets = [\"db\"]", "[[mask]] # HERE\nname = \"pii\"", "mask \"pii\" covers target \"bay\""},
    {"[[mask]]\nname = \"pii\"\ntargets = [\"db\"]", "[[mask]] # HERE\nname = \"pii\"\ntargets = [\"*b*\"]", "mask \"pii\" covers target \"box\""},
    {"[[rule]]\nname = \"drops\"\ntargets = [\"d*\"]", "[[rule]] # HERE\nname = \"drops\"\ntargets = [\"d*\", \"bay\"]", "cannot judge"},
    {"[[target]]\nname = \"bay\"", "[[target]] # HERE\nname = \"berth\"", "no listener leads to it"},
    {"[[target]]\nname = \"db\"", "[[listener]]\nprotocol = \"postgresql\"\naddress = \"127.0.0.1:5432\"\nsources = [\"10.0.0.0/8\"] # HERE\n[[target]]\nname = \"db\"", "only a listener with protocol = \"tcp\""},
    {"[[target]]\nname = \"db\"", "[[listener]]\nprotocol = \"postgresql\"\naddress = \"127.0.0.1:5432\"\ngroups = [\"dba\"] # HERE\n[[target]]\nname = \"db\"", "whom a certificate names"},
    {"[[target]]\nname = \"db\"", "[[listener]]\nprotocol = \"postgresql\"\naddress = \"127.0.0.1:5432\"\ntls = { certificate = \"file:a\", key = \"file:b\", client_names = [\"uri\"] } # HERE\n[[target]]\nname = \"db\"", "write client_ca"},
    {"[[target]]\nname = \"db\"", "[[listener]] # HERE\nprotocol = \"tcp\"\naddress = \"127.0.0.1:5432\"\ntarget = \"db\"\nsources = [\"10.0.0.0/8\"]\ngroups = [\"dba\"]\n[[target]]\nname = \"db\"", "speaks tcp, its target postgresql"},
};
// clang-format on

TEST(Opaque, TellsEveryMistake) {
  for (const Mistake& mistake : mistakes) {
    const std::string text = replaced(right, mistake.from, mistake.to);
    const std::vector<Problem> problems = problems_of(text);
    const size_t mark = std::min(text.find("# HERE"), text.size());
    const auto line = static_cast<uint32_t>(
        std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(mark), '\n') + 1);
    const auto fits = [&](const Problem& problem) {
      return problem.text.find(mistake.said) != std::string::npos &&
             (mark == text.size() || problem.place.line == line);
    };
    EXPECT_TRUE(std::ranges::any_of(problems, fits)) << mistake.to << "\nsaid:\n" << list(problems);
  }
}

// Opaque targets alone need no plugin; anything else does.
TEST(Opaque, NeedsNoPlugin) {
  std::string text = replaced(right, "plugins = [\"postgresql\"]", "");
  ASSERT_EQ(1u, problems_of(text).size()) << list(problems_of(text));
  EXPECT_EQ("[server]: plugins is missing: write plugins = [\"postgresql\"]", problems_of(text).front().text);
  text.erase(text.find("[[target]]\nname = \"db\""));
  EXPECT_TRUE(problems_of(text).empty()) << list(problems_of(text));
}

// Several mistakes are told at once.
TEST(Opaque, TellsAllAtOnce) {
  std::string text = replaced(right, "tls = \"off\"", "tls = \"off\"\ndatabase = \"x\"\ndefault = \"deny\"");
  text = replaced(text, "[[mask]]\nname = \"pii\"\ntargets = [\"db\"]", "[[mask]]\nname = \"pii\"");
  EXPECT_EQ(4u, problems_of(text).size()) << list(problems_of(text));
}

}  // namespace
}  // namespace sallyport::config
