// Every kind of mistake that load tells of.
#include <algorithm>

#include "tests/unit/config/base_config.h"

namespace sallyport::config {
namespace {

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
    {"[[target]]", "[[oidc]] # HERE\nname = \"corp\"\naudience = \"x\"\n[[target]]", "issuer is missing"},
    {"[[target]]", "[[oidc]]\nname = \"corp\"\naudience = \"x\"\nissuer = \"http://idp.example.com\" # HERE\n[[target]]", "write an https:// address"},
    {"[[target]]", "[[oidc]]\nname = \"certificate\" # HERE\naudience = \"x\"\nissuer = \"https://idp.example.com\"\n[[target]]", "that of whom a certificate names"},
    {"[[target]]", "[[delegation]] # HERE\nfor = [\"ann\"]\n[[target]]", "nobody may speak"},
    {"[[target]]", "[[delegation]] # HERE\ngroups = [\"dba\"]\n[[target]]", "nobody is spoken for"},
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
    {"[[mask]]", "[log]\nwitness = {} # HERE\n[[mask]]", "names no witness"},
    {"[[mask]]", "[log]\nwitness = { file = \"state/heads\" } # HERE\n[[mask]]", "beside what it is to witness"},
    {"[[mask]]", "[log]\nwitness = { url = \"http://w.example.com\" } # HERE\n[[mask]]", "write an https:// address"},
    {"[[mask]]", "[log]\nwitness = { file = \"../w\", token = \"file:t\" } # HERE\n[[mask]]", "token is for a url"},
    {"[[mask]]", "[log]\nwitness = { syslog = \"10.0.0.1:514\" } # HERE\n[[mask]]", "udp:HOST:514"},
    {"[[mask]]", "[log]\nwitness = { file = \"../w\", interval = \"10ms\" } # HERE\n[[mask]]", "less than a second"},
    {"[[mask]]", "[log]\npayload_retention = \"forever\" # HERE\n[[mask]]", "no age"},
    {"[[mask]]", "[log]\npayload_retention = \"5ms\" # HERE\n[[mask]]", "less than a second"},
    {"[[mask]]", "[log]\nseal_to = \"auditor.pub\" # HERE\n[[mask]]", "is no file"},
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
    {"[[user]]\nname = \"ann\"\ngroups = [\"staff\"]\nsecret = \"@\"", "[[user]] # HERE\nname = \"ann\"\ngroups = [\"staff\"]", "neither secret nor os_user nor certificate"},
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
    {"\"file:secret\" } } }", "\"file:secret\" }, allow = [\"staff\"] } } # HERE", "its permit = "},
    {"\"file:secret\" } } }", "\"file:secret\" }, permit = \"x\" } } # HERE", "write a list"},
    {"\"file:secret\" } } }", "\"file:secret\" }, permit = [\"x\", \"x\"] } } # HERE", "twice"},
    {"[[target]]\nname = \"db\"\nprotocol = \"postgresql\"\naddress = \"10.0.0.5:5432\"\ndatabase = \"shop\"\nallow = [\"staff\", \"dba\"]",
     "[[target]] # HERE\nname = \"db\"\nprotocol = \"postgresql\"\naddress = \"10.0.0.5:5432\"", "allow is missing"},
    {"[[target]]\nname = \"db\"\nprotocol = \"postgresql\"\naddress = \"10.0.0.5:5432\"\ndatabase = \"shop\"\nallow = [\"staff\", \"dba\"]",
     "[[target]] # HERE\nname = \"db\"\nprotocol = \"postgresql\"\naddress = \"10.0.0.5:5432\"\nallow = [\"staff\", \"dab\"]", "no user has the group \"dab\" (did you mean \"dba\"?)"},
    {"allow = [\"staff\", \"dba\"]", "allow = [\"staff\", \"on-request\"] # HERE", "needs who may ask"},
    {"logins = { app = { credential = { user = \"app\", password = \"file:secret\" } } }", "logins = {} # HERE", "has no login"},
    {"password = \"file:secret\" } } }", "password = \"hunter2\" } } } # HERE", "never stands in the config"},
    {"password = \"file:secret\" } } }", "password = \"env:\" } } } # HERE", "never stands in the config"},
    {"password = \"file:secret\" } } }", "password = \"systemd-cred:../x\" } } } # HERE", "may hold"},
    {"user = \"app\", password", "password", "user is missing"},
    {"logins = { app", "logins = { \"a b\"", "cannot"},
    {"app = { credential", "app = { vault = 1, credential", "unknown key \"vault\""},
    // Masks.
    {"action = \"partial\"", "action = \"token\" # HERE", "needs a key"},
    {"action = \"partial\"", "action = \"token\"\ntoken_key = { id = \"k-1\", secret = \"file:t\" } # HERE", "1 to 8 of"},
    {"action = \"partial\"", "action = \"token\"\ntoken_key = { id = \"k1\" } # HERE", "secret is missing"},
    {"action = \"partial\"", "action = \"token\"\ntoken_key = { id = \"k1\", secret = \"0123456789abcdef\" } # HERE", "never stands in the config"},
    {"action = \"partial\"", "action = \"partial\"\ntoken_key = { id = \"k1\", secret = \"file:t\" } # HERE", "belongs to action = \"token\""},
    {"action = \"partial\"", "action = \"token\"\ntoken_key = { id = \"k1\", secret = \"file:t\" }\n[[mask]]\nname = \"m2\"\ndetect = [\"email\"]\naction = \"token\"\ntoken_key = { id = \"k1\", secret = \"file:u\" } # HERE", "has another secret"},
    {"action = \"partial\"", "action = \"partial\"\ndirection = \"both\" # HERE", "write \"reply\" or \"request\""},
    {"fields = [\"customers.email\"]\naction = \"partial\"", "direction = \"request\"\naction = \"partial\" # HERE", "leave action out"},
    {"fields = [\"customers.email\"]\naction = \"partial\"", "direction = \"request\"\nfields = [\"customers.email\"] # HERE", "means replies"},
    {"[[mask]]\nname = \"pii\"\ndetect = [\"@pii\"]\nfields = [\"customers.email\"]\naction = \"partial\"", "[[mask]] # HERE\nname = \"pii\"\ndirection = \"request\"", "blocks nothing"},
    {"action = \"partial\"", "action = \"hide\" # HERE", "write \"keep-shape\", \"partial\", \"token\" or \"redact\""},
    {"[[mask]]\nname = \"pii\"\ndetect = [\"@pii\"]\nfields = [\"customers.email\"]", "[[mask]] # HERE\nname = \"pii\"", "masks nothing"},
    {"fields = [\"customers.email\"]", "fields = [\"customers.\"] # HERE", "names no field"},
    {"fields = [\"customers.email\"]", "computed = \"mask\" # HERE", "write fields"},
    {"[[mask]]\nname = \"pii\"", "[[mask]] # HERE\nname = \"pii\"\ntargets = [\"dx\"]", "no target \"dx\""},
    {"[[mask]]\nname = \"pii\"", "[[mask]] # HERE\nname = \"pii\"\nexcept = [\"nobody\"]", "no user has the group \"nobody\""},
    // Canary.
    {"[[mask]]", "[canary]\ninterval = \"soon\" # HERE\n[[mask]]", "no duration"},
    {"[[mask]]", "[canary]\ninterval = \"10ms\" # HERE\n[[mask]]", "shorter than a second"},
    {"[[mask]]", "[canary]\ninterval = \"8d\" # HERE\n[[mask]]", "at most 7d"},
    {"[[mask]]", "[canary]\nlockdown = \"yes\" # HERE\n[[mask]]", "true or false"},
    {"[[mask]]", "[canary] # HERE\ngroups = [\"stuff\"]\n[[mask]]", "no user has the group \"stuff\" (did you mean \"staff\"?)"},
    {"[[mask]]", "[canary]\ntarget = \"db\" # HERE\n[[mask]]", "unknown key \"target\""},
    {"[[mask]]", "[[canary]] # HERE\n[[mask]]", "write [canary]"},
    {"name = \"ann\"", "name = \"sallyport-canary\" # HERE", "the gateway's own"},
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
    {"approvers = [\"dba\"]", "approvers = [\"dba\"]\napprovals = 0 # HERE", "approvals"},
    {"approvers = [\"dba\"]", "approvals = 2\napprovers = [\"dba\"] # HERE", "fewer different persons"},
    {"approvers = [\"dba\"]", "approvers = { dba = 2 } # HERE", "fewer different persons"},
    {"approvers = [\"dba\"]", "approvers = {} # HERE", "write { dba = 1, security = 1 }"},
    {"approvers = [\"dba\"]", "approvers = { dba = \"one\" } # HERE", "1 to 10"},
    {"approvers = [\"dba\"]", "approvers = { dba = 0 } # HERE", "1 to 10"},
    {"approvers = [\"dba\"]", "approvers = { dba = 1 }\napprovals = 2 # HERE", "leave it out"},
    {"action = \"approve\"\napprovers = [\"dba\"]", "action = \"deny\"\nagain = \"5m\" # HERE", "belongs to action = \"approve\""},
    {"approvers = [\"dba\"]", "approvers = [\"dba\"]\nagain = \"0s\" # HERE", "again is 0"},
    {"approvers = [\"dba\"]", "approvers = [\"dba\"]\nagain = \"2d\" # HERE", "at most 1d"},
    {"approvers = [\"dba\"]", "approvers = [\"dba\"]\nneeds_reason = \"yes\" # HERE", "true or false"},
    {"approvers = [\"dba\"]", "approvers = [\"dba\"]\nescalate = \"lead\" # HERE", "write { after = \"5m\", to = [\"lead\"] }"},
    {"approvers = [\"dba\"]", "approvers = [\"dba\"]\nescalate = { after = \"5m\" } # HERE", "to is missing"},
    {"approvers = [\"dba\"]", "approvers = [\"dba\"]\nescalate = { after = \"10m\", to = [\"staff\"] } # HERE", "not before timeout"},
    {"approvers = [\"dba\"]", "approvers = [\"dba\"] # HERE\nescalate = { after = \"5m\", to = [\"stuff\"] }", "no user has the group \"stuff\""},
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

}  // namespace
}  // namespace sallyport::config
