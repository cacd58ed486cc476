#include "core/credential/leases.h"

#include <algorithm>
#include <ranges>

#include "config/check.h"
#include "config/limits.h"

namespace sallyport::credential {

namespace {

constexpr int64_t ms = 1'000'000;
constexpr int64_t drop_again_min_ns = 1'000 * ms;
constexpr int64_t drop_again_max_ns = 300'000 * ms;
constexpr char too_many[] =
    "the target has as many leases as the gateway keeps there: try again later, or tell its operator";
constexpr char ending[] = "the gateway is shutting down";

}  // namespace

// With enough of its life left that a login and what follows it still find it good.
bool Leases::is_fresh(const Lease& lease, int64_t now_ns) const {
  if (lease.state == State::minting) return true;
  return lease.state == State::live && now_ns < lease.until_ns - lease.terms.lease_ns / 4 &&
         now_ns < lease.born_ns + lease.terms.lease_max_ns / 4 * 3;
}

Leases::Id Leases::wanted(const Place& place, const SessionRef& session, const Terms& terms, int64_t now_ns,
                          Effects& effects) {
  CHECK(!joined_.contains(session));
  if (closed_) {
    effects.answers.push_back({session, 0, ending});
    return 0;
  }
  auto& here = by_place_[place];
  for (const Id id : here | std::views::reverse) {
    Lease& lease = leases_.at(id);
    if (!is_fresh(lease, now_ns)) continue;
    lease.sessions.insert(session);
    joined_.emplace(session, id);
    if (lease.state == State::live) effects.answers.push_back({session, id, ""});
    return id;
  }
  if (by_target_[place.target] >= limits::lease_count_max) {
    if (here.empty()) by_place_.erase(place);
    effects.answers.push_back({session, 0, too_many});
    return 0;
  }
  const Id id = ++last_id_;
  Lease& lease = leases_[id];
  lease.place = place;
  lease.terms = terms;
  lease.sessions.insert(session);
  joined_.emplace(session, id);
  here.insert(id);
  ++by_target_[place.target];
  queue(id, {Work::mint, id, terms.lease_ns}, effects);
  return id;
}

void Leases::left(const SessionRef& session) {
  const auto found = joined_.find(session);
  if (found == joined_.end()) return;
  leases_.at(found->second).sessions.erase(session);
  joined_.erase(found);
}

void Leases::minted(Id id, int64_t life_ns, int64_t now_ns, Effects& effects) {
  Lease& lease = leases_.at(id);
  CHECK(lease.state == State::minting && lease.is_at_work);
  lease.state = State::live;
  lease.born_ns = now_ns;
  lease.until_ns = now_ns + std::min(life_ns, lease.terms.lease_max_ns);
  lease.terms.lease_ns = std::min(lease.terms.lease_ns, life_ns);  // a vault may give less than is asked for
  for (const SessionRef& session : lease.sessions) effects.answers.push_back({session, id, ""});
  finish_work(id, Work::mint, effects);
  if (closed_) age(id, lease, now_ns, effects);
}

void Leases::not_minted(Id id, const Failure& failure, int64_t now_ns, Effects& effects) {
  Lease& lease = leases_.at(id);
  CHECK(lease.state == State::minting);
  for (const SessionRef& session : lease.sessions) {
    effects.answers.push_back({session, 0, failure.fault});
    joined_.erase(session);
  }
  lease.sessions.clear();
  finish_work(id, Work::mint, effects);
  if (!lease.terms.is_kept || !failure.may_exist) return forget(id, effects);
  lease.again_ns = now_ns;
  start_dropping(id, lease, effects);
}

void Leases::renewed(Id id, bool done, int64_t life_ns, int64_t now_ns, Effects& effects) {
  Lease& lease = leases_.at(id);
  CHECK(lease.is_at_work);
  const int64_t cap_ns = lease.born_ns + lease.terms.lease_max_ns;
  if (done) lease.until_ns = std::min(now_ns + life_ns, cap_ns);
  lease.again_ns = now_ns + lease.terms.lease_ns / 16;
  finish_work(id, Work::renew, effects);
  age(id, lease, now_ns, effects);
}

void Leases::dropped(Id id, bool done, int64_t now_ns, Effects& effects) {
  Lease& lease = leases_.at(id);
  CHECK(lease.state == State::dropping && lease.is_at_work);
  finish_work(id, Work::drop, effects);
  if (done) return forget(id, effects);
  lease.again_ns = now_ns + std::min(drop_again_min_ns << std::min(lease.tries, 20U), drop_again_max_ns);
  ++lease.tries;
}

void Leases::tick(int64_t now_ns, Effects& effects) {
  // What is aged may go, and take others with it that nobody waits for.
  const auto keys = leases_ | std::views::keys;
  for (const Id id : std::vector<Id>(keys.begin(), keys.end())) {
    if (const auto found = leases_.find(id); found != leases_.end()) age(id, found->second, now_ns, effects);
  }
}

void Leases::age(Id id, Lease& lease, int64_t now_ns, Effects& effects) {
  const int64_t cap_ns = lease.born_ns + lease.terms.lease_max_ns;
  switch (lease.state) {
    case State::minting: return;
    case State::live:
      if (now_ns >= lease.until_ns || (closed_ && lease.terms.is_kept)) {
        if (lease.is_queued) return;  // by renewing, which may still come to its end
        if (!lease.terms.is_kept) return forget(id, effects);
        lease.state = State::retiring;
        lease.until_ns = closed_ ? now_ns : now_ns + limits::lease_retiring_ms * ms;
        effects.over.insert(effects.over.end(), lease.sessions.begin(), lease.sessions.end());
        return age(id, lease, now_ns, effects);
      }
      if (lease.terms.is_kept && !lease.sessions.empty() && !lease.is_queued && lease.until_ns < cap_ns &&
          now_ns >= lease.again_ns && now_ns >= lease.until_ns - lease.terms.lease_ns / 2)
        queue(id, {Work::renew, id, std::min(lease.terms.lease_ns, cap_ns - now_ns)}, effects);
      return;
    case State::retiring:
      if (!lease.sessions.empty() && now_ns < lease.until_ns && !closed_) return;
      return start_dropping(id, lease, effects);
    case State::dropping:
      if (!lease.is_queued && (now_ns >= lease.again_ns || closed_)) start_dropping(id, lease, effects);
      return;
  }
}

void Leases::close(int64_t now_ns, Effects& effects) {
  closed_ = true;
  for (Queue& queue : queues_ | std::views::values) {
    for (const Job& job : std::exchange(queue.minting, {}))
      not_minted(job.lease, {.fault = ending, .may_exist = false}, now_ns, effects);
  }
  tick(now_ns, effects);
}

// ---- Work ------------------------------------------------------------------------------------------------

void Leases::queue(Id id, Job job, Effects& effects) {
  Lease& lease = leases_.at(id);
  CHECK(!lease.is_queued);
  lease.is_queued = true;
  Queue& queue = queues_[lease.place.target];
  (job.work == Work::mint ? queue.minting : queue.keeping).push_back(job);
  start_work(queue, effects);
}

void Leases::start_work(Queue& queue, Effects& effects) {
  while (!queue.minting.empty() && queue.minting_count < limits::lease_minting_count_max) {
    const Job job = queue.minting.front();
    queue.minting.pop_front();
    // Nobody waits for it any more.
    if (leases_.at(job.lease).sessions.empty()) {
      forget(job.lease, effects);
      continue;
    }
    ++queue.minting_count;
    leases_.at(job.lease).is_at_work = true;
    effects.jobs.push_back(job);
  }
  while (!queue.keeping.empty() && queue.keeping_count == 0) {
    const Job job = queue.keeping.front();
    queue.keeping.pop_front();
    ++queue.keeping_count;
    leases_.at(job.lease).is_at_work = true;
    effects.jobs.push_back(job);
  }
}

// Also of what never came out of its queue.
void Leases::finish_work(Id id, Work work, Effects& effects) {
  Lease& lease = leases_.at(id);
  Queue& queue = queues_.at(lease.place.target);
  lease.is_queued = false;
  if (!std::exchange(lease.is_at_work, false)) return;
  --(work == Work::mint ? queue.minting_count : queue.keeping_count);
  start_work(queue, effects);
}

void Leases::start_dropping(Id id, Lease& lease, Effects& effects) {
  lease.state = State::dropping;
  for (const SessionRef& session : lease.sessions) joined_.erase(session);
  lease.sessions.clear();
  queue(id, {Work::drop, id, 0}, effects);
}

void Leases::forget(Id id, Effects& effects) {
  const auto found = leases_.find(id);
  CHECK(found != leases_.end());
  const Place& place = found->second.place;
  for (const SessionRef& session : found->second.sessions) joined_.erase(session);
  const auto here = by_place_.find(place);
  here->second.erase(id);
  if (here->second.empty()) by_place_.erase(here);
  const auto count = by_target_.find(place.target);
  if (--count->second == 0) by_target_.erase(count);
  leases_.erase(found);
  effects.gone.push_back(id);
}

// ---- For others ------------------------------------------------------------------------------------------

const Leases::Lease* Leases::find(Id id) const {
  const auto found = leases_.find(id);
  return found == leases_.end() ? nullptr : &found->second;
}

bool Leases::is_working() const {
  return std::ranges::any_of(leases_ | std::views::values, &Lease::is_queued);
}

void Leases::check() const {
  size_t session_count = 0;
  for (const auto& [id, lease] : leases_) {
    session_count += lease.sessions.size();
    CHECK(lease.is_queued || !lease.is_at_work);
    CHECK(lease.state != State::dropping || lease.sessions.empty());
    CHECK(lease.state != State::minting || lease.is_queued);
    CHECK(lease.state != State::live || lease.until_ns <= lease.born_ns + lease.terms.lease_max_ns);
    CHECK(by_place_.at(lease.place).contains(id));
    for (const SessionRef& session : lease.sessions) CHECK(joined_.at(session) == id);
  }
  CHECK(session_count == joined_.size());
  for (const auto& [target, queue] : queues_) {
    CHECK(queue.minting_count <= limits::lease_minting_count_max && queue.keeping_count <= 1);
    CHECK(queue.minting.empty() || queue.minting_count == limits::lease_minting_count_max);
    CHECK(queue.keeping.empty() || queue.keeping_count == 1);
  }
}

}  // namespace sallyport::credential
