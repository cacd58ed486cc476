// Goal: whatever the order of asks, votes, revocations, cancels, disconnects, resubmissions, expiry and
// policy changes, and however late their messages arrive, a statement runs once with an approval or never.
// Method: 10,000 seeded runs of the real Approvals with sessions modelled on core/path/session_tickets.cc,
// two cores whose mailboxes are delivered in any order to each other, and a second book of who said yes to
// what.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <random>
#include <set>

#include "tests/unit/control/approval_race.h"

namespace sallyport {
namespace {

constexpr uint32_t race_count = 10'000;
constexpr int step_count = 600;
constexpr size_t core_count = 2, session_count = 6;
constexpr uint32_t again_ms = 20'000;

class Race {
 public:
  explicit Race(uint32_t seed)
      : random_(seed), approvals_([this] { return static_cast<uint32_t>(random_()); }) {
    for (size_t i = 0; i < session_count; ++i) {
      sessions_[i].ref = {
          .core = static_cast<uint16_t>(i % core_count), .index = static_cast<uint32_t>(i), .generation = 1};
      sessions_[i].id = i + 1;
    }
  }

  // Empty, or what went wrong.
  std::string run() {
    for (int step = 0; step < step_count && wrong_.empty(); ++step) act(below(16));
    deliver_all();
    for (const auto& [id, count] : runs_) {
      const Approval* approval = approvals_.find(id);
      if (approval && approval->use_count != count) fail(id + " ran and was told differently");
    }
    return wrong_;
  }
  uint64_t run_count = 0, revoked_in_time = 0, revoked_too_late = 0, again_count = 0;

 private:
  struct Book {
    std::vector<const Person*> yes;
    bool again = true;
    int64_t approved_ns = 0;
    bool over = false;  // revoked, and whoever did so has been answered
  };

  size_t below(size_t count) { return static_cast<size_t>(random_()) % count; }
  void fail(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }
  ModelSession& any_session() { return sessions_[below(session_count)]; }

  void act(size_t dice) {
    switch (dice) {
      case 0:
      case 1: return ask(any_session());
      case 2:
      case 3:
      case 4: return decide();
      case 5: return below(6) == 0 ? revoke() : pass_time();
      case 6:
      case 7: return look(any_session());
      case 8: return cancel(any_session());
      case 9: return below(2) == 0 ? disconnect(any_session()) : change_policy();
      case 10:
      case 11:
      case 12: return read_core(below(core_count));
      default: return read_control(below(core_count));
    }
  }
  void change_policy() {
    if (below(4) != 0) return;
    apply([this](Approvals::Effects& effects) { approvals_.policy_changed(effects); });
  }

  // ---- Sessions, as session_ask.cc and session_tickets.cc have them.
  void tell(const ModelSession& session, ToControl&& message) {
    to_control_[session.ref.core].push_back(std::move(message));
  }
  void ask(ModelSession& session) {
    if (session.at != At::idle) return;
    session.statement = static_cast<uint8_t>(below(4));
    session.transaction = session.statement == 3 ? 1 + below(2) : 0;
    session.at = At::wanted;
    session.ticket = ++ticket_;
    session.approval.clear();
    // Bound to a transaction, it is bound to the session.
    const auto digest = static_cast<uint8_t>(
        session.transaction != 0 ? 100 + session.ref.index * 2 + session.transaction : session.statement);
    config::ApprovalTerms terms = one_of({"dba"});
    terms.again_ms = session.statement == 1 ? again_ms : 0;
    if (session.statement == 2) terms.quorums = {{{"dba", "lead"}, 2}};
    ApprovalWanted wanted = request(session.ref.index, digest, session.transaction, terms);
    wanted.session = session.ref;
    wanted.session_id = session.id;
    wanted.ticket = session.ticket;
    digests_[session.ticket] = wanted.digest;
    tell(session, std::move(wanted));
  }
  // The plugin asks again: what is approved is let go, unless it is not the same any more.
  void look(ModelSession& session) {
    if (session.at == At::over) session.at = At::idle;
    if (session.at != At::approved) return;
    session.at = At::idle;
    if (below(4) == 0) return tell(session, ApprovalReturned{.approval = session.approval});
    check_run(session);
    tell(session,
         ApprovalUsed{.approval = session.approval, .session_id = session.id, .ticket = session.ticket});
  }
  void cancel(ModelSession& session) {
    if (session.at == At::approved) {
      tell(session, ApprovalReturned{.approval = session.approval});
    } else if (session.at == At::wanted || session.at == At::pending) {
      tell(session, ApprovalLeft{.session = session.ref,
                                 .ticket = session.ticket,
                                 .approval = session.approval,
                                 .transaction_over = session.transaction != 0});
    }
    if (session.at != At::idle) session.at = At::over;
  }
  void disconnect(ModelSession& session) {
    cancel(session);
    session.at = At::idle;
    ++session.ref.generation;
  }
  void on_answer(const ApprovalAnswer& answer) {
    ModelSession& session = sessions_[answer.session.index];
    const bool here = session.ref == answer.session && session.ticket == answer.ticket;
    if (answer.state == ApprovalState::revoked && here && session.at == At::approved &&
        session.approval == answer.approval) {
      tell(session, ApprovalReturned{.approval = answer.approval});
      session.at = At::over;
      return;
    }
    if (!here || (session.at != At::wanted && session.at != At::pending)) {
      if (answer.state == ApprovalState::approved)
        tell(session, ApprovalReturned{.approval = answer.approval});
      return;
    }
    session.approval = answer.approval;
    session.at = answer.state == ApprovalState::pending    ? At::pending
                 : answer.state == ApprovalState::approved ? At::approved
                                                           : At::over;
  }

  // ---- Mailboxes.
  void read_core(size_t core) {
    if (to_core_[core].empty()) return;
    const ApprovalAnswer answer = std::move(to_core_[core].front());
    to_core_[core].pop_front();
    on_answer(answer);
  }
  void read_control(size_t core) {
    if (to_control_[core].empty()) return;
    ToControl message = std::move(to_control_[core].front());
    to_control_[core].pop_front();
    apply([&](Approvals::Effects& effects) {
      if (auto* wanted = std::get_if<ApprovalWanted>(&message))
        approvals_.wanted(std::move(*wanted), now_, effects);
      if (auto* left = std::get_if<ApprovalLeft>(&message)) approvals_.left(*left, effects);
      if (auto* back = std::get_if<ApprovalReturned>(&message)) approvals_.returned(*back, now_, effects);
      if (auto* used = std::get_if<ApprovalUsed>(&message)) approvals_.used(*used, now_, effects);
    });
  }
  void deliver_all() {
    const auto waits = [](const auto& boxes) {
      return std::ranges::any_of(boxes, [](const auto& box) { return !box.empty(); });
    };
    while (wrong_.empty() && (waits(to_core_) || waits(to_control_))) {
      for (size_t core = 0; core < core_count; ++core) {
        read_core(core);
        read_control(core);
      }
    }
  }

  // ---- People and time.
  const Approval* any_approval() {
    const std::vector<const Approval*> all = approvals_.list(false);
    return all.empty() ? nullptr : all[below(all.size())];
  }
  void decide() {
    const Approval* approval = any_approval();
    if (!approval) return;
    const Person& who = people()[below(people().size())];
    const bool approve = below(5) != 0, again = below(2) == 0 && approval->again_ms > 0;
    const std::string id = approval->id;
    apply([&](Approvals::Effects& effects) {
      const auto done =
          approvals_.decide(id, {.approve = approve, .again = again, .reason = ""},
                            {.name = who.name, .groups = who.groups, .persons = who.persons}, now_, effects);
      if (!done || !approve) return;
      Book& book = books_[id];
      book.yes.push_back(&who);
      book.again = book.again && again;
      book.approved_ns = now_;
    });
  }
  void revoke() {
    const Approval* approval = any_approval();
    if (!approval) return;
    const std::string id = approval->id;
    apply([&](Approvals::Effects& effects) {
      const auto done =
          approvals_.revoke(id, {.name = "operator", .groups = {}, .persons = {}}, true, "", effects);
      if (done && *done) books_[id].over = true;
      revoked_in_time += done && *done ? 1 : 0;
    });
  }
  void pass_time() {
    now_ += static_cast<int64_t>(below(4)) * second;
    apply([this](Approvals::Effects& effects) { approvals_.tick(now_, effects); });
  }
  template <typename Call>
  void apply(Call call) {
    Approvals::Effects effects;
    call(effects);
    for (const std::string& id : effects.settled) {
      const Approval* approval = approvals_.find(id);
      const bool revoked = approval && approval->state == Approval::State::revoked;
      books_[id].over = true;
      if (!revoked && runs_[id] == 0) fail(id + ": the revoker was told that it ran, and it did not");
      ++(revoked ? revoked_in_time : revoked_too_late);
    }
    for (ApprovalAnswer& answer : effects.answers) {
      const Book& book = books_[answer.approval];
      if (answer.state == ApprovalState::approved && book.again &&
          now_ >= book.approved_ns + int64_t{again_ms} * 1'000'000)
        fail(answer.approval + " was given again after its time");
      to_core_[answer.session.core].push_back(std::move(answer));
    }
  }

  // ---- What must hold whenever something runs.
  void check_run(const ModelSession& session) {
    const Approval* approval = approvals_.find(session.approval);
    const Book& book = books_[session.approval];
    ++run_count;
    const uint64_t before = runs_[session.approval]++;
    again_count += before > 0 ? 1 : 0;
    if (!approval) return fail("ran without an approval");
    if (approval->asked.digest != digests_[session.ticket]) fail(approval->id + " ran for another statement");
    if (book.over) fail(approval->id + " ran after it was revoked");
    if (before > 0 && !book.again) fail(approval->id + " ran twice");
    // Counted anew, without the code under test: everybody a person once, nobody the asker.
    std::set<std::string> yes;
    for (const Person* person : book.yes) {
      const std::string name = person->name;
      if (name.find("agent") != name.npos) fail(approval->id + ": who asked said yes");
      if (name == "eve") fail(approval->id + ": somebody of no group said yes");
      yes.insert(name.find("dana") != name.npos ? "dana" : name);
    }
    if (yes.size() < (session.statement == 2 ? 2u : 1u)) fail(approval->id + " ran without enough of a yes");
  }

  std::mt19937 random_;
  Approvals approvals_;
  std::array<ModelSession, session_count> sessions_;
  std::array<std::deque<ToControl>, core_count> to_control_;
  std::array<std::deque<ApprovalAnswer>, core_count> to_core_;
  std::map<std::string, Book> books_;
  std::map<std::string, uint64_t> runs_;
  std::map<uint64_t, Digest> digests_;  // by ticket
  uint64_t ticket_ = 0;
  int64_t now_ = second;
  std::string wrong_;
};

TEST(ApprovalRaces, OnceWithAnApprovalOrNever) {
  const char* const only = getenv("SALLYPORT_SEED");
  const uint32_t first = only ? static_cast<uint32_t>(atol(only)) : 1;
  uint64_t run_count = 0, in_time = 0, too_late = 0, again_count = 0;
  for (uint32_t seed = first; seed < (only ? first + 1 : first + race_count); ++seed) {
    Race race(seed);
    const std::string wrong = race.run();
    ASSERT_EQ(wrong, "") << "SALLYPORT_SEED=" << seed;
    run_count += race.run_count;
    in_time += race.revoked_in_time;
    too_late += race.revoked_too_late;
    again_count += race.again_count;
  }
  if (only) return;
  // Or the races were none.
  EXPECT_GT(run_count, race_count);
  EXPECT_GT(in_time, race_count / 10);
  EXPECT_GT(too_late, race_count / 100);
  EXPECT_GT(again_count, race_count / 100);
}

}  // namespace
}  // namespace sallyport
