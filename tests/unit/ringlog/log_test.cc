// Writer, reader and verify together over files in memory: what goes in comes out, once, in order, and
// verifies.
#include "fixture.h"
#include "ringlog/facts.h"
#include "ringlog/session_name.h"
#include "ringlog/sessions.h"

namespace sallyport::ringlog {
namespace {

TEST_F(LogTest, WhatIsRecordedIsReadAndVerifies) {
  start();
  ASSERT_TRUE(recorder_->boot({.instance = "gate-1", .version = "0.1"}));
  ASSERT_TRUE(recorder_->session_opened(session_id(0, 1), {.peer = "127.0.0.1:5", .protocol = "postgresql"}));
  ASSERT_TRUE(request(session_id(0, 1), "select 1"));
  EXPECT_EQ(recorder_->durable(), 0U);
  step();
  EXPECT_EQ(recorder_->durable(), 3U);
  ASSERT_TRUE(request(session_id(0, 2), "select 2"));
  ASSERT_TRUE(recorder_->session_closed(session_id(0, 1), {.reason = "client-closed", .requests = 1}));
  step();
  ASSERT_TRUE(writer_->close(now_));

  EXPECT_EQ(payloads(), (std::vector<std::string>{"", "", "select 1", "select 2", ""}));
  EXPECT_EQ(payloads({.session = session_id(0, 1)}), (std::vector<std::string>{"", "select 1", ""}));
  const VerifyReport report = check();
  EXPECT_TRUE(report.whole()) << say(report);
  EXPECT_TRUE(report.closed);
  EXPECT_EQ(report.records, 5U);
  EXPECT_EQ(report.commits, 2U);
  EXPECT_TRUE(report.torn.empty());
}

// Facts survive the way through FlatBuffers.
TEST_F(LogTest, FactsComeBack) {
  start();
  const std::string_view verbs[] = {"SELECT", "DROP"}, objects[] = {"public.a"};
  const Field fields[] = {{"rows", "12"}, {"empty", ""}};
  ASSERT_TRUE(recorder_->request(5,
                                 {.ticket = 77,
                                  .stage = Stage::Prepare,
                                  .verbs = verbs,
                                  .objects = objects,
                                  .fields = fields,
                                  .verdict = Verdict::Wait,
                                  .rule = "destructive",
                                  .approval = "7F3K",
                                  .in_transaction = true,
                                  .policy = 0x0102030405060708},
                                 bytes_of_text("drop table a")));
  step();
  Reader reader(files_, "log");
  const auto record = reader.next();
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->kind, Kind::Request);
  EXPECT_EQ((*record)->session, 5U);
  const fbs::Header* header = facts_of(**record);
  ASSERT_NE(header, nullptr);
  const fbs::Request* facts = header->facts_as_Request();
  ASSERT_NE(facts, nullptr);
  EXPECT_EQ(facts->ticket(), 77U);
  EXPECT_EQ(facts->verdict(), static_cast<uint8_t>(Verdict::Wait));
  EXPECT_EQ(text_of(facts->rule()), "destructive");
  EXPECT_EQ(facts->verbs()->size(), 2U);
  EXPECT_EQ(text_of(facts->verbs()->Get(1)), "DROP");
  EXPECT_EQ(text_of(facts->fields()->Get(0)->value()), "12");
  EXPECT_EQ(text_of(facts->fields()->Get(1)->value()), "");
  EXPECT_TRUE(facts->in_transaction());
  EXPECT_FALSE(facts->ours());
  EXPECT_EQ(facts->policy(), 0x0102030405060708U);
}

// Many segments: each closed, cut to its size, signed by the one before.
TEST_F(LogTest, RollsOverSegments) {
  start();
  std::vector<std::string> expected;
  for (int i = 0; i < 300; i++) {
    expected.push_back(std::string(1000, static_cast<char>('a' + i % 26)));
    ASSERT_TRUE(request(1 + static_cast<uint64_t>(i % 7), expected.back()));
    if (i % 3 == 0) step();
  }
  ASSERT_TRUE(writer_->close(now_));
  EXPECT_GT(segments().size(), 4U);
  EXPECT_EQ(payloads(), expected);
  const VerifyReport report = check();
  EXPECT_TRUE(report.whole()) << say(report);
  EXPECT_EQ(report.segments, segments().size());
}

// A commit larger than a segment still goes in.
TEST_F(LogTest, CommitLargerThanASegment) {
  start();
  const std::string text(200'000, 'q');
  ASSERT_TRUE(request(1, "before"));
  step();
  ASSERT_TRUE(request(1, text));
  step();
  ASSERT_TRUE(request(1, "after"));
  ASSERT_TRUE(writer_->close(now_ + 1));
  EXPECT_EQ(payloads(), (std::vector<std::string>{"before", text, "after"}));
  EXPECT_TRUE(check().whole());
}

// Idle time is attested, costs no room, and does not make an older saved head invalid.
TEST_F(LogTest, IdleCheckpointsCostNoRoom) {
  start();
  ASSERT_TRUE(request(1, "one"));
  step();
  const uint64_t size = files_.used();
  const uint64_t written = writer_->totals().bytes;
  const Head saved = writer_->head();
  for (int i = 0; i < 1000; i++) {
    tick(1000);
    writer_->step(now_);
  }
  EXPECT_EQ(writer_->totals().idle_checkpoints, 1000U);
  EXPECT_EQ(files_.used(), size);
  EXPECT_EQ(writer_->totals().bytes, written);
  VerifyReport report = check(saved);
  EXPECT_TRUE(report.whole()) << say(report);
  EXPECT_EQ(report.head.time_ns, now_);
  ASSERT_TRUE(request(1, "two"));
  step();
  report = check(saved);
  EXPECT_TRUE(report.whole()) << say(report);
  EXPECT_TRUE(report.torn.empty());
  EXPECT_EQ(payloads(), (std::vector<std::string>{"one", "two"}));
}

// Each process instance has a chain of its own, and each names the one before.
TEST_F(LogTest, InstancesFollowEachOther) {
  for (int i = 0; i < 4; i++) {
    start();
    ASSERT_TRUE(request(1, "run " + std::to_string(i)));
    step();
    if (i % 2 == 0) {
      ASSERT_TRUE(writer_->close(now_));
    }
  }
  const VerifyReport report = check();
  EXPECT_TRUE(report.whole()) << say(report);
  EXPECT_EQ(report.instances, 4U);
  EXPECT_EQ(payloads(), (std::vector<std::string>{"run 0", "run 1", "run 2", "run 3"}));
}

// A reader at the end goes on when more is written, over segments and instances.
TEST_F(LogTest, ReaderFollows) {
  start();
  Reader reader(files_, "log");
  std::vector<std::string> found, expected;
  for (int i = 0; i < 200; i++) {
    if (i == 77 || i == 150) {
      if (i == 77) {
        ASSERT_TRUE(writer_->close(now_));
      }
      start();
    }
    expected.push_back(std::to_string(i) + std::string(i % 5 == 0 ? 5000 : 10, '.'));
    ASSERT_TRUE(request(1, expected.back()));
    step();
    if (i % 4 == 0) {
      tick(1000);
      writer_->step(now_);
    }
    while (true) {
      const auto record = reader.next();
      ASSERT_TRUE(record) << record.error().text;
      if (!*record) break;
      found.emplace_back(reinterpret_cast<const char*>((*record)->payload.data()), (*record)->payload.size());
    }
    ASSERT_EQ(found.size(), expected.size()) << i;
  }
  EXPECT_EQ(found, expected);
}

// A leftover ring is drained into the next instance's chain; twice is once.
TEST_F(LogTest, RecoveryIsIdempotent) {
  start();
  ASSERT_TRUE(request(1, "in the log"));
  step();
  ASSERT_TRUE(request(1, "only in the ring"));
  std::unique_ptr<ByteRing> left = std::move(ring_);
  start();
  auto count = writer_->recover(*left, now_);
  ASSERT_TRUE(count) << count.error().text;
  EXPECT_EQ(*count, 1U);
  // The process dies before it could remove the ring.
  start();
  count = writer_->recover(*left, now_);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 0U);
  EXPECT_EQ(payloads(), (std::vector<std::string>{"in the log", "only in the ring"}));
  const VerifyReport report = check();
  EXPECT_TRUE(report.whole()) << say(report);
}

// The index follows from the records alone.
TEST_F(LogTest, SessionsAreDerived) {
  start();
  const uint64_t id = session_id(3, 9);
  ASSERT_TRUE(recorder_->boot({.instance = "gate"}));
  ASSERT_TRUE(recorder_->session_opened(id, {.peer = "127.0.0.1:9", .protocol = "postgresql"}));
  ASSERT_TRUE(recorder_->login(id, {.identity = "ci", .target = "orders-db", .outcome = Outcome::Accepted}));
  ASSERT_TRUE(request(id, "select 1"));
  ASSERT_TRUE(recorder_->request(id, {.verdict = Verdict::Deny}, bytes_of_text("drop table t")));
  const HitFacts hits[] = {{"personal-data", "email", "public.customers.email", 3, 2}, {"", "", "", 1, 1}};
  ASSERT_TRUE(recorder_->reply_end(id, {.bytes = 100, .masked = 4, .hits = hits}));
  step();
  ASSERT_TRUE(recorder_->session_closed(id, {.reason = "client-closed"}));
  step();
  const auto sessions = list_sessions(files_, "log");
  ASSERT_TRUE(sessions);
  ASSERT_EQ(sessions->size(), 1U);
  const SessionSummary& one = sessions->front();
  EXPECT_EQ(one.session, id);
  EXPECT_EQ(one.identity, "ci");
  EXPECT_EQ(one.target, "orders-db");
  EXPECT_EQ(one.requests, 2U);
  EXPECT_EQ(one.denied, 1U);
  EXPECT_EQ(one.masked, 4U);
  EXPECT_TRUE(one.closed);
  Reader reader(files_, "log", {.session = id});
  size_t ends = 0;
  for (auto record = reader.next(); record && *record; record = reader.next()) {
    if ((*record)->kind != Kind::ReplyEnd) continue;
    const auto* read = facts_of(**record)->facts_as_ReplyEnd()->hits();
    ASSERT_TRUE(read != nullptr && read->size() == 2);
    ++ends;
    EXPECT_EQ(text_of(read->Get(0)->field()), "public.customers.email");
    EXPECT_EQ(read->Get(0)->hits(), 3U);
    EXPECT_EQ(read->Get(1)->values(), 1U);
    EXPECT_EQ(text_of(read->Get(1)->mask()), "");
  }
  EXPECT_EQ(ends, 1U);
  const auto named = parse_session_name(session_text(one.instance, one.session));
  ASSERT_TRUE(named);
  EXPECT_EQ(named->instance, one.instance);
  EXPECT_EQ(named->session, id);
  EXPECT_EQ(parse_session_name(session_text(id))->session, id);
  EXPECT_FALSE(parse_session_name(session_text(id))->instance);
  for (const char* bad : {"12", "12.x", "/1.1", "x/1.1", "1.0", "65536.1", ""})
    EXPECT_FALSE(parse_session_name(bad)) << bad;
  EXPECT_EQ(list_sessions(files_, "log", {.session = 77})->size(), 0U);
}

}  // namespace
}  // namespace sallyport::ringlog
