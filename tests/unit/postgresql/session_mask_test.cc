// Rows, reports and notifications where masks apply.
#include "tests/unit/postgresql/session_bench.h"

namespace sallyport::pg::test {
namespace {

// A host that masks the column "email", and everything of unknown origin by content: "secret" is replaced.
struct Masked : Bench {
  std::string replacement = "******";

  Masked() {
    host.masked_field = [](const sp_field&) { return true; };
    host.mask_value = [this](sp_field_id, std::string_view value, uint8_t* at) -> sp_masked {
      const size_t found = value.find("secret");
      if (found == std::string_view::npos) return {SP_MASK_UNCHANGED, {nullptr, 0}};
      if (replacement.size() == 6) {
        std::memcpy(at + found, replacement.data(), 6);
        return {SP_MASK_EDITED, {nullptr, 0}};
      }
      return {SP_MASK_REPLACED, {reinterpret_cast<const uint8_t*>(replacement.data()), replacement.size()}};
    };
  }
};

TEST(SessionMask, EditsInPlace) {
  Masked bench;
  bench.client(query("SELECT a FROM b"));
  bench.target(columns({"a"}) + row({"my secret"}) + row({"plain"}) + complete("SELECT 2") + ready());
  EXPECT_EQ(bench.to_client(),
            columns({"a"}) + row({"my ******"}) + row({"plain"}) + complete("SELECT 2") + ready());
  EXPECT_EQ(bench.host.mask_sizes, std::vector<size_t>{3});  // the column's name is looked at too
}

TEST(SessionMask, EmitsResizedRows) {
  Masked bench;
  bench.replacement = "-";
  bench.client(query("SELECT a FROM b"));
  bench.target(columns({"a"}) + row({"my secret"}) + row({"plain"}) + complete("SELECT 2") + ready());
  EXPECT_EQ(bench.to_client(), columns({"a"}) + row({"-"}) + row({"plain"}) + complete("SELECT 2") + ready());
}

// Errors and notices carry values too.
TEST(SessionMask, MasksReports) {
  Masked bench;
  bench.target(notice("the secret is out"));
  EXPECT_EQ(bench.to_client().find("secret"), std::string::npos);
  bench.client(query("SELECT 1"));
  bench.target(failure("22P02", "invalid input: secret") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(out.find("secret"), std::string::npos);
}

// A notification's payload and a free-text parameter have no origin: they are withheld.
TEST(SessionMask, WithholdsPayloads) {
  Masked bench;
  Writer out;
  out.begin(back::notification).u32(1).text("channel").text("secret").end();
  bench.target(taken(out) + parameter_status("application_name", "secret") +
               parameter_status("TimeZone", "UTC"));
  const std::string got = bench.to_client();
  EXPECT_EQ(kinds(got), "AS");
  EXPECT_EQ(got.find("secret"), std::string::npos);
}

// A parameter that the gateway has never heard of may say anything: its value passes the masks.
TEST(SessionMask, MasksUnknownParameters) {
  Masked bench;
  bench.target(parameter_status("crunchy.region", "a secret place") +
               parameter_status("crunchy.zone", "plain"));
  EXPECT_EQ(bench.to_client(),
            parameter_status("crunchy.region", "a ****** place") + parameter_status("crunchy.zone", "plain"));
  EXPECT_FALSE(bench.faulted);
}

// A client that asks for no description gets its rows by one that the gateway asks for.
TEST(SessionMask, DescribesForItself) {
  Masked bench;
  bench.client(parse("", "SELECT a FROM b") + bind("", "") + execute("") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PBDES");
  bench.target(parsed() + bound() + columns({"a"}) + row({"secret"}) + complete("SELECT 1") + ready());
  EXPECT_EQ(bench.to_client(), parsed() + bound() + row({"******"}) + complete("SELECT 1") + ready());
  EXPECT_FALSE(bench.faulted);
}

TEST(SessionMask, UsesTheClientsDescription) {
  Masked bench;
  bench.client(parse("", "SELECT a FROM b") + bind("", "") + describe('P', "") + execute("") + sync());
  EXPECT_EQ(kinds(bench.to_target()), "PBDES");
  bench.target(parsed() + bound() + columns({"a"}) + row({"secret"}) + complete("SELECT 1") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "12TDCZ");
}

// When our own description fails, the client sees one error, as without it.
TEST(SessionMask, OwnDescriptionFails) {
  Masked bench;
  bench.client(parse("", "SELECT a FROM b") + bind("", "") + execute("") + sync());
  bench.target(parsed() + bound() + failure("34000") + ready());
  EXPECT_EQ(kinds(bench.to_client()), "12EZ");
  EXPECT_FALSE(bench.faulted);
}

// A binary value cannot be looked into: NULL goes in its place.
TEST(SessionMask, WithholdsBinary) {
  Masked bench;
  bench.client(parse("", "SELECT a FROM b") + bind("", "") + describe('P', "") + execute("") + sync());
  bench.target(parsed() + bound() + columns({"a"}, 1) + row({"secret"}) + complete("SELECT 1") + ready());
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "12TDCZ");
  EXPECT_EQ(out.find("secret"), std::string::npos);
}

// A row too large to be held comes without its values, and is counted.
TEST(SessionMask, WithholdsLargeRows) {
  Masked bench;
  bench.client(query("SELECT a FROM b"));
  const std::string large(message_size_max + 100, 's');
  bench.target(columns({"a"}) + row({large}) + row({"x"}) + complete("SELECT 2") + ready(), 65536);
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "TDDCZ");
  EXPECT_LT(out.size(), 200u);
  EXPECT_TRUE(bench.host.called("name withheld row"));
  EXPECT_FALSE(bench.faulted);
}

// Without masks rows of any size pass by credit, and nothing is asked of the host.
TEST(SessionMask, StreamsWithoutMasks) {
  Bench bench;
  bench.client(query("SELECT a FROM b"));
  const std::string answer =
      columns({"a"}) + row({std::string(message_size_max + 100, 's')}) + complete("SELECT 1") + ready();
  bench.target(answer, 65536);
  EXPECT_EQ(bench.to_client(), answer);
  EXPECT_TRUE(bench.host.mask_sizes.empty());
  EXPECT_TRUE(bench.host.called("reply_end 1 SELECT 1"));
}

// A report too large to be held keeps its code and loses its texts.
TEST(SessionMask, ShortensLargeReports) {
  Bench bench;
  bench.client(query("SELECT 1"));
  bench.target(failure("P0001", std::string(message_size_max, 'm')) + ready(), 65536);
  const std::string out = bench.to_client();
  EXPECT_EQ(kinds(out), "EZ");
  EXPECT_EQ(said(out, 'C'), "P0001");
  EXPECT_LT(out.size(), 300u);
  EXPECT_FALSE(bench.faulted);
}

// Replies byte by byte give the same as replies at once.
TEST(SessionMask, SplitInvariance) {
  const std::string answer = notice("secret") + parsed() + bound() + columns({"a", "b"}) +
                             row({"secret", "x"}) + row({"y", "my secret"}) + complete("SELECT 2") + ready();
  for (const std::string replacement : {"******", "-"}) {
    std::string whole;
    for (const size_t piece : {0, 1, 2, 3, 7, 50}) {
      Masked bench;
      bench.replacement = replacement;
      bench.client(parse("", "SELECT a, b FROM c") + bind("", "") + describe('P', "") + execute("") + sync(),
                   piece);
      bench.target(answer, piece);
      const std::string out = bench.to_client();
      if (piece == 0) whole = out;
      EXPECT_EQ(out, whole) << piece;
      EXPECT_EQ(out.find("secret"), std::string::npos);
      EXPECT_FALSE(bench.faulted);
    }
  }
}

}  // namespace
}  // namespace sallyport::pg::test
