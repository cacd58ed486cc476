// KitHost: byte accounts, credit, order around unit boundaries, and that misuse is reported.
#include "tests/unit/path/kit_puppet.h"

namespace sallyport {
namespace {

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
