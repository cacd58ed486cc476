// The login from the first byte to ReadyForQuery, as clients and targets do it.
#include <gtest/gtest.h>

#include "tests/unit/postgresql/login_peers.h"

namespace sallyport::pg::test {
namespace {

TEST(LoginFlow, PlainClientToTrustingTarget) {
  LoginBench bench;
  bench.come_in({{"user", "anne,app~orders-db"},
                 {"database", "shop"},
                 {"application_name", "psql"},
                 {"client_encoding", "SQL_ASCII"}});
  EXPECT_EQ(bench.host.logins.at(0).first, "anne,app~orders-db");
  EXPECT_EQ(bench.host.logins.at(0).second, "shop");
  EXPECT_EQ(types(bench.host.legs[0].output), "RRR");  // SASL, Continue, Final; no Ok yet
  // The target sees its own user, the identity's database, UTF8 and the client's parameter.
  EXPECT_EQ(bench.host.legs[1].output, startup({{"user", "app"},
                                                {"database", "shop"},
                                                {"client_encoding", "UTF8"},
                                                {"application_name", "psql"}}));
  bench.host.receive(1, target_greeting());
  EXPECT_EQ(bench.step, LoginStep::Ready);
  EXPECT_EQ(types(bench.host.legs[0].output), "RRRRSSSKZ");
  EXPECT_EQ(bench.login->target_key().process_id, 77u);
  EXPECT_EQ(bench.login->target_key().secret, "SECR");
  EXPECT_EQ(bench.login->who(), "anne");
  EXPECT_EQ(bench.login->target(), "orders-db");
  // The client has a key of ours, and never the target's.
  EXPECT_NE(bench.host.legs[0].output.find(message('K', u32(4711) + "abcd")), std::string::npos);
  EXPECT_EQ(bench.host.legs[0].output.find("SECR"), std::string::npos);
  EXPECT_TRUE(bench.host.legs[0].passed.empty());
  EXPECT_TRUE(bench.host.legs[1].passed.empty());
}

TEST(LoginFlow, ServerSignatureReachesTheClient) {
  LoginBench bench;
  bench.come_in();
  EXPECT_TRUE(bench.client.verify(last_body(bench.host.legs[0].output).substr(4)).has_value());
}

// asyncpg sends the StartupMessage's name again in SCRAM, the comma unescaped. Other names count for nothing
// where they are well formed, and a comma makes them otherwise.
TEST(LoginFlow, ScramNameWithAComma) {
  for (const std::string name : {"anne,orders-db", "anne=2Corders-db", "anne", "*", ""}) {
    LoginBench bench;
    bench.host.receive(0, startup({{"user", "anne,orders-db"}}));
    const std::string bare = "n=" + name + ",r=abc";
    bench.host.receive(0, sasl_initial(scram_name, "n,," + bare));
    const std::string first = last_body(bench.host.legs[0].output).substr(4);
    const size_t salt_at = first.find(",s=") + 3;
    const auto salt = base64_decode(first.substr(salt_at, first.find(',', salt_at) - salt_at));
    ASSERT_TRUE(salt.has_value()) << name;
    const std::string unproven = "c=biws," + first.substr(0, first.find(','));
    const auto answer =
        scram_answer(as_bytes(salted_password("secret", *salt, 4096)), bare + "," + first + "," + unproven);
    bench.host.receive(0, message('p', unproven + ",p=" + base64(answer.proof)));
    EXPECT_EQ(bench.host.good_proof_count, 1u) << name;
  }
  for (const std::string name :
       {"bob,orders-db", "anne,orders-dbs", "anne,orders-db,", "anne,orders-db,x=y"}) {
    LoginBench bench;
    bench.host.receive(0, startup({{"user", "anne,orders-db"}}));
    bench.host.receive(0, sasl_initial(scram_name, "n,,n=" + name + ",r=abc"));
    EXPECT_EQ(bench.step, LoginStep::Ended) << name;
    EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "08P01") << name;
  }
}

TEST(LoginFlow, TlsThenPlus) {
  LoginBench bench(true, true);
  bench.host.receive(0, request(code_gss));
  EXPECT_EQ(bench.host.take(0), "N");
  bench.host.receive(0, request(code_ssl));
  EXPECT_EQ(bench.host.take(0), "S");
  EXPECT_EQ(bench.host.legs[0].tls_calls, 1);
  bench.host.binding[0] = "certificate-hash";
  bench.host.event(0, SP_EVENT_TLS);
  bench.host.receive(0, startup({{"user", "orders-db"}}));
  EXPECT_EQ(last_body(bench.host.legs[0].output),
            u32(10) + text(scram_plus_name) + text(scram_name) + std::string(1, '\0'));
  ScramClient plus(ScramClient::Binding::Plus, "certificate-hash");
  bench.host.receive(0, sasl_initial(scram_plus_name, plus.first(as_bytes(bench.client_random))));
  const auto challenge = plus.challenge(last_body(bench.host.legs[0].output).substr(4));
  ASSERT_TRUE(challenge.has_value());
  const std::string salted = salted_password("secret", challenge->salt, challenge->iterations);
  bench.host.receive(0, message('p', plus.final(as_bytes(salted))));
  EXPECT_EQ(bench.host.good_proof_count, 1u);
  EXPECT_TRUE(plus.verify(last_body(bench.host.legs[0].output).substr(4)).has_value());
}

TEST(LoginFlow, DowngradeOfTheClientIsRefused) {
  LoginBench bench;
  bench.host.receive(0, request(code_ssl));
  bench.host.binding[0] = "certificate-hash";
  bench.host.event(0, SP_EVENT_TLS);
  bench.host.take(0);
  bench.host.receive(0, startup({{"user", "orders-db"}}));
  ScramClient thinks_not(ScramClient::Binding::Unoffered, "");
  bench.host.receive(0, sasl_initial(scram_name, thinks_not.first(as_bytes(bench.client_random))));
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "28000");
  EXPECT_FALSE(bench.host.called("connect"));
}

TEST(LoginFlow, DirectTls) {
  LoginBench bench;
  bench.host.receive(0, "\x16");
  EXPECT_EQ(bench.host.legs[0].direct_tls_calls, 1);
  EXPECT_EQ(bench.host.legs[0].input, "\x16");  // not consumed: it is the handshake's
  bench.host.legs[0].input.clear();             // the host's TLS has taken it
  bench.host.event(0, SP_EVENT_TLS);
  bench.come_in();
  EXPECT_TRUE(bench.host.called("connect 1"));
}

TEST(LoginFlow, SslIsDeclinedWhereNotOfferedAndPlaintextGoesOn) {
  LoginBench bench(false);
  bench.host.receive(0, request(code_ssl));
  EXPECT_EQ(bench.host.take(0), "N");
  bench.come_in();
  EXPECT_TRUE(bench.host.called("connect 1"));
}

TEST(LoginFlow, PlaintextIsRefusedWhereTlsIsRequired) {
  LoginBench bench(true, true);
  bench.host.receive(0, startup({{"user", "orders-db"}}));
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "28000");
  EXPECT_NE(last_error(bench.host.legs[0].output, 'H').find("sslmode=require"), std::string::npos);
  EXPECT_TRUE(bench.host.logins.empty());
}

// libpq before 17 sends its cancels without TLS, whatever the connection's mode.
TEST(LoginFlow, CancelInPlaintextWhereTlsIsRequired) {
  LoginBench bench(true, true);
  bench.host.receive(0, request(code_cancel, u32(4711) + "abcd"));
  EXPECT_EQ(bench.step, LoginStep::Cancel);
  EXPECT_EQ(bench.login->cancel_key().process_id, 4711u);
  EXPECT_EQ(bench.login->cancel_key().secret, "abcd");
  EXPECT_TRUE(bench.host.legs[0].input.empty());
}

TEST(LoginFlow, NewerMinorVersionsAndOptionsAreNegotiatedDown) {
  LoginBench bench;
  bench.host.receive(0, startup({{"user", "orders-db"}, {"_pq_.x", "1"}}, protocol_3_0 + 2));
  EXPECT_EQ(types(bench.host.legs[0].output), "vR");
  EXPECT_EQ(bench.host.legs[0].output.substr(0, 20),
            message('v', u32(protocol_3_0) + u32(1) + text("_pq_.x")));
  bench.prove();
  EXPECT_TRUE(bench.host.called("connect 1"));
}

TEST(LoginFlow, WrongPasswordIsRefusedAfterTheProof) {
  LoginBench bench;
  bench.host.receive(0, startup({{"user", "orders-db"}}));
  bench.prove("wrong");
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_EQ(bench.host.prove_count, 1u);
  EXPECT_EQ(bench.host.good_proof_count, 0u);
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "28P01");
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'M'), "authentication failed");
  EXPECT_EQ(types(bench.host.legs[0].output), "RRE");  // no server signature for who did not prove
  EXPECT_TRUE(bench.host.called("finish 0"));
  EXPECT_FALSE(bench.host.called("connect"));
}

// A wrong proof that had to wait is not asked about as if it were right.
TEST(LoginFlow, WrongProofStaysWrongWhileItWaits) {
  LoginBench bench;
  bench.host.receive(0, startup({{"user", "orders-db"}}));
  bench.say_first();
  bench.host.prove_verdict = SP_WAIT;
  bench.host.receive(0, message('p', bench.final_message("wrong")));
  bench.host.prove_verdict = SP_ALLOW;
  bench.host.event(0, SP_EVENT_ANSWER);
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_EQ(bench.host.good_proof_count, 0u);
  EXPECT_FALSE(bench.host.called("connect"));
}

TEST(LoginFlow, ProofThatWaitsGoesOnAtTheAnswer) {
  LoginBench bench;
  bench.host.prove_verdict = SP_WAIT;
  bench.host.receive(0, startup({{"user", "orders-db"}}));
  bench.prove();
  EXPECT_EQ(bench.step, LoginStep::Going);
  EXPECT_FALSE(bench.host.called("connect"));
  bench.host.event(0, SP_EVENT_ANSWER);
  EXPECT_FALSE(bench.host.called("connect"));
  bench.host.prove_verdict = SP_ALLOW;
  bench.host.event(0, SP_EVENT_ANSWER);
  EXPECT_TRUE(bench.host.called("connect 1"));
  EXPECT_EQ(bench.host.prove_count, 3u);
}

// Only a login that may; and after the proof, so that strangers learn nothing of logins.
TEST(LoginFlow, ReplicationNeedsItsPermission) {
  LoginBench bench;
  bench.come_in({{"user", "orders-db"}, {"database", "shop"}, {"replication", "true"}});
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "0A000");
  EXPECT_FALSE(bench.host.called("connect"));
  for (const char* mode : {"on", "database"}) {
    LoginBench other;
    other.host.permissions = {"function-call", "replication"};
    other.come_in({{"user", "orders-db"}, {"database", "replication"}, {"replication", mode}});
    EXPECT_EQ(other.step, LoginStep::Going);
    const bool physical = std::string_view(mode) == "on";
    EXPECT_EQ(other.host.logins.front().second, physical ? "" : "replication");
    const std::string wanted = text("replication") + text(physical ? "true" : "database");
    EXPECT_NE(other.host.legs[1].output.find(wanted), std::string::npos);
  }
}

// What the client sends too early stays where it is until the session machine takes over.
TEST(LoginFlow, EarlyBytesAreHeld) {
  LoginBench bench;
  bench.come_in();
  bench.host.receive(0, message('Q', text("SELECT 1")));
  EXPECT_FALSE(bench.host.legs[0].input.empty());
  bench.host.receive(1, target_greeting());
  EXPECT_EQ(bench.step, LoginStep::Ready);
  EXPECT_TRUE(bench.login->client_bytes_held());
  EXPECT_EQ(bench.host.legs[0].input, message('Q', text("SELECT 1")));
}

TEST(LoginFlow, ClientThatLeavesEndsIt) {
  LoginBench bench;
  bench.come_in();
  bench.host.event(0, SP_EVENT_END);
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_TRUE(bench.host.called("finish 0"));
}

TEST(LoginFlow, ShutdownIsSaid) {
  LoginBench bench;
  bench.host.event(0, SP_EVENT_SHUTDOWN, "the gateway is going down");
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "57P01");
  EXPECT_EQ(bench.step, LoginStep::Ended);
}

TEST(LoginFlow, ARefusedHostCallIsAFault) {
  for (const char* call : {"drop", "emit", "login", "verifier", "prove"}) {
    LoginBench bench;
    bench.host.refuse_call = call;
    bench.host.receive(0, startup({{"user", "orders-db"}}));
    if (bench.step == LoginStep::Going) bench.prove();
    EXPECT_EQ(bench.step, LoginStep::Fault) << call;
  }
}

// The same conversation, byte by byte and whole, gives the same bytes and calls.
TEST(LoginFlow, SplitInvariance) {
  const auto run = [](size_t chunk) {
    LoginBench bench;
    const auto send = [&](uint32_t leg, const std::string& bytes) {
      for (size_t at = 0; at < bytes.size(); at += chunk) bench.host.receive(leg, bytes.substr(at, chunk));
    };
    send(0, request(code_gss));
    EXPECT_EQ(bench.host.take(0), "N");
    send(0, startup({{"user", "orders-db"}, {"options", "-c lock_timeout=1"}, {"_pq_.x", "y"}},
                    protocol_3_0 + 1));
    send(0, sasl_initial(scram_name, bench.client.first(as_bytes(bench.client_random))));
    send(0, message('p', bench.final_message("secret")));
    bench.host.event(1, SP_EVENT_OPENED);
    TargetPeer target;
    send(1, TargetPeer::offer(false));
    send(1, target.first(sent_after_startup(bench), "target-secret"));
    bool right = false;
    send(1, target.final(sent_after_startup(bench), right));
    EXPECT_TRUE(right);
    send(1, target_greeting());
    EXPECT_EQ(bench.step, LoginStep::Ready);
    std::string calls;
    for (const std::string& call : bench.host.calls) calls += call + "\n";
    return std::tuple(bench.host.legs[0].output, bench.host.legs[1].output, calls);
  };
  const auto whole = run(1 << 20);
  for (const size_t chunk : {1, 2, 3, 5, 7, 64}) EXPECT_EQ(run(chunk), whole) << chunk;
}

}  // namespace
}  // namespace sallyport::pg::test
