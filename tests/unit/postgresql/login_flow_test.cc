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

TEST(LoginFlow, FirstBytesThatAreRefused) {
  const std::string half_ssl = request(code_ssl, "x");
  const std::pair<const char*, std::string> cases[] = {
      {"http", "GET / HTTP/1.1\r\n\r\n"},
      {"ssh", "SSH-2.0-OpenSSH_9.2\r\n"},
      {"zero length", u32(0) + u32(protocol_3_0)},
      {"length 7", u32(7) + u32(protocol_3_0)},
      {"length beyond the cap", u32(10'001) + u32(protocol_3_0)},
      {"negative length", u32(0xffffffff) + u32(protocol_3_0)},
      {"length wraps", u32(0x80000008) + u32(protocol_3_0)},
      {"protocol 2.0", request(2u << 16, text("x"))},
      {"protocol 1.0", request(1u << 16)},
      {"protocol 0", request(0)},
      {"protocol 4.0", request(4u << 16, text("x"))},
      {"unknown 1234", request((1234u << 16) | 5681u)},
      {"SSLRequest with a body", half_ssl},
      {"GSSENCRequest with a body", request(code_gss, "x")},
      {"cancel without a secret", request(code_cancel, u32(1))},
      {"cancel with 3 bytes", request(code_cancel, u32(1) + "abc")},
      {"cancel with 5 bytes", request(code_cancel, u32(1) + "abcde")},
      {"cancel of nothing", request(code_cancel)},
      {"no parameters at all", request(protocol_3_0)},
      {"no terminator", request(protocol_3_0, text("user") + text("x"))},
      {"no value", request(protocol_3_0, text("user"))},
      {"no NUL", request(protocol_3_0, "user")},
      {"bytes behind the terminator", request(protocol_3_0, text("user") + text("x") + text("") + "y")},
      {"no user", startup({{"database", "shop"}})},
      {"empty user", startup({{"user", ""}})},
      {"user with a newline", startup({{"user", "a\nb"}})},
      {"user not UTF-8", startup({{"user", "\xff"}})},
      {"long user", startup({{"user", std::string(256, 'a')}})},
      {"long database", startup({{"user", "a"}, {"database", std::string(64, 'a')}})},
      {"two users", startup({{"user", "a"}, {"user", "b"}})},
      {"two databases", startup({{"user", "a"}, {"database", "b"}, {"database", "c"}})},
      {"replication", startup({{"user", "a"}, {"replication", "on"}})},
      {"logical replication", startup({{"user", "a"}, {"replication", "database"}})},
      {"role", startup({{"user", "a"}, {"role", "postgres"}})},
      {"session_authorization", startup({{"user", "a"}, {"session_authorization", "b"}})},
      {"scs off", startup({{"user", "a"}, {"standard_conforming_strings", "off"}})},
      {"unknown parameter", startup({{"user", "a"}, {"x", "y"}})},
      {"latin1", startup({{"user", "a"}, {"client_encoding", "LATIN1"}})},
      {"options role", startup({{"user", "a"}, {"options", "-c role=postgres"}})},
      {"options --", startup({{"user", "a"}, {"options", "--role=postgres"}})},
      {"options -W", startup({{"user", "a"}, {"options", "-W 10"}})},
      {"options encoding", startup({{"user", "a"}, {"options", "-cclient_encoding=BIG5"}})},
      {"options twice", startup({{"user", "a"}, {"options", ""}, {"options", ""}})},
      {"SSLRequest with plaintext behind it", request(code_ssl) + "x"},
      {"SSLRequest with a startup behind it", request(code_ssl) + startup({{"user", "a"}})},
      {"GSSENCRequest twice", request(code_gss) + request(code_gss)},
  };
  for (const auto& [name, bytes] : cases) {
    LoginBench bench;
    bench.host.receive(0, bytes);
    EXPECT_EQ(bench.step, LoginStep::Ended) << name;
    EXPECT_TRUE(bench.host.called("finish 0")) << name;
    EXPECT_FALSE(bench.host.called("connect")) << name;
    EXPECT_TRUE(bench.host.legs[1].output.empty()) << name;
    EXPECT_TRUE(bench.host.logins.empty()) << name;
    EXPECT_LE(bench.host.legs[0].output.size(), 400u) << name;
  }
}

// Malformed SASL messages, after a good startup.
TEST(LoginFlow, SaslMessagesThatAreRefused) {
  const std::string first = "n,,n=,r=abcdefgh";
  const std::pair<const char*, std::string> cases[] = {
      {"query before the proof", message('Q', text("DROP TABLE x"))},
      {"terminate", message('X', "")},
      {"parse", message('P', text("") + text("SELECT 1") + std::string(2, '\0'))},
      {"sync", message('S', "")},
      {"type 0", message('\0', "abc")},
      {"a startup again", startup({{"user", "b"}})},
      {"TLS now", "\x16\x03\x01"},
      {"length 0", std::string("p") + u32(0)},
      {"length 3", std::string("p") + u32(3)},
      {"negative length", std::string("p") + u32(0xffffffff)},
      {"huge length", std::string("p") + u32(0x7fffffff)},
      {"beyond the cap", message('p', std::string(5000, 'a'))},
      {"empty", message('p', "")},
      {"no NUL", message('p', "SCRAM-SHA-256")},
      {"no length", message('p', text(scram_name))},
      {"no initial response", message('p', text(scram_name) + u32(0xffffffff))},
      {"unknown mechanism", sasl_initial("SCRAM-SHA-1", first)},
      {"PLUS that was not offered", sasl_initial(scram_plus_name, "p=tls-server-end-point,,n=,r=abc")},
      {"empty mechanism", sasl_initial("", first)},
      {"a password", message('p', text("secret"))},
      {"length too small", message('p', text(scram_name) + u32(3) + first)},
      {"length too large", message('p', text(scram_name) + u32(99) + first)},
      {"empty message", sasl_initial(scram_name, "")},
      {"authzid", sasl_initial(scram_name, "n,a=root,n=,r=abc")},
      {"mandatory extension", sasl_initial(scram_name, "n,,m=x,n=,r=abc")},
      {"no nonce", sasl_initial(scram_name, "n,,n=user")},
      {"NUL in it", sasl_initial(scram_name, std::string("n,,n=,r=a\0b", 11))},
      {"huge nonce", sasl_initial(scram_name, "n,,n=,r=" + std::string(1000, 'n'))},
  };
  for (const auto& [name, bytes] : cases) {
    LoginBench bench;
    bench.host.receive(0, startup({{"user", "orders-db"}}));
    bench.host.receive(0, bytes);
    EXPECT_EQ(bench.step, LoginStep::Ended) << name;
    EXPECT_FALSE(bench.host.called("connect")) << name;
    EXPECT_TRUE(bench.host.legs[1].output.empty()) << name;
    EXPECT_EQ(types(bench.host.legs[0].output), "RE") << name;
    EXPECT_EQ(bench.host.prove_count, 0u) << name;
  }
}

TEST(LoginFlow, UpgradesInsideTlsAreRefused) {
  for (const uint32_t code : {code_ssl, code_gss}) {
    LoginBench bench;
    bench.host.receive(0, request(code_ssl));
    bench.host.event(0, SP_EVENT_TLS);
    bench.host.receive(0, request(code));
    EXPECT_EQ(bench.step, LoginStep::Ended);
  }
  LoginBench bench(false);
  bench.host.receive(0, request(code_ssl));
  bench.host.receive(0, request(code_ssl));
  EXPECT_EQ(bench.step, LoginStep::Ended);
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
