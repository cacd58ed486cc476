// KitHost: masks, screening, and asks whose binding is not known yet.
#include "tests/unit/path/kit_puppet.h"

namespace sallyport {
namespace {

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

}  // namespace
}  // namespace sallyport
