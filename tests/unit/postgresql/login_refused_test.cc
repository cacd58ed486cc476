// Hostile clients: each ends with an error, and without a byte for any target.
#include <gtest/gtest.h>

#include "tests/unit/postgresql/login_peers.h"

namespace sallyport::pg::test {
namespace {

TEST(LoginRefused, FirstBytesThatAreRefused) {
  const std::string half_ssl = request(code_ssl, "x");
  Cases cases;
  cases.emplace_back("http", "GET / HTTP/1.1\r\n\r\n");
  cases.emplace_back("ssh", "SSH-2.0-OpenSSH_9.2\r\n");
  cases.emplace_back("zero length", u32(0) + u32(protocol_3_0));
  cases.emplace_back("length 7", u32(7) + u32(protocol_3_0));
  cases.emplace_back("length beyond the cap", u32(10'001) + u32(protocol_3_0));
  cases.emplace_back("negative length", u32(0xffffffff) + u32(protocol_3_0));
  cases.emplace_back("length wraps", u32(0x80000008) + u32(protocol_3_0));
  cases.emplace_back("protocol 2.0", request(2u << 16, text("x")));
  cases.emplace_back("protocol 1.0", request(1u << 16));
  cases.emplace_back("protocol 0", request(0));
  cases.emplace_back("protocol 4.0", request(4u << 16, text("x")));
  cases.emplace_back("unknown 1234", request((1234u << 16) | 5681u));
  cases.emplace_back("SSLRequest with a body", half_ssl);
  cases.emplace_back("GSSENCRequest with a body", request(code_gss, "x"));
  cases.emplace_back("cancel without a secret", request(code_cancel, u32(1)));
  cases.emplace_back("cancel with 3 bytes", request(code_cancel, u32(1) + "abc"));
  cases.emplace_back("cancel with 5 bytes", request(code_cancel, u32(1) + "abcde"));
  cases.emplace_back("cancel of nothing", request(code_cancel));
  cases.emplace_back("no parameters at all", request(protocol_3_0));
  cases.emplace_back("no terminator", request(protocol_3_0, text("user") + text("x")));
  cases.emplace_back("no value", request(protocol_3_0, text("user")));
  cases.emplace_back("no NUL", request(protocol_3_0, "user"));
  cases.emplace_back("bytes behind the terminator",
                     request(protocol_3_0, text("user") + text("x") + text("") + "y"));
  cases.emplace_back("no user", startup({{"database", "shop"}}));
  cases.emplace_back("empty user", startup({{"user", ""}}));
  cases.emplace_back("user with a newline", startup({{"user", "a\nb"}}));
  cases.emplace_back("user not UTF-8", startup({{"user", "\xff"}}));
  cases.emplace_back("long user", startup({{"user", std::string(256, 'a')}}));
  cases.emplace_back("long database", startup({{"user", "a"}, {"database", std::string(64, 'a')}}));
  cases.emplace_back("two users", startup({{"user", "a"}, {"user", "b"}}));
  cases.emplace_back("two databases", startup({{"user", "a"}, {"database", "b"}, {"database", "c"}}));
  cases.emplace_back("replication of nothing", startup({{"user", "a"}, {"replication", "maybe"}}));
  cases.emplace_back("replication twice",
                     startup({{"user", "a"}, {"replication", "on"}, {"replication", "off"}}));
  cases.emplace_back("role", startup({{"user", "a"}, {"role", "postgres"}}));
  cases.emplace_back("session_authorization", startup({{"user", "a"}, {"session_authorization", "b"}}));
  cases.emplace_back("scs off", startup({{"user", "a"}, {"standard_conforming_strings", "off"}}));
  cases.emplace_back("unknown parameter", startup({{"user", "a"}, {"x", "y"}}));
  cases.emplace_back("latin1", startup({{"user", "a"}, {"client_encoding", "LATIN1"}}));
  cases.emplace_back("options role", startup({{"user", "a"}, {"options", "-c role=postgres"}}));
  cases.emplace_back("options --", startup({{"user", "a"}, {"options", "--role=postgres"}}));
  cases.emplace_back("options -W", startup({{"user", "a"}, {"options", "-W 10"}}));
  cases.emplace_back("options encoding", startup({{"user", "a"}, {"options", "-cclient_encoding=BIG5"}}));
  cases.emplace_back("options twice", startup({{"user", "a"}, {"options", ""}, {"options", ""}}));
  cases.emplace_back("SSLRequest with plaintext behind it", request(code_ssl) + "x");
  cases.emplace_back("SSLRequest with a startup behind it", request(code_ssl) + startup({{"user", "a"}}));
  cases.emplace_back("GSSENCRequest twice", request(code_gss) + request(code_gss));
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
TEST(LoginRefused, SaslMessagesThatAreRefused) {
  const std::string first = "n,,n=,r=abcdefgh";
  Cases cases;
  cases.emplace_back("query before the proof", message('Q', text("DROP TABLE x")));
  cases.emplace_back("terminate", message('X', ""));
  cases.emplace_back("parse", message('P', text("") + text("SELECT 1") + std::string(2, '\0')));
  cases.emplace_back("sync", message('S', ""));
  cases.emplace_back("type 0", message('\0', "abc"));
  cases.emplace_back("a startup again", startup({{"user", "b"}}));
  cases.emplace_back("TLS now", "\x16\x03\x01");
  cases.emplace_back("length 0", std::string("p") + u32(0));
  cases.emplace_back("length 3", std::string("p") + u32(3));
  cases.emplace_back("negative length", std::string("p") + u32(0xffffffff));
  cases.emplace_back("huge length", std::string("p") + u32(0x7fffffff));
  cases.emplace_back("beyond the cap", message('p', std::string(5000, 'a')));
  cases.emplace_back("empty", message('p', ""));
  cases.emplace_back("no NUL", message('p', "SCRAM-SHA-256"));
  cases.emplace_back("no length", message('p', text(scram_name)));
  cases.emplace_back("no initial response", message('p', text(scram_name) + u32(0xffffffff)));
  cases.emplace_back("unknown mechanism", sasl_initial("SCRAM-SHA-1", first));
  cases.emplace_back("PLUS that was not offered",
                     sasl_initial(scram_plus_name, "p=tls-server-end-point,,n=,r=abc"));
  cases.emplace_back("empty mechanism", sasl_initial("", first));
  cases.emplace_back("a password", message('p', text("secret")));
  cases.emplace_back("length too small", message('p', text(scram_name) + u32(3) + first));
  cases.emplace_back("length too large", message('p', text(scram_name) + u32(99) + first));
  cases.emplace_back("empty message", sasl_initial(scram_name, ""));
  cases.emplace_back("authzid", sasl_initial(scram_name, "n,a=root,n=,r=abc"));
  cases.emplace_back("mandatory extension", sasl_initial(scram_name, "n,,m=x,n=,r=abc"));
  cases.emplace_back("no nonce", sasl_initial(scram_name, "n,,n=user"));
  cases.emplace_back("NUL in it", sasl_initial(scram_name, std::string("n,,n=,r=a\0b", 11)));
  cases.emplace_back("huge nonce", sasl_initial(scram_name, "n,,n=,r=" + std::string(1000, 'n')));
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

TEST(LoginRefused, UpgradesInsideTlsAreRefused) {
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

}  // namespace
}  // namespace sallyport::pg::test
