// KitHost: byte accounts, credit, order around unit boundaries, and that misuse is reported.
#include "core/path/kit_host.h"

#include <gtest/gtest.h>

#include <functional>

namespace sallyport {
namespace {

// A plugin whose feed is the test's own function.
struct Puppet {
  const sp_host* host = nullptr;
  sp_session* session = nullptr;
};
Puppet puppet;
std::function<sp_status(const sp_input&)> on_feed;

sp_text text(const char* string) { return {string, strlen(string)}; }

const sp_fact facts[] = {{{"verb", 4}, {"", 0}}, {{"field.rows", 10}, {"", 0}}};
const sp_manifest manifest = {.size = sizeof(sp_manifest),
                              .name = {"puppet", 6},
                              .version = {"1", 1},
                              .summary = {"", 0},
                              .capabilities = SP_CAN_MASK | SP_CAN_HOLD | SP_CAN_TLS,
                              .facts = facts,
                              .fact_count = 2};
const sp_plugin plugin = {
    .magic = SP_MAGIC,
    .abi_major = SP_ABI_MAJOR,
    .abi_minor = SP_ABI_MINOR,
    .size = sizeof(sp_plugin),
    .manifest = &manifest,
    .open = [](const sp_host* host, sp_session* session, const sp_open*) -> void* {
      puppet = {host, session};
      return &puppet;
    },
    .feed = [](void*, const sp_input* input) { return on_feed(*input); },
    .close = [](void*) {},
    .classify = [](sp_text, void (*)(void*, const sp_ask*), void*) { return 0; },
};

void log_in() {
  const sp_login login = {sizeof login, text("target"), text(""), text("")};
  sp_identity identity = {};
  identity.size = sizeof identity;
  ASSERT_EQ(puppet.host->login(puppet.session, &login), 0);
  ASSERT_EQ(puppet.host->prove(puppet.session, SP_PROOF_PASSWORD,
                               {reinterpret_cast<const uint8_t*>("password"), 8}, &identity),
            SP_ALLOW);
}

sp_verdict ask(const char* verb, uint64_t ticket, const char* field = nullptr) {
  const sp_pair pair = {text(field ? field : ""), text("1")};
  sp_command command = {};
  command.size = sizeof command;
  command.verb = text(verb);
  command.fields = &pair;
  command.field_count = field ? 1 : 0;
  sp_ask request = {};
  request.size = sizeof request;
  request.ticket = ticket;
  request.stage = SP_STAGE_EXECUTE;
  request.commands = &command;
  request.command_count = 1;
  sp_answer answer = {};
  answer.size = sizeof answer;
  return static_cast<sp_verdict>(puppet.host->ask(puppet.session, &request, &answer));
}

void emit(uint32_t to, const char* string) {
  puppet.host->emit(puppet.session, to, reinterpret_cast<const uint8_t*>(string), strlen(string));
}

// A session whose target leg is open; the login took one byte.
class KitHostTest : public testing::Test {
 protected:
  void start(KitScript script = {}) {
    on_feed = [](const sp_input& input) {
      if (input.events & SP_EVENT_OPENED) return SP_OK;
      log_in();
      puppet.host->connect(puppet.session, 1);
      puppet.host->drop(puppet.session, 0, 1);
      return SP_OK;
    };
    host.emplace(plugin, std::move(script));
    ASSERT_TRUE(host->receive(0, "L"));
    ASSERT_TRUE(host->opened(1));
  }
  [[nodiscard]] std::string violation() const {
    return host->violations().empty() ? "" : host->violations().front();
  }
  std::optional<KitHost> host;
};

// Credit: what comes later flows without a feed, and counts as passed.
TEST_F(KitHostTest, CreditPassesLaterBytesWithoutFeeding) {
  start();
  int feeds = 0;
  on_feed = [&](const sp_input&) {
    ++feeds;
    puppet.host->pass(puppet.session, 1, 0, 6, 0);
    return SP_OK;
  };
  host->receive(1, "ab");
  host->receive(1, "cd");
  EXPECT_EQ(host->take(0), "abcd");
  host->receive(1, "efg");
  EXPECT_EQ(feeds, 2);
  EXPECT_EQ(host->take(0), "efg");
  EXPECT_EQ(host->leg(1).passed, 7u);
}

// An emit that falls into a passed unit comes behind it, whatever caused it.
TEST_F(KitHostTest, EmitWaitsForTheOpenUnit) {
  start();
  on_feed = [](const sp_input& input) {
    if (input.leg == 0) {
      emit(0, "notice");
      puppet.host->drop(puppet.session, 0, 1);
    } else {
      const bool last = input.data[input.data_size - 1] == '\n';
      puppet.host->pass(puppet.session, 1, 0, input.data_size, last ? 0u : uint32_t{SP_UNIT_OPEN});
    }
    return SP_OK;
  };
  host->receive(1, "half a ");
  host->receive(0, "?");
  EXPECT_EQ(host->output(0), "half a ");
  host->receive(1, "line\n");
  EXPECT_EQ(host->output(0), "half a line\nnotice");
  EXPECT_EQ(violation(), "");
}

// One ALLOW is good for one unit.
TEST_F(KitHostTest, SecondPassNeedsAnAskOfItsOwn) {
  start();
  on_feed = [](const sp_input&) {
    if (ask("RUN", 1) == SP_ALLOW) puppet.host->pass(puppet.session, 0, 1, 1, 0);
    puppet.host->pass(puppet.session, 0, 1, 1, 0);
    return SP_OK;
  };
  host->receive(0, "ab");
  EXPECT_EQ(host->output(1), "a");
  EXPECT_EQ(violation(), "pass from leg 0 to leg 1 without an ask that was allowed, or a note");
  EXPECT_TRUE(host->ended());
}

TEST_F(KitHostTest, UndeclaredFieldIsAViolation) {
  start();
  on_feed = [](const sp_input&) {
    (void)ask("RUN", 1, "rows");
    (void)ask("RUN", 2, "colour");
    return SP_OK;
  };
  host->receive(0, "a");
  EXPECT_EQ(violation(), "ask: fact \"field.colour\" is not in the manifest");
}

// A held request, its decision, and the end of its caller.
TEST_F(KitHostTest, WaitingTicketIsDecidedOrCancelledAtTheEnd) {
  start({.answers = {{.verb = "DROP", .verdict = SP_WAIT}}});
  std::vector<sp_verdict> verdicts;
  uint64_t ticket = 1;
  on_feed = [&](const sp_input&) {
    verdicts.push_back(ask("DROP", ticket));
    return SP_OK;
  };
  host->receive(0, "a");
  EXPECT_EQ(host->waiting(), std::vector<uint64_t>{1});
  host->decide(1, SP_ALLOW, SP_STATE_APPROVED);
  ticket = 2;
  host->receive(0, "b");
  host->end(0);
  EXPECT_EQ(verdicts, (std::vector{SP_WAIT, SP_ALLOW, SP_WAIT, SP_DENY}));
  EXPECT_EQ(violation(), "");
}

TEST_F(KitHostTest, CallsAfterTheClientsFinishAreViolations) {
  start();
  on_feed = [](const sp_input&) {
    puppet.host->finish(puppet.session, 0, text("bye"));
    emit(0, "too late");
    return SP_OK;
  };
  host->receive(0, "a");
  EXPECT_EQ(violation(), "emit after the session's end (finish: bye)");
}

TEST_F(KitHostTest, SpansMustAscend) {
  start({.masks = {{.text = "SECRET", .replacement = "x"}}});
  on_feed = [](const sp_input&) {
    const sp_field field = {sizeof field, SP_KIND_TEXT, 0, text("a"), text("")};
    const sp_field_id id = puppet.host->field(puppet.session, &field);
    const sp_span spans[] = {{1, 2, id}, {0, 1, id}};
    sp_masked masked[2];
    puppet.host->mask(puppet.session, spans, 2, masked);
    return SP_OK;
  };
  host->receive(1, "abcdef");
  EXPECT_EQ(violation(), "mask: spans must ascend, not overlap, and lie within data");
}

// Equal length is written into data, another length is handed back, a void id is withheld.
TEST_F(KitHostTest, MaskOutcomes) {
  start({.masks = {{.field = "a", .text = "SECRET", .replacement = "******"},
                   {.field = "b", .text = "SECRET", .replacement = "-"}}});
  on_feed = [](const sp_input& input) {
    const auto name = [](const char* label) {
      const sp_field field = {sizeof field, SP_KIND_TEXT, 0, text(label), text("")};
      return puppet.host->field(puppet.session, &field);
    };
    const sp_field_id old = name("a");
    puppet.host->fields_reset(puppet.session);
    const sp_span spans[] = {{0, 6, name("a")}, {6, 6, name("b")}, {12, 6, name("c")}, {18, 6, old}};
    EXPECT_EQ(spans[2].field, SP_FIELD_CLEAR);
    sp_masked masked[4];
    EXPECT_EQ(puppet.host->mask(puppet.session, spans, 4, masked), 2);
    EXPECT_EQ(masked[0].outcome, SP_MASK_EDITED);
    EXPECT_EQ(masked[1].outcome, SP_MASK_REPLACED);
    EXPECT_EQ(
        std::string(reinterpret_cast<const char*>(masked[1].replacement.data), masked[1].replacement.size),
        "-");
    EXPECT_EQ(masked[2].outcome, SP_MASK_UNCHANGED);
    EXPECT_EQ(masked[3].outcome, SP_MASK_WITHHELD);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(input.data), 8), "******SE");
    puppet.host->pass(puppet.session, 1, 0, 6, 0);
    puppet.host->drop(puppet.session, 1, input.data_size - 6);
    return SP_OK;
  };
  host->receive(1, "SECRETSECRETSECRETSECRET");
  EXPECT_EQ(host->output(0), "******");
  EXPECT_EQ(violation(), "");
}

// A value in the plugin's own memory is edited there, and stands in any order beside those in data.
TEST_F(KitHostTest, MaskOfThePluginsOwnBytes) {
  start({.masks = {{.field = "a", .text = "SECRET", .replacement = "******"}}});
  on_feed = [](const sp_input& input) {
    const sp_field field = {sizeof field, SP_KIND_TEXT, 0, text("a"), text("")};
    const sp_field plain = {sizeof field, SP_KIND_PLAIN, 0, text("a"), text("")};
    const sp_field_id id = puppet.host->field(puppet.session, &field);
    std::string own = "my SECRET", date = "2026-01-02";
    const sp_span spans[] = {
        {.offset = 2, .size = 6, .field = id},
        {.size = own.size(), .field = id, .bytes = reinterpret_cast<uint8_t*>(own.data())},
        {.size = date.size(),
         .field = puppet.host->field(puppet.session, &plain),
         .bytes = reinterpret_cast<uint8_t*>(date.data())},
        {.offset = 8, .size = 1, .field = id}};
    sp_masked masked[4];
    EXPECT_EQ(puppet.host->mask(puppet.session, spans, 4, masked), 1);
    EXPECT_EQ(masked[0].outcome, SP_MASK_EDITED);
    EXPECT_EQ(masked[1].outcome, SP_MASK_EDITED);
    EXPECT_EQ(masked[2].outcome, SP_MASK_WITHHELD);
    EXPECT_EQ(masked[3].outcome, SP_MASK_UNCHANGED);
    EXPECT_EQ(own, "my ******");
    puppet.host->pass(puppet.session, 1, 0, input.data_size, 0);
    return SP_OK;
  };
  host->receive(1, "a SECRET.");
  EXPECT_EQ(host->output(0), "a ******.");
  EXPECT_EQ(violation(), "");
}

// What would wait while its binding is not known begins nothing; asked again with it, it waits.
TEST_F(KitHostTest, UnboundAskBeginsNothing) {
  start({.answers = {{.verb = "DROP", .verdict = SP_WAIT}}});
  std::vector<sp_state> states;
  uint32_t flags = SP_ASK_UNBOUND;
  on_feed = [&](const sp_input&) {
    sp_command command = {};
    command.size = sizeof command;
    command.verb = text("DROP");
    sp_ask request = {};
    request.size = sizeof request;
    request.ticket = 7;
    request.stage = SP_STAGE_EXECUTE;
    request.commands = &command;
    request.command_count = 1;
    request.flags = flags;
    sp_answer answer = {};
    answer.size = sizeof answer;
    EXPECT_EQ(puppet.host->ask(puppet.session, &request, &answer), SP_WAIT);
    states.push_back(answer.state);
    return SP_OK;
  };
  host->receive(0, "a");
  EXPECT_TRUE(host->waiting().empty());
  EXPECT_TRUE(host->trace(KitTrace::kAsk).empty());
  flags = 0;
  host->receive(0, "a");
  EXPECT_EQ(host->waiting(), std::vector<uint64_t>{7});
  EXPECT_EQ(states, (std::vector{SP_STATE_UNBOUND, SP_STATE_PENDING}));
  // Approved, it runs only under an ask that says again what it is bound to.
  flags = SP_ASK_UNBOUND;
  EXPECT_TRUE(host->decide(7, SP_ALLOW, SP_STATE_APPROVED));
  EXPECT_EQ(states.back(), SP_STATE_UNBOUND);
}

TEST_F(KitHostTest, ScreenDeniesWhatTheScriptNames) {
  start({.masks = {{.field = "s.t.c", .text = "SECRET"}},
         .screens = {{.text = "SECRET", .rule = "no-secrets"}}});
  std::string message;
  on_feed = [&](const sp_input&) {
    const sp_pair values[] = {{text("$1:text"), text("plain")}, {text("$2:text"), text("a SECRET")}};
    sp_answer answer = {};
    answer.size = sizeof answer;
    EXPECT_EQ(puppet.host->screen(puppet.session, values, 1, &answer), SP_ALLOW);
    EXPECT_EQ(puppet.host->screen(puppet.session, values, 2, &answer), SP_DENY);
    message.assign(answer.message.data, answer.message.size);
    const sp_text paths[] = {text("s.t.b"), text("s.t.c")};
    EXPECT_EQ(puppet.host->names_masked(puppet.session, paths, 1), 0);
    EXPECT_EQ(puppet.host->names_masked(puppet.session, paths, 2), 1);
    puppet.host->drop(puppet.session, 0, 1);
    return SP_OK;
  };
  host->receive(0, "a");
  EXPECT_EQ(message, "blocked by mask \"no-secrets\"");
  EXPECT_EQ(host->trace(KitTrace::kAsk),
            std::vector<std::string>{"screen deny: $2:text rule=\"no-secrets\""});
  EXPECT_EQ(violation(), "");
}

// A leg that waits is fed again when another one made progress.
TEST_F(KitHostTest, WaitingLegIsFedAgainAfterProgressElsewhere) {
  start();
  bool ready = false;
  on_feed = [&](const sp_input& input) {
    if (input.leg == 1) {
      ready = true;
      puppet.host->drop(puppet.session, 1, input.data_size);
    } else if (ready && ask("RUN", 1) == SP_ALLOW) {
      puppet.host->pass(puppet.session, 0, 1, input.data_size, 0);
    }
    return SP_OK;
  };
  host->receive(0, "early");
  EXPECT_EQ(host->output(1), "");
  host->receive(1, "go");
  EXPECT_EQ(host->output(1), "early");
}

// Plaintext behind a TLS upgrade ends the session, together with the request or after it.
TEST_F(KitHostTest, PlaintextBehindTheUpgradeEndsTheSession) {
  for (const bool together : {true, false}) {
    on_feed = [](const sp_input&) {
      puppet.host->drop(puppet.session, 0, 1);
      puppet.host->tls(puppet.session, 0, 0);
      return SP_OK;
    };
    host.emplace(plugin, KitScript{});
    host->receive(0, together ? "Sx" : "S");
    if (!together) host->receive(0, "x");
    EXPECT_EQ(host->ended_why(), "refused: plaintext behind the TLS upgrade of leg 0");
    EXPECT_EQ(violation(), "");
    EXPECT_FALSE(host->tls_done(0) && host->leg(0).tls && !host->ended());
  }
}

TEST_F(KitHostTest, TimerPolicyAndShutdownAreDelivered) {
  start();
  std::vector<uint32_t> events;
  on_feed = [&](const sp_input& input) {
    events.push_back(input.events);
    return SP_OK;
  };
  puppet.host->wake_after(puppet.session, 100);
  host->advance(99);
  EXPECT_TRUE(events.empty());
  host->advance(1);
  puppet.host->activity(puppet.session, SP_BUSY);
  host->policy_swapped();
  host->shutdown("maintenance");
  EXPECT_EQ(events, std::vector<uint32_t>{SP_EVENT_TIMER});
  puppet.host->activity(puppet.session, SP_IDLE);
  host->receive(0, "x");
  EXPECT_EQ(events,
            (std::vector<uint32_t>{SP_EVENT_TIMER, SP_EVENT_DATA, SP_EVENT_POLICY, SP_EVENT_SHUTDOWN}));
}

}  // namespace
}  // namespace sallyport
