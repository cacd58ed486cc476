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
  EXPECT_TRUE(cancel.busy()) << "until the server has signalled its process, which it says by closing";
  host.event(3, SP_EVENT_END);
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
  host.event(3, SP_EVENT_END);
  EXPECT_TRUE(host.legs[3].finished);
}

}  // namespace
}  // namespace sallyport::pg::test
