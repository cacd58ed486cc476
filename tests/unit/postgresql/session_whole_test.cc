// The plugin as the host sees it: `open`, `feed`, `close`, from login to end, with cancels and shutdown.
#include <gtest/gtest.h>

#include "plugins/plugin.h"
#include "tests/unit/postgresql/login_peers.h"
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

class Whole {
 public:
  FakeHost host;
  sp_status status = SP_OK;
  std::string client_random = "client-random-0001";

  Whole() {
    sp_open info{};
    info.size = sizeof info;
    info.client_tls_offered = 1;
    const Link link = host.link();
    state_ = sallyport_plugin.open(link.host, link.session, &info);
    host.handler = [this](const sp_input& input) {
      const sp_status now = sallyport_plugin.feed(state_, &input);
      if (now != SP_OK) status = now;
    };
  }
  ~Whole() { sallyport_plugin.close(state_); }
  Whole(const Whole&) = delete;
  Whole& operator=(const Whole&) = delete;

  void log_in() {
    ScramClient client{ScramClient::Binding::None, ""};
    host.receive(0, startup({{"user", "orders-db"}, {"database", "shop"}}));
    host.receive(0, sasl_initial(scram_name, client.first(as_bytes(client_random))));
    const auto challenge = client.challenge(last_body(host.legs[0].output).substr(4));
    ASSERT_TRUE(challenge.has_value());
    host.receive(0, message('p', client.final(as_bytes(
                                     salted_password("secret", challenge->salt, challenge->iterations)))));
    host.event(1, SP_EVENT_OPENED);
    host.receive(1, target_greeting());
    greeting = host.take(0);
    host.take(1);
  }
  std::string greeting;

 private:
  void* state_ = nullptr;
};

TEST(SessionWhole, LogsInAndServes) {
  Whole whole;
  whole.log_in();
  EXPECT_EQ(last_ready(whole.greeting), 'I');
  ASSERT_EQ(whole.host.published.size(), 1u);
  whole.host.receive(0, query("SELECT 1"));
  EXPECT_EQ(whole.host.take(1), query("SELECT 1"));
  const std::string answer = columns({"a"}) + row({"1"}) + complete("SELECT 1") + ready();
  whole.host.receive(1, answer);
  EXPECT_EQ(whole.host.take(0), answer);
  EXPECT_EQ(whole.status, SP_OK);
}

// The client's key is the gateway's: the target's own never leaves it.
TEST(SessionWhole, KeepsTheTargetsKey) {
  Whole whole;
  whole.log_in();
  EXPECT_EQ(whole.greeting.find("SECR"), std::string::npos);
  EXPECT_NE(whole.greeting.find(whole.host.published[0].substr(whole.host.published[0].size() - 8)),
            std::string::npos);
}

// A signal while the target works opens a leg, sends the target's real key there, and closes it.
TEST(SessionWhole, CancelsAtTheTarget) {
  Whole whole;
  whole.log_in();
  whole.host.receive(0, query("SELECT pg_sleep(10)"));
  whole.host.event(0, SP_EVENT_SIGNAL);
  EXPECT_TRUE(whole.host.called("connect 3"));
  whole.host.event(3, SP_EVENT_OPENED);
  EXPECT_EQ(whole.host.take(3), request(code_cancel, u32(77) + "SECR"));
  // The refusal is the target's own word.
  whole.host.receive(1, failure("57014", "canceling statement") + ready());
  whole.host.take(1);
  EXPECT_EQ(kinds(whole.host.take(0)), "EZ");
  // What the client sends next leaves only once the cancel can no longer hit it.
  whole.host.receive(0, query("SELECT 1"));
  EXPECT_EQ(whole.host.take(1), "");
  whole.host.event(3, SP_EVENT_END);
  EXPECT_TRUE(whole.host.called("finish 3"));
  whole.host.event(0, SP_EVENT_TIMER);
  EXPECT_EQ(whole.host.take(1), query("SELECT 1"));
  EXPECT_EQ(whole.status, SP_OK);
}

// With nothing under way there is nothing to cancel: a late cancel must not hit the next request.
TEST(SessionWhole, IgnoresACancelWhenIdle) {
  Whole whole;
  whole.log_in();
  whole.host.event(0, SP_EVENT_SIGNAL);
  EXPECT_FALSE(whole.host.called("connect 3"));
}

// A CancelRequest signals the key that stands in it and ends its own connection.
TEST(SessionWhole, CancelRequestSignals) {
  Whole first;
  first.log_in();
  Whole second;
  const std::string key = first.host.published[0].substr(first.host.published[0].size() - 8);
  second.host.receive(0, request(code_cancel, key));
  EXPECT_TRUE(second.host.called("signal"));
  EXPECT_TRUE(second.host.called("finish 0"));
  EXPECT_EQ(second.host.take(0), "");
  EXPECT_EQ(second.status, SP_OK);
}

TEST(SessionWhole, CancelsAWait) {
  Whole whole;
  whole.host.answer = [&whole](const sp_ask& ask, sp_answer& out) {
    out.detail = text_of("approval=7F3K state=pending");
    if (whole.host.called("cancel " + std::to_string(ask.ticket))) {
      out.state = SP_STATE_CANCELLED;
      return SP_DENY;
    }
    return SP_WAIT;
  };
  whole.log_in();
  whole.host.receive(0, query("DROP TABLE a"));
  EXPECT_EQ(kinds(whole.host.take(0)), "N");
  whole.host.event(0, SP_EVENT_SIGNAL);
  EXPECT_FALSE(whole.host.called("connect 3"));
  EXPECT_EQ(kinds(whole.host.take(0)), "EZ");
  EXPECT_EQ(whole.host.take(1), "");
}

// Nothing runs for a caller who has gone.
TEST(SessionWhole, ClientGoesWhileItWaits) {
  Whole whole;
  whole.host.answer = [](const sp_ask&, sp_answer&) { return SP_WAIT; };
  whole.log_in();
  whole.host.receive(0, query("DROP TABLE a") + terminate());
  whole.host.answer = [](const sp_ask&, sp_answer&) { return SP_ALLOW; };
  whole.host.event(0, SP_EVENT_END | SP_EVENT_ANSWER);
  EXPECT_EQ(whole.host.take(1), "");
  EXPECT_TRUE(whole.host.called("finish 1"));
  EXPECT_TRUE(whole.host.called("finish 0"));
}

TEST(SessionWhole, ClientCloses) {
  Whole whole;
  whole.log_in();
  whole.host.event(0, SP_EVENT_END);
  EXPECT_TRUE(whole.host.called("finish 1"));
  EXPECT_EQ(whole.host.take(1), "");
}

// A target that goes away is reported in the protocol's words; one that said so itself is not repeated.
TEST(SessionWhole, TargetCloses) {
  Whole whole;
  whole.log_in();
  whole.host.event(1, SP_EVENT_END);
  const std::string out = whole.host.take(0);
  EXPECT_EQ(kinds(out), "E");
  EXPECT_EQ(said(out, 'S'), "FATAL");
  EXPECT_EQ(said(out, 'C'), "57P01");
  Whole other;
  other.log_in();
  other.host.receive(1, failure("57P01", "terminating", "FATAL"));
  other.host.event(1, SP_EVENT_END);
  EXPECT_EQ(kinds(other.host.take(0)), "E");
  EXPECT_TRUE(other.host.called("finish 0"));
}

TEST(SessionWhole, ShutsDown) {
  Whole whole;
  whole.log_in();
  whole.host.event(0, SP_EVENT_SHUTDOWN, "the gateway restarts");
  const std::string out = whole.host.take(0);
  EXPECT_EQ(said(out, 'C'), "57P01");
  EXPECT_EQ(said(out, 'M'), "the gateway restarts");
  EXPECT_TRUE(whole.host.called("finish 1"));
}

// `explain` sees what a session would ask.
TEST(SessionWhole, ClassifiesOffline) {
  std::string seen;
  const auto found = [](void* to, const sp_ask* ask) {
    auto& out = *static_cast<std::string*>(to);
    for (size_t i = 0; i < ask->command_count; ++i) out += std::string(view_of(ask->commands[i].verb)) + " ";
    for (size_t i = 0; i < ask->commands[0].object_count; ++i) out += view_of(ask->commands[0].objects[i]);
  };
  EXPECT_EQ(sallyport_plugin.classify(text_of("DROP TABLE public.orders"), found, &seen), 0);
  EXPECT_EQ(seen, "DROP public.orders");
}

// Every fact that a command may carry, and every one that a ready set reads, is declared.
TEST(SessionWhole, ManifestDeclaresItsFacts) {
  const sp_manifest& manifest = *sallyport_plugin.manifest;
  const auto declared = [&manifest](std::string_view name) {
    for (size_t i = 0; i < manifest.fact_count; ++i) {
      if (view_of(manifest.facts[i].name) == name) return true;
    }
    return false;
  };
  for (size_t i = 0; i < manifest.set_count; ++i) {
    for (size_t j = 0; j < manifest.sets[i].clause_count; ++j) {
      const sp_clause& clause = manifest.sets[i].clauses[j];
      for (size_t k = 0; k < clause.condition_count; ++k) {
        EXPECT_TRUE(declared(view_of(clause.conditions[k].fact)));
      }
    }
  }
  for (const char* text :
       {"DELETE FROM a", "SELECT pg_read_file('x')", "SET role = x", "INSERT INTO a SELECT * FROM b"}) {
    const auto found = [](void* to, const sp_ask* ask) {
      auto& names = *static_cast<std::vector<std::string>*>(to);
      for (size_t i = 0; i < ask->commands[0].field_count; ++i) {
        names.push_back("field." + std::string(view_of(ask->commands[0].fields[i].name)));
      }
    };
    std::vector<std::string> names;
    EXPECT_EQ(sallyport_plugin.classify(text_of(text), found, &names), 0);
    for (const std::string& name : names) EXPECT_TRUE(declared(name)) << name;
  }
}

std::string rendered(sp_direction direction, std::string_view bytes) {
  std::string out;
  const auto write = [](void* to, const char* data, size_t size) {
    static_cast<std::string*>(to)->append(data, size);
  };
  EXPECT_EQ(sallyport_plugin.render(direction, {as_bytes(bytes).data(), bytes.size()}, write, &out), 0);
  return out;
}

TEST(SessionWhole, RendersRepliesAsTables) {
  EXPECT_EQ(rendered(SP_REPLY, columns({"id", "name"}) + row({"1", "Zoë"}) + row({"22", "Bo"}) +
                                   complete("SELECT 2") + ready()),
            " id | name\n"
            "----+------\n"
            " 1  | Zoë \n"
            " 22 | Bo  \n"
            "(2 rows)\n"
            "SELECT 2\n");
  EXPECT_EQ(rendered(SP_REPLY, failure("42501", "no") + ready()), "ERROR:  42501: no\n");
}

// Any cut, and any bytes, give text without control characters.
TEST(SessionWhole, RendersWhateverThereIs) {
  const std::string bytes = columns({"id\x1b[2J", "name"}) + row({"1", "\x1b]0;x\x07\n"}) +
                            complete("SELECT 1") + failure("42501", "\x7f") + notice("n");
  for (size_t size = 0; size <= bytes.size(); ++size) {
    for (const char byte : rendered(SP_REPLY, bytes.substr(0, size))) {
      EXPECT_TRUE(static_cast<uint8_t>(byte) >= 0x20 || byte == '\n');
    }
    (void)rendered(SP_REPLY, bytes.substr(size));
  }
  EXPECT_EQ(rendered(SP_REQUEST, "SELECT\n\x1b 1"), "SELECT\n\\x1b 1\n");
}

// A whole session byte by byte is the same session.
TEST(SessionWhole, SplitInvariance) {
  const std::string asked = query("SELECT 1") + parse("s", "SELECT $1", {25}) + bind("", "s", {"x"}) +
                            execute("") + sync() + query("BEGIN") + query("COMMIT") + terminate();
  std::string first;
  for (const size_t piece : {0, 1, 2, 3, 5, 11}) {
    Whole whole;
    whole.log_in();
    for (size_t at = 0; at < asked.size(); at += piece == 0 ? asked.size() : piece) {
      whole.host.receive(0, std::string_view(asked).substr(at, piece == 0 ? asked.size() : piece));
    }
    const std::string out = whole.host.take(1);
    EXPECT_EQ(out, asked);
    if (piece == 0) first = out;
    EXPECT_EQ(out, first);
    EXPECT_EQ(whole.status, SP_OK);
  }
}

}  // namespace
}  // namespace sallyport::pg::test
