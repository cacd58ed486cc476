// Hostile targets: each ends with an error for the client, who never sees an Ok, and no secret goes out.
#include <gtest/gtest.h>

#include "tests/unit/postgresql/login_peers.h"

namespace sallyport::pg::test {
namespace {

// Hostile or broken targets: the session ends with an error, the client never sees an Ok, no secret goes out.
TEST(TargetRefused, TargetsThatAreRefused) {
  const std::string utf8 = status("client_encoding", "UTF8");
  const std::string long_status = status("x", std::string(15'000, 'v'));
  std::string many;
  for (int i = 0; i < 200; ++i) many += status("p" + std::to_string(i), "v");
  Cases cases;
  cases.emplace_back("ssh", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n");
  cases.emplace_back("length 0", std::string("R") + u32(0));
  cases.emplace_back("length 3", std::string("R") + u32(3));
  cases.emplace_back("negative length", std::string("R") + u32(0x80000004));
  cases.emplace_back("huge length", std::string("R") + u32(0x7fffffff));
  cases.emplace_back("authentication without a code", message('R', ""));
  cases.emplace_back("authentication with half a code", message('R', "\1\2"));
  cases.emplace_back("Ok with more behind it", authentication(0, "x"));
  cases.emplace_back("Kerberos", authentication(2));
  cases.emplace_back("crypt", authentication(4, "ab"));
  cases.emplace_back("SCM", authentication(6));
  cases.emplace_back("GSS", authentication(7));
  cases.emplace_back("GSS continue", authentication(8, "x"));
  cases.emplace_back("SSPI", authentication(9));
  cases.emplace_back("SASL continue first", authentication(11, "r=x,s=AAAA,i=4096"));
  cases.emplace_back("SASL final first", authentication(12, "v=AAAA"));
  cases.emplace_back("unknown code", authentication(99));
  cases.emplace_back("cleartext with more", authentication(3, "x"));
  cases.emplace_back("md5 without salt", authentication(5));
  cases.emplace_back("md5 with 3 bytes", authentication(5, "abc"));
  cases.emplace_back("md5 with 5 bytes", authentication(5, "abcde"));
  cases.emplace_back("SASL without mechanisms", authentication(10, std::string(1, '\0')));
  cases.emplace_back("SASL without an end", authentication(10, text("SCRAM-SHA-256")));
  cases.emplace_back("SASL with SHA-1 only", authentication(10, text("SCRAM-SHA-1") + std::string(1, '\0')));
  cases.emplace_back("SASL with PLUS only, in plaintext",
                     authentication(10, text(scram_plus_name) + std::string(1, '\0')));
  cases.emplace_back("SASL with bytes behind",
                     authentication(10, text(scram_name) + std::string(1, '\0') + "x"));
  cases.emplace_back("row first", message('D', std::string(2, '\0')));
  cases.emplace_back("ReadyForQuery first", message('Z', "I"));
  cases.emplace_back("ParameterStatus first", utf8);
  cases.emplace_back("key first", message('K', u32(1) + "abcd"));
  cases.emplace_back("copy first", message('W', std::string(3, '\0')));
  cases.emplace_back("negotiation", message('v', u32(protocol_3_0) + u32(0)));
  cases.emplace_back("Ok twice", authentication(0) + authentication(0));
  cases.emplace_back("password asked after Ok", authentication(0) + authentication(3));
  cases.emplace_back("not idle", authentication(0) + utf8 + message('Z', "T"));
  cases.emplace_back("empty ReadyForQuery", authentication(0) + utf8 + message('Z', ""));
  cases.emplace_back("long ReadyForQuery", authentication(0) + utf8 + message('Z', "II"));
  cases.emplace_back("no client_encoding", authentication(0) + message('Z', "I"));
  cases.emplace_back("another client_encoding",
                     authentication(0) + status("client_encoding", "LATIN1") + message('Z', "I"));
  cases.emplace_back("encoding changed at the end",
                     authentication(0) + utf8 + status("client_encoding", "SJIS") + message('Z', "I"));
  cases.emplace_back("status without a value", authentication(0) + message('S', text("x")));
  cases.emplace_back("status without a name", authentication(0) + message('S', text("") + text("x")));
  cases.emplace_back("status with more", authentication(0) + message('S', text("x") + text("y") + "z"));
  cases.emplace_back("many statuses", authentication(0) + many);
  cases.emplace_back("large statuses", authentication(0) + long_status + long_status + long_status);
  cases.emplace_back("key of 3 bytes", authentication(0) + message('K', u32(1) + "abc"));
  cases.emplace_back("key of 257 bytes", authentication(0) + message('K', u32(1) + std::string(257, 'x')));
  cases.emplace_back("two keys",
                     authentication(0) + message('K', u32(1) + "abcd") + message('K', u32(2) + "abcd"));
  cases.emplace_back("key without a secret", authentication(0) + message('K', u32(1)));
  cases.emplace_back("rows after Ok", authentication(0) + message('D', std::string(2, '\0')));
  cases.emplace_back("notification after Ok",
                     authentication(0) + message('A', u32(1) + text("x") + text("y")));
  cases.emplace_back("error without a code", message('E', "M" + text("x") + std::string(1, '\0')));
  cases.emplace_back("error with a bad code", error("28p01", "x"));
  cases.emplace_back("error with no end", message('E', "Cabcde"));
  cases.emplace_back("empty error", message('E', ""));
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
TEST(TargetRefused, ScramThatIsRefused) {
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

TEST(TargetRefused, TargetMustProveItselfToo) {
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

}  // namespace
}  // namespace sallyport::pg::test
