// SCRAM by the vectors of RFC 7677, both sides against each other, and every way to get it wrong.
#include "plugins/postgresql/login/scram.h"

#include <gtest/gtest.h>

#include "tests/unit/postgresql/fake_host.h"

namespace sallyport::pg::test {
namespace {

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

const std::string salt = "0123456789abcdef";
const std::string client_random = "client-random-0001";
const std::string server_random = "server-random-0002";

// Runs a whole exchange with `password` against a verifier of "pencil". True: both sides are satisfied.
struct Exchange {
  ScramServer server;
  ScramClient client;
  bool plus;
  bool proof_right = false;
  Scram<void> verified;

  Exchange(std::string server_binding, ScramClient::Binding kind, std::string client_binding)
      : server(std::move(server_binding)),
        client(kind, std::move(client_binding)),
        plus(kind == ScramClient::Binding::Plus) {}

  std::optional<ScramFault> run(std::string_view password) {
    const auto server_first = server.first(plus, client.first(bytes(client_random)),
                                           make_verifier("pencil", salt, 4096), bytes(server_random));
    if (!server_first) return server_first.error();
    const auto challenge = client.challenge(*server_first);
    if (!challenge) return challenge.error();
    const std::string salted = salted_password(password, challenge->salt, challenge->iterations);
    const auto right = server.finish(client.final(bytes(salted)));
    if (!right) return right.error();
    proof_right = *right;
    verified = client.verify(server.server_final());
    return std::nullopt;
  }
};

// RFC 7677, section 3.
TEST(Scram, VectorOfRfc7677) {
  const std::string auth_message =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,"
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const std::string rfc_salt = *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==");
  const auto [proof, signature] =
      scram_answer(bytes(salted_password("pencil", rfc_salt, 4096)), auth_message);
  EXPECT_EQ(base64(proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(base64(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  const sp_scram_verifier verifier = make_verifier("pencil", rfc_salt, 4096);
  EXPECT_TRUE(scram_check(verifier, auth_message, proof));
  EXPECT_EQ(base64(hmac_sha256(verifier.server_key, auth_message)), base64(signature));
}

TEST(Scram, BothSidesAgreeWithoutBinding) {
  Exchange exchange("", ScramClient::Binding::None, "");
  ASSERT_EQ(exchange.run("pencil"), std::nullopt);
  EXPECT_TRUE(exchange.proof_right);
  EXPECT_TRUE(exchange.verified.has_value());
}

TEST(Scram, BothSidesAgreeWhereTheServerHasNoBindingButTheClientHas) {
  Exchange exchange("", ScramClient::Binding::Unoffered, "");
  ASSERT_EQ(exchange.run("pencil"), std::nullopt);
  EXPECT_TRUE(exchange.proof_right);
}

TEST(Scram, BothSidesAgreeWithBinding) {
  Exchange exchange("certificate", ScramClient::Binding::Plus, "certificate");
  ASSERT_EQ(exchange.run("pencil"), std::nullopt);
  EXPECT_TRUE(exchange.proof_right);
  EXPECT_TRUE(exchange.verified.has_value());
}

// A client without channel binding may choose the plain mechanism though PLUS is offered.
TEST(Scram, PlainIsTakenWherePlusIsOffered) {
  Exchange exchange("certificate", ScramClient::Binding::None, "");
  ASSERT_EQ(exchange.run("pencil"), std::nullopt);
  EXPECT_TRUE(exchange.proof_right);
}

TEST(Scram, WrongPasswordFailsOnBothSides) {
  Exchange exchange("", ScramClient::Binding::None, "");
  ASSERT_EQ(exchange.run("pencil "), std::nullopt);
  EXPECT_FALSE(exchange.proof_right);
  EXPECT_EQ(exchange.verified.error(), ScramFault::Signature);
}

// RFC 5802, section 6: "y" though we offered PLUS means that somebody took it out of our list.
TEST(Scram, DowngradeIsRefused) {
  Exchange exchange("certificate", ScramClient::Binding::Unoffered, "");
  EXPECT_EQ(exchange.run("pencil"), ScramFault::Downgrade);
}

// A man in the middle has another certificate on each side.
TEST(Scram, AnotherCertificateIsRefused) {
  Exchange exchange("certificate", ScramClient::Binding::Plus, "certificatf");
  EXPECT_EQ(exchange.run("pencil"), ScramFault::Binding);
}

ScramFault first_fault(std::string_view message, bool plus = false, std::string binding = "") {
  ScramServer server(std::move(binding));
  const auto read = server.first(plus, message, make_verifier("pencil", salt, 4096), bytes(server_random));
  EXPECT_FALSE(read.has_value()) << message;
  return read ? ScramFault::Refused : read.error();
}

TEST(Scram, ServerRefusesBadClientFirst) {
  using enum ScramFault;
  const std::string nul("n,,n=,r=ab\0c", 12);
  const std::pair<std::string, ScramFault> cases[] = {
      {"", Malformed},
      {"n", Malformed},
      {"n,", Malformed},
      {"n,,", Malformed},
      {"n,,n=", Malformed},
      {"n,,n=,", Malformed},
      {"n,,n=,r=", Malformed},
      {"n,,r=abc", Malformed},
      {"n,,r=abc,n=", Malformed},
      {"n,,n=,r=a b", Malformed},
      {"n,,n=,r=a\xc3\xa9", Malformed},
      {"n,,n=,r=abc,", Malformed},
      {"n,,n=,r=abc,x", Malformed},
      {"n,,n=,r=abc,1=x", Malformed},
      {"n,,n=,r=abc,x=", Malformed},
      {nul, Malformed},
      {"x,,n=,r=abc", Malformed},
      {"n,n=,r=abc", Malformed},
      {"nn,,n=,r=abc", Malformed},
      {"n,a=other,n=,r=abc", Unsupported},
      {"n,,m=1,n=,r=abc", Unsupported},
      {"p=tls-server-end-point,,n=,r=abc", Malformed},  // under the plain mechanism
      {"n,,n=,r=" + std::string(scram_nonce_size_max + 1, 'a'), Malformed},
      {"n,,n=" + std::string(scram_message_size_max, 'a') + ",r=abc", Malformed},
  };
  for (const auto& [message, fault] : cases) EXPECT_EQ(first_fault(message), fault) << message;
  EXPECT_EQ(first_fault("n,,n=,r=abc", true, "certificate"), Malformed);
  EXPECT_EQ(first_fault("y,,n=,r=abc", true, "certificate"), Malformed);
  EXPECT_EQ(first_fault("p=,,n=,r=abc", true, "certificate"), Malformed);
  EXPECT_EQ(first_fault("p=tls-unique,,n=,r=abc", true, "certificate"), Unsupported);
  EXPECT_EQ(first_fault("p=tls-server-end-point,,n=,r=abc", true, ""), Malformed);
}

TEST(Scram, ServerTakesNamesAndExtensionsThatItIgnores) {
  ScramServer server("");
  EXPECT_TRUE(
      server.first(false, "n,,n=*,r=abc,x=later", make_verifier("pencil", salt, 4096), bytes(server_random)));
}

// A final message that is right but for one thing.
TEST(Scram, ServerRefusesBadClientFinal) {
  using enum ScramFault;
  const auto finish = [](auto change) -> Scram<bool> {
    ScramServer server("");
    ScramClient client(ScramClient::Binding::None, "");
    const auto first = server.first(false, client.first(bytes(client_random)),
                                    make_verifier("pencil", salt, 4096), bytes(server_random));
    EXPECT_TRUE(client.challenge(*first).has_value());
    std::string message = client.final(bytes(salted_password("pencil", salt, 4096)));
    change(message);
    return server.finish(message);
  };
  const auto fault = [&](auto change) {
    const auto read = finish(change);
    return read ? std::optional<ScramFault>() : read.error();
  };
  EXPECT_EQ(fault([](std::string&) {}), std::nullopt);
  EXPECT_EQ(fault([](std::string& m) { m.clear(); }), Malformed);
  EXPECT_EQ(fault([](std::string& m) { m = "c=biws"; }), Malformed);
  EXPECT_EQ(fault([](std::string& m) { m.resize(m.rfind(",p=")); }), Malformed);
  EXPECT_EQ(fault([](std::string& m) { m.resize(m.size() - 1); }), Malformed);
  EXPECT_EQ(fault([](std::string& m) { m += "AAAA"; }), Malformed);
  EXPECT_EQ(fault([](std::string& m) { m += ",x=1"; }), Malformed);
  EXPECT_EQ(fault([](std::string& m) { m.back() = '\n'; }), Malformed);
  EXPECT_EQ(fault([](std::string& m) { m[m.size() - 2] = static_cast<char>(m[m.size() - 2] ^ 1); }),
            Malformed);
  EXPECT_EQ(fault([](std::string& m) { m.insert(m.rfind(",p="), ",bad"); }), Malformed);
  EXPECT_EQ(fault([](std::string& m) { m.replace(0, 6, "c=eSws"); }), Binding);
  EXPECT_EQ(fault([](std::string& m) { m.insert(m.rfind(",p="), "x"); }), Nonce);
  EXPECT_EQ(fault([](std::string& m) { m.erase(m.rfind(",p=") - 1, 1); }), Nonce);
  // Well formed, and signed over something else.
  const auto extended = finish([](std::string& m) { m.insert(m.rfind(",p="), ",x=1"); });
  ASSERT_TRUE(extended.has_value());
  EXPECT_FALSE(*extended);
}

TEST(Scram, EveryFlippedProofBitIsWrong) {
  ScramServer server("");
  ScramClient client(ScramClient::Binding::None, "");
  const auto first = server.first(false, client.first(bytes(client_random)),
                                  make_verifier("pencil", salt, 4096), bytes(server_random));
  ASSERT_TRUE(client.challenge(*first).has_value());
  const std::string message = client.final(bytes(salted_password("pencil", salt, 4096)));
  const size_t at = message.rfind(",p=") + 3;
  const std::string proof = *base64_decode(message.substr(at));
  for (size_t bit = 0; bit < proof.size() * 8; ++bit) {
    std::string wrong = proof;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
    const auto right = server.finish(message.substr(0, at) + base64(bytes(wrong)));
    ASSERT_TRUE(right.has_value());
    EXPECT_FALSE(*right) << bit;
  }
}

TEST(Scram, ClientRefusesBadChallenges) {
  using enum ScramFault;
  const auto fault = [](std::string_view after_nonce, bool own_nonce = true) -> std::optional<ScramFault> {
    ScramClient client(ScramClient::Binding::None, "");
    const std::string first = client.first(bytes(client_random));
    const std::string nonce = first.substr(first.find(",r=") + 3);
    const auto read =
        client.challenge("r=" + (own_nonce ? nonce : "x" + nonce.substr(1)) + std::string(after_nonce));
    return read ? std::optional<ScramFault>() : read.error();
  };
  const std::string good_salt = base64(bytes(salt));
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=4096"), std::nullopt);
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=100000"), std::nullopt);
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=100001"), Costly);
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=4294967296"), Costly);
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=99999999999999999999999"), Costly);
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=4095"), Weak);
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=1"), Weak);
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=-1"), Malformed);
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=4096x"), Malformed);
  EXPECT_EQ(fault("more,s=" + good_salt + ",i="), Malformed);
  EXPECT_EQ(fault("more,s=" + good_salt), Malformed);
  EXPECT_EQ(fault("more,s=,i=4096"), Malformed);
  EXPECT_EQ(fault("more,s=!!!!,i=4096"), Malformed);
  EXPECT_EQ(fault("more,s=" + base64(bytes(std::string(scram_salt_size_max + 1, 's'))) + ",i=4096"),
            Malformed);
  EXPECT_EQ(fault(",s=" + good_salt + ",i=4096"), Nonce);  // the server added nothing
  EXPECT_EQ(fault("more,s=" + good_salt + ",i=4096", false), Nonce);
  EXPECT_EQ(fault(std::string(scram_nonce_size_max + 1, 'n') + ",s=" + good_salt + ",i=4096"), Malformed);
  EXPECT_EQ(fault("m\xffre,s=" + good_salt + ",i=4096"), Malformed);
  ScramClient client(ScramClient::Binding::None, "");
  (void)client.first(bytes(client_random));
  EXPECT_EQ(client.challenge("e=other-error").error(), Refused);
  EXPECT_EQ(client.challenge("m=x,r=abc").error(), Unsupported);
  EXPECT_EQ(client.challenge("").error(), Malformed);
}

TEST(Scram, ClientRefusesAServerThatDoesNotKnowTheSecret) {
  using enum ScramFault;
  ScramServer server("");
  ScramClient client(ScramClient::Binding::None, "");
  const auto first = server.first(false, client.first(bytes(client_random)),
                                  make_verifier("other", salt, 4096), bytes(server_random));
  ASSERT_TRUE(client.challenge(*first).has_value());
  ASSERT_TRUE(server.finish(client.final(bytes(salted_password("pencil", salt, 4096)))).has_value());
  EXPECT_EQ(client.verify(server.server_final()).error(), Signature);
  EXPECT_EQ(client.verify("v=").error(), Malformed);
  EXPECT_EQ(client.verify("v=AAAA").error(), Signature);
  EXPECT_EQ(client.verify("v=****").error(), Signature);
  EXPECT_EQ(client.verify("e=invalid-proof").error(), Refused);
  EXPECT_EQ(client.verify("").error(), Malformed);
}

TEST(Scram, Base64IsStrict) {
  EXPECT_EQ(base64(bytes("")), "");
  EXPECT_EQ(base64(bytes("f")), "Zg==");
  EXPECT_EQ(base64(bytes("fo")), "Zm8=");
  EXPECT_EQ(base64(bytes("foo")), "Zm9v");
  EXPECT_EQ(base64(bytes("foobar")), "Zm9vYmFy");
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    EXPECT_EQ(base64_decode(base64(bytes(text))), text);
  }
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "=Zg=", "====", "Z===", "Zm 9", "Zm9v\n"}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

// "md5" + md5(md5("secretapp") in hex + salt), computed apart.
TEST(Scram, Md5Password) {
  EXPECT_EQ(md5_password("app", "secret", bytes("\x01\x02\x03\x04")), "md5911f527656472583a006e7727877b33e");
}

}  // namespace
}  // namespace sallyport::pg::test
