// The gateway's way into the target: every method, and every way in which a target may misbehave.
#include <gtest/gtest.h>

#include "tests/unit/postgresql/login_peers.h"

namespace sallyport::pg::test {
namespace {

TEST(TargetLogin, Scram) {
  LoginBench bench;
  bench.come_in();
  TargetPeer target;
  bench.host.receive(1, TargetPeer::offer(false));
  bench.host.receive(1, target.first(sent_after_startup(bench), "target-secret"));
  bool right = false;
  bench.host.receive(1, target.final(sent_after_startup(bench), right));
  EXPECT_TRUE(right);
  EXPECT_TRUE(bench.host.called("scram 4096"));
  bench.host.receive(1, target_greeting());
  EXPECT_EQ(bench.step, LoginStep::Ready);
  EXPECT_EQ(bench.host.legs[1].output.find("target-secret"), std::string::npos);
}

TEST(TargetLogin, ScramPlusOverTls) {
  LoginBench bench;
  bench.host.target_tls = SP_TARGET_TLS_VERIFY;
  bench.come_in();
  EXPECT_EQ(bench.host.take(1), request(code_ssl));
  bench.host.receive(1, "S");
  EXPECT_EQ(bench.host.legs[1].tls_calls, 1);
  EXPECT_EQ(bench.host.take(1), "");  // nothing before TLS stands
  bench.host.binding[1] = "target-certificate";
  bench.host.event(1, SP_EVENT_TLS);
  TargetPeer target("target-certificate");
  bench.host.receive(1, TargetPeer::offer(true));
  EXPECT_NE(bench.host.legs[1].output.find("p=tls-server-end-point"), std::string::npos);
  bench.host.receive(1, target.first(sent_after_startup(bench), "target-secret"));
  bool right = false;
  bench.host.receive(1, target.final(sent_after_startup(bench), right));
  EXPECT_TRUE(right);
  bench.host.receive(1, target_greeting());
  EXPECT_EQ(bench.step, LoginStep::Ready);
}

// Over TLS a target that offers no PLUS hears "y": if it did offer it, it finds the downgrade.
TEST(TargetLogin, UnofferedPlusIsSaid) {
  LoginBench bench;
  bench.host.target_tls = SP_TARGET_TLS_REQUIRE;
  bench.come_in();
  bench.host.receive(1, "S");
  bench.host.binding[1] = "target-certificate";
  bench.host.event(1, SP_EVENT_TLS);
  bench.host.receive(1, TargetPeer::offer(false));
  EXPECT_NE(bench.host.legs[1].output.find("y,,n="), std::string::npos);
}

TEST(TargetLogin, CredentialThatWaits) {
  LoginBench bench;
  bench.host.credential_verdict = SP_WAIT;
  bench.come_in();
  TargetPeer target;
  bench.host.receive(1, TargetPeer::offer(false));
  bench.host.receive(1, target.first(sent_after_startup(bench), "target-secret"));
  EXPECT_EQ(types(sent_after_startup(bench)), "p");
  bench.host.credential_verdict = SP_ALLOW;
  bench.host.event(0, SP_EVENT_ANSWER);  // answers come on the client's leg
  EXPECT_EQ(types(sent_after_startup(bench)), "pp");
  bool right = false;
  bench.host.receive(1, target.final(sent_after_startup(bench), right));
  EXPECT_TRUE(right);
}

TEST(TargetLogin, Md5) {
  LoginBench bench;
  bench.come_in();
  bench.host.receive(1, authentication(5, "salt"));
  EXPECT_EQ(sent_after_startup(bench),
            message('p', text(md5_password("app", "target-secret", as_bytes("salt")))));
  bench.host.receive(1, target_greeting());
  EXPECT_EQ(bench.step, LoginStep::Ready);
}

TEST(TargetLogin, CleartextOnlyOverTls) {
  LoginBench plain;
  plain.come_in();
  plain.host.receive(1, authentication(3));
  EXPECT_EQ(plain.step, LoginStep::Ended);
  EXPECT_EQ(plain.host.legs[1].output.find("target-secret"), std::string::npos);

  LoginBench over_tls;
  over_tls.host.target_tls = SP_TARGET_TLS_VERIFY;
  over_tls.come_in();
  over_tls.host.receive(1, "S");
  over_tls.host.event(1, SP_EVENT_TLS);
  over_tls.host.take(1);
  over_tls.host.receive(1, authentication(3));
  EXPECT_EQ(over_tls.host.take(1), message('p', text("target-secret")));
}

TEST(TargetLogin, LongKeysAreTaken) {
  LoginBench bench;
  bench.come_in();
  bench.host.receive(1, authentication(0) + status("client_encoding", "UTF8") +
                            message('K', u32(9) + std::string(256, 'k')) + message('Z', "I"));
  EXPECT_EQ(bench.step, LoginStep::Ready);
  EXPECT_EQ(bench.login->target_key().secret.size(), 256u);
}

TEST(TargetLogin, UnreachableTarget) {
  LoginBench bench;
  bench.host.receive(0, startup({{"user", "orders-db"}}));
  bench.prove();
  bench.host.event(1, SP_EVENT_FAILED, "connect 10.0.0.5:5432: Connection refused");
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "08001");
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'M'), "target \"orders-db\" is unavailable");
  EXPECT_EQ(bench.host.legs[0].output.find("10.0.0.5"), std::string::npos);
}

TEST(TargetLogin, TlsThatTheTargetDoesNotHave) {
  for (const std::string answer : {"N", "E", "x"}) {
    LoginBench bench;
    bench.host.target_tls = SP_TARGET_TLS_REQUIRE;
    bench.come_in();
    bench.host.take(1);
    bench.host.receive(1, answer);
    EXPECT_EQ(bench.step, LoginStep::Ended) << answer;
    EXPECT_EQ(bench.host.take(1), "") << answer;
  }
}

// CVE-2021-23222: plaintext behind the answer must not count as if it had come through TLS.
TEST(TargetLogin, PlaintextBehindTheTlsAnswer) {
  LoginBench bench;
  bench.host.target_tls = SP_TARGET_TLS_VERIFY;
  bench.come_in();
  bench.host.receive(1, "S" + authentication(0));
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_EQ(bench.host.legs[1].tls_calls, 0);
}

TEST(TargetLogin, CertificateThatIsNotTrusted) {
  LoginBench bench;
  bench.host.target_tls = SP_TARGET_TLS_VERIFY;
  bench.come_in();
  bench.host.receive(1, "S");
  bench.host.event(1, SP_EVENT_FAILED, "certificate verify failed");
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_NE(last_error(bench.host.legs[0].output, 'M').find("certificate"), std::string::npos);
}

// What the target says about the login stays with the operator.
TEST(TargetLogin, AuthenticationErrorsAreNotForwarded) {
  for (const char* code : {"28P01", "28000"}) {
    LoginBench bench;
    bench.come_in();
    bench.host.receive(1, error(code, "password authentication failed for user \"app\""));
    EXPECT_EQ(bench.step, LoginStep::Ended);
    EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "08004");
    EXPECT_EQ(last_error(bench.host.legs[0].output, 'M'),
              "the gateway could not log in to target \"orders-db\"; tell its operator");
    EXPECT_TRUE(bench.host.called("finish 1"));
  }
}

TEST(TargetLogin, OtherErrorsAreForwardedMasked) {
  LoginBench bench;
  bench.host.masked_field = [](const sp_field& field) { return view_of(field.label) == "error"; };
  bench.host.mask_value = [](sp_field_id, std::string_view value, uint8_t* at) {
    const size_t found = value.find("jane");
    if (found != std::string_view::npos) std::fill_n(at + found, 4, '*');
    return sp_masked{found == std::string_view::npos ? SP_MASK_UNCHANGED : SP_MASK_EDITED, {}};
  };
  bench.come_in();
  bench.host.receive(1, error("3D000", "database \"jane\" does not exist"));
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "3D000");
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'M'),
            "target \"orders-db\": database \"****\" does not exist");
}

TEST(TargetLogin, AnErrorThatMayNotBeShownIsNot) {
  LoginBench bench;
  bench.host.masked_field = [](const sp_field&) { return true; };
  bench.host.mask_value = [](sp_field_id, std::string_view, uint8_t*) {
    return sp_masked{SP_MASK_WITHHELD, {}};
  };
  bench.come_in();
  bench.host.receive(1, error("53300", "too many clients already: jane"));
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'M'), "target \"orders-db\": [withheld]");
}

TEST(TargetLogin, TargetThatHangsUp) {
  LoginBench bench;
  bench.come_in();
  bench.host.event(1, SP_EVENT_END);
  EXPECT_EQ(bench.step, LoginStep::Ended);
  EXPECT_EQ(last_error(bench.host.legs[0].output, 'C'), "08001");
}

// Hostile or broken targets: the session ends with an error, the client never sees an Ok, no secret goes out.
TEST(TargetLogin, TargetsThatAreRefused) {
  const std::string utf8 = status("client_encoding", "UTF8");
  const std::string long_status = status("x", std::string(15'000, 'v'));
  std::string many;
  for (int i = 0; i < 200; ++i) many += status("p" + std::to_string(i), "v");
  const std::pair<const char*, std::string> cases[] = {
      {"ssh", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n"},
      {"length 0", std::string("R") + u32(0)},
      {"length 3", std::string("R") + u32(3)},
      {"negative length", std::string("R") + u32(0x80000004)},
      {"huge length", std::string("R") + u32(0x7fffffff)},
      {"authentication without a code", message('R', "")},
      {"authentication with half a code", message('R', "\1\2")},
      {"Ok with more behind it", authentication(0, "x")},
      {"Kerberos", authentication(2)},
      {"crypt", authentication(4, "ab")},
      {"SCM", authentication(6)},
      {"GSS", authentication(7)},
      {"GSS continue", authentication(8, "x")},
      {"SSPI", authentication(9)},
      {"SASL continue first", authentication(11, "r=x,s=AAAA,i=4096")},
      {"SASL final first", authentication(12, "v=AAAA")},
      {"unknown code", authentication(99)},
      {"cleartext with more", authentication(3, "x")},
      {"md5 without salt", authentication(5)},
      {"md5 with 3 bytes", authentication(5, "abc")},
      {"md5 with 5 bytes", authentication(5, "abcde")},
      {"SASL without mechanisms", authentication(10, std::string(1, '\0'))},
      {"SASL without an end", authentication(10, text("SCRAM-SHA-256"))},
      {"SASL with SHA-1 only", authentication(10, text("SCRAM-SHA-1") + std::string(1, '\0'))},
      {"SASL with PLUS only, in plaintext", authentication(10, text(scram_plus_name) + std::string(1, '\0'))},
      {"SASL with bytes behind", authentication(10, text(scram_name) + std::string(1, '\0') + "x")},
      {"row first", message('D', std::string(2, '\0'))},
      {"ReadyForQuery first", message('Z', "I")},
      {"ParameterStatus first", utf8},
      {"key first", message('K', u32(1) + "abcd")},
      {"copy first", message('W', std::string(3, '\0'))},
      {"negotiation", message('v', u32(protocol_3_0) + u32(0))},
      {"Ok twice", authentication(0) + authentication(0)},
      {"password asked after Ok", authentication(0) + authentication(3)},
      {"not idle", authentication(0) + utf8 + message('Z', "T")},
      {"empty ReadyForQuery", authentication(0) + utf8 + message('Z', "")},
      {"long ReadyForQuery", authentication(0) + utf8 + message('Z', "II")},
      {"no client_encoding", authentication(0) + message('Z', "I")},
      {"another client_encoding",
       authentication(0) + status("client_encoding", "LATIN1") + message('Z', "I")},
      {"encoding changed at the end",
       authentication(0) + utf8 + status("client_encoding", "SJIS") + message('Z', "I")},
      {"status without a value", authentication(0) + message('S', text("x"))},
      {"status without a name", authentication(0) + message('S', text("") + text("x"))},
      {"status with more", authentication(0) + message('S', text("x") + text("y") + "z")},
      {"many statuses", authentication(0) + many},
      {"large statuses", authentication(0) + long_status + long_status + long_status},
      {"key of 3 bytes", authentication(0) + message('K', u32(1) + "abc")},
      {"key of 257 bytes", authentication(0) + message('K', u32(1) + std::string(257, 'x'))},
      {"two keys", authentication(0) + message('K', u32(1) + "abcd") + message('K', u32(2) + "abcd")},
      {"key without a secret", authentication(0) + message('K', u32(1))},
      {"rows after Ok", authentication(0) + message('D', std::string(2, '\0'))},
      {"notification after Ok", authentication(0) + message('A', u32(1) + text("x") + text("y"))},
      {"error without a code", message('E', "M" + text("x") + std::string(1, '\0'))},
      {"error with a bad code", error("28p01", "x")},
      {"error with no end", message('E', "Cabcde")},
      {"empty error", message('E', "")},
  };
  for (const auto& [name, bytes] : cases) {
    LoginBench bench;
    bench.come_in();
    const std::string before = bench.host.legs[1].output;
    bench.host.receive(1, bytes);
    EXPECT_EQ(bench.step, LoginStep::Ended) << name;
    EXPECT_EQ(types(bench.host.legs[0].output), "RRRE") << name;
    EXPECT_EQ(bench.host.legs[1].output, before) << name;
    EXPECT_TRUE(bench.host.legs[0].passed.empty()) << name;
    EXPECT_TRUE(bench.host.called("finish 0")) << name;
  }
}

// Faults inside SCRAM: Ok before the signature, a wrong signature, costly or cheap iteration counts.
TEST(TargetLogin, ScramThatIsRefused) {
  const std::string salt = base64(as_bytes("fedcba9876543210"));
  const auto run = [&](auto answer, std::string_view expect) {
    LoginBench bench;
    bench.come_in();
    bench.host.receive(1, TargetPeer::offer(false));
    const std::string first = last_body(sent_after_startup(bench));
    const std::string nonce = first.substr(first.find(",r=") + 3);
    const std::string before = bench.host.legs[1].output;
    bench.host.receive(1, answer(nonce));
    EXPECT_EQ(bench.step, LoginStep::Ended) << expect;
    EXPECT_EQ(bench.host.legs[1].output, before) << expect;
    EXPECT_NE(last_error(bench.host.legs[0].output, 'M').find(expect), std::string::npos)
        << last_error(bench.host.legs[0].output, 'M');
  };
  const auto with = [&](std::string_view iterations) {
    return [&salt, iterations](const std::string& nonce) {
      return authentication(11, "r=" + nonce + "x,s=" + salt + ",i=" + std::string(iterations));
    };
  };
  run(with("100001"), "above the maximum");
  run(with("10"), "below the minimum");
  run(with("abc"), "malformed");
  run([&](const std::string&) { return authentication(11, "r=other,s=" + salt + ",i=4096"); }, "nonce");
  run([&](const std::string&) { return authentication(0); }, "broke the protocol");
  run([&](const std::string&) { return authentication(12, "v=AAAA"); }, "broke the protocol");
  run([&](const std::string&) { return authentication(10, text(scram_name) + text("")); },
      "broke the protocol");
}

TEST(TargetLogin, TargetMustProveItselfToo) {
  for (const bool skip : {false, true}) {
    LoginBench bench;
    bench.come_in();
    TargetPeer target;
    bench.host.receive(1, TargetPeer::offer(false));
    bench.host.receive(1, target.first(sent_after_startup(bench), "another-secret"));
    bool right = false;
    const std::string final = target.final(sent_after_startup(bench), right);
    EXPECT_FALSE(right);
    bench.host.receive(1, skip ? authentication(0) : final);
    EXPECT_EQ(bench.step, LoginStep::Ended);
    EXPECT_EQ(types(bench.host.legs[0].output), "RRRE");
  }
}

TEST(TargetCancel, SendsTheKeyOverTlsAndCloses) {
  FakeHost host;
  TargetCancel cancel(host.link(), 3);
  int over = 0;
  host.handler = [&](const sp_input& input) { over += cancel.feed(input) ? 1 : 0; };
  cancel.start(SP_TARGET_TLS_VERIFY, {77, "SECR"});
  host.event(3, SP_EVENT_OPENED);
  EXPECT_EQ(host.take(3), request(code_ssl));
  host.receive(3, "S");
  EXPECT_EQ(host.legs[3].tls_calls, 1);
  host.event(3, SP_EVENT_TLS);
  EXPECT_EQ(host.take(3), request(code_cancel, u32(77) + "SECR"));
  EXPECT_EQ(over, 1);
  EXPECT_TRUE(host.legs[3].finished);
  EXPECT_FALSE(cancel.busy());
}

TEST(TargetCancel, SendsNoKeyInPlaintextWhereTlsIsDemanded) {
  for (const std::string answer : {"N", "S!", "E"}) {
    FakeHost host;
    TargetCancel cancel(host.link(), 3);
    bool over = false;
    host.handler = [&](const sp_input& input) { over = cancel.feed(input) || over; };
    cancel.start(SP_TARGET_TLS_REQUIRE, {77, "SECR"});
    host.event(3, SP_EVENT_OPENED);
    host.take(3);
    host.receive(3, answer);
    EXPECT_TRUE(over);
    EXPECT_EQ(host.take(3), "");
  }
}

TEST(TargetCancel, PlainWhereTlsIsOff) {
  FakeHost host;
  TargetCancel cancel(host.link(), 3);
  host.handler = [&](const sp_input& input) { (void)cancel.feed(input); };
  cancel.start(SP_TARGET_TLS_OFF, {77, "SECR"});
  host.event(3, SP_EVENT_OPENED);
  EXPECT_EQ(host.take(3), request(code_cancel, u32(77) + "SECR"));
  EXPECT_TRUE(host.legs[3].finished);
}

}  // namespace
}  // namespace sallyport::pg::test
