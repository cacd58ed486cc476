#include "core/credential/credentials.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "config/check.h"
#include "config/clock.h"
#include "config/file.h"
#include "config/limits.h"

namespace sallyport::credential {

namespace {

namespace fs = std::filesystem;

constexpr int64_t ms = 1'000'000;
constexpr int64_t say_again_ns = 60'000 * ms;
constexpr int64_t sweep_again_min_ns = 2'000 * ms;
constexpr int64_t sweep_again_max_ns = 300'000 * ms;
constexpr char over[] = "the credential of this session is about to be taken back: log in again";
constexpr char too_busy[] = "the gateway is too busy to get a credential for this login: try again";

std::string random_mark(size_t size) {
  std::array<uint8_t, 16> random{};
  CHECK(RAND_bytes(random.data(), random.size()) == 1);
  return mark_of(random, size);
}

// Which gateway this is stands with its state, so that it knows its roles again after a restart. One that has
// lost its state is another gateway, which takes the first one's roles for orphans once nobody renews them.
std::string gateway_mark(const fs::path& state_dir) {
  const fs::path path = state_dir / "gateway-mark";
  if (const Result<std::string> old = config::read_private_file(path, 64);
      old && is_mark(*old, gateway_mark_size))
    return *old;
  const std::string mark = random_mark(gateway_mark_size);
  const fs::path fresh = state_dir / "gateway-mark.new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  const bool written =
      fd >= 0 && write(fd, mark.data(), mark.size()) == static_cast<ssize_t>(mark.size()) && fsync(fd) == 0;
  if (fd >= 0) close(fd);
  if (written) (void)rename(fresh.c_str(), path.c_str());
  return mark;
}

const char* name_of(Leases::State state) {
  switch (state) {
    case Leases::State::minting: return "minting";
    case Leases::State::live: return "live";
    case Leases::State::retiring: return "retiring";
    case Leases::State::dropping: return "dropping";
  }
  return "";
}

bool is_role(const Task& task) { return task.credential().kind == config::CredentialKind::postgresql_role; }

}  // namespace

Credentials::Credentials(Ports ports, const fs::path& state_dir, int wake_fd)
    : ports_(std::move(ports)),
      prefix_{gateway_mark(state_dir), random_mark(start_mark_size)},
      roles_(prefix_, stopping_),
      vaults_(stopping_),
      workers_(std::make_unique<Workers>(limits::lease_worker_count, limits::config_entry_count_max * 4,
                                         wake_fd)) {}

Credentials::~Credentials() {
  stopping_ = true;
  workers_.reset();
}

void Credentials::wanted(CredentialWanted&& wanted) {
  Task task{std::move(wanted.snapshot), wanted.target_index, wanted.login_index, std::move(wanted.identity)};
  const config::Credential& credential = task.credential();
  // What is only read is the same for everybody.
  const bool is_read =
      credential.kind == config::CredentialKind::vault && credential.engine == config::VaultEngine::key_value;
  const Leases::Place place{task.target().target->name, task.login().name, is_read ? "" : task.identity,
                            credential.meaning};
  const Leases::Terms terms{.lease_ns = credential.lease_ms * ms,
                            .lease_max_ns = credential.lease_max_ms * ms,
                            .is_kept = !is_read};
  Leases::Effects effects;
  const Leases::Id id = leases_.wanted(place, wanted.session, terms, steady_ns(), effects);
  if (id != 0) held_.try_emplace(id, Held{.task = std::move(task), .handle = {}, .key = nullptr});
  apply(std::move(effects));
}

void Credentials::apply(Leases::Effects&& effects) {
  for (Leases::Answer& answer : effects.answers) {
    const KeyPointer key = answer.lease == 0 ? nullptr : held_.at(answer.lease).key;
    ports_.send(answer.session.core,
                CredentialAnswer{.session = answer.session, .key = key, .fault = std::move(answer.fault)});
  }
  for (const SessionRef& session : effects.over)
    ports_.send(session.core, CredentialOver{.session = session, .reason = over});
  for (const Leases::Id id : effects.gone) held_.erase(id);
  for (const Leases::Job& job : effects.jobs) start(job);
}

// ---- Work ------------------------------------------------------------------------------------------------

void Credentials::start(const Leases::Job& job) {
  Held& held = held_.at(job.lease);
  switch (job.work) {
    case Leases::Work::mint:
      if (is_role(held.task)) {
        std::array<uint8_t, 16> random{};
        CHECK(RAND_bytes(random.data(), random.size()) == 1);
        held.handle = role_name(prefix_, held.task.identity, random);
      }
      return start_mint(job, held);
    case Leases::Work::renew: {
      const auto work = [this, job, task = held.task, handle = held.handle]() -> Workers::Done {
        Outcome<int64_t> life_ns = job.life_ns;
        if (!is_role(task)) {
          life_ns = vaults_.renew(task, handle, job.life_ns);
        } else if (const Outcome<void> done = roles_.renew(task, handle, job.life_ns); !done) {
          life_ns = std::unexpected(done.error());
        }
        return [this, job, life_ns] { on_renewed(job.lease, life_ns); };
      };
      if (!workers_->submit(work)) on_renewed(job.lease, std::unexpected(Fault{too_busy, too_busy, true}));
      return;
    }
    case Leases::Work::drop: {
      const auto work = [this, job, task = held.task, handle = held.handle]() -> Workers::Done {
        const Outcome<void> done = is_role(task) ? roles_.drop(task, handle) : vaults_.revoke(task, handle);
        return [this, job, done] { on_dropped(job.lease, done); };
      };
      if (!workers_->submit(work)) on_dropped(job.lease, std::unexpected(Fault{too_busy, too_busy, true}));
      return;
    }
  }
}

void Credentials::start_mint(const Leases::Job& job, const Held& held) {
  const bool taken = workers_->submit([this, job, task = held.task, role = held.handle]() -> Workers::Done {
    auto made = std::make_shared<Outcome<Made>>(is_role(task) ? roles_.mint(task, role, job.life_ns)
                                                              : vaults_.mint(task, job.life_ns));
    return [this, job, made] { on_minted(job.lease, std::move(*made)); };
  });
  if (!taken) on_minted(job.lease, std::unexpected(Fault{too_busy, too_busy, false}));
}

void Credentials::on_minted(Leases::Id id, Outcome<Made>&& made) {
  Held& held = held_.at(id);
  Leases::Effects effects;
  if (made) {
    faults_.erase(held.task.name());
    held.key = std::move(made->key);
    held.handle = std::move(made->handle);
    leases_.minted(id, made->life_ns, steady_ns(), effects);
  } else {
    say(made.error().text);
    faults_[held.task.name()] = made.error().text;
    leases_.not_minted(id, {made.error().public_text, made.error().may_exist}, steady_ns(), effects);
  }
  apply(std::move(effects));
}

void Credentials::on_renewed(Leases::Id id, const Outcome<int64_t>& life_ns) {
  const std::string name = held_.at(id).task.name();
  if (life_ns) {
    faults_.erase(name);
  } else {
    say(life_ns.error().text);
    faults_[name] = life_ns.error().text;
  }
  Leases::Effects effects;
  leases_.renewed(id, life_ns.has_value(), life_ns.value_or(0), steady_ns(), effects);
  apply(std::move(effects));
}

void Credentials::on_dropped(Leases::Id id, const Outcome<void>& done) {
  Held& held = held_.at(id);
  if (!done && !std::exchange(held.has_said, true))
    say(held.handle + " cannot be taken back yet; it is tried again: " + done.error().text);
  Leases::Effects effects;
  leases_.dropped(id, done.has_value(), steady_ns(), effects);
  apply(std::move(effects));
}

void Credentials::run(int64_t now_ns) {
  workers_->collect();
  Leases::Effects effects;
  leases_.tick(now_ns, effects);
  apply(std::move(effects));
  start_sweeps(now_ns);
}

void Credentials::finish() {
  Leases::Effects effects;
  leases_.close(steady_ns(), effects);
  apply(std::move(effects));
  const int64_t deadline_ns = steady_ns() + int64_t{limits::lease_end_timeout_ms} * ms;
  while (leases_.is_working() && steady_ns() < deadline_ns) {
    usleep(5000);
    workers_->collect();
  }
  stopping_ = true;
}

// ---- Orphans ---------------------------------------------------------------------------------------------

void Credentials::on_snapshot(SnapshotPointer snapshot) {
  snapshot_ = std::move(snapshot);
  std::map<std::string, Sweep> fresh;
  for (uint32_t i = 0; i < snapshot_->targets.size(); ++i) {
    const config::Target& target = *snapshot_->targets[i].target;
    for (uint32_t j = 0; j < target.logins.size(); ++j) {
      Task task{snapshot_, i, j, ""};
      if (!is_role(task)) continue;
      const std::string of = target.name + "\n" + task.credential().meaning;
      const auto old = sweeps_.find(of);
      Sweep& sweep = fresh[of];
      if (old != sweeps_.end()) sweep = old->second;
      sweep.task = std::move(task);
    }
  }
  sweeps_ = std::move(fresh);
}

// At start, then each hour: what other gateways left behind becomes an orphan with time.
void Credentials::start_sweeps(int64_t now_ns) {
  for (auto& [of, sweep] : sweeps_) {
    if (sweep.is_at_work || now_ns < sweep.due_ns) continue;
    sweep.is_at_work = workers_->submit([this, key = of, task = sweep.task]() -> Workers::Done {
      const Outcome<size_t> done = roles_.sweep(task);
      return [this, key, done, name = task.name()] {
        if (done && *done > 0)
          ports_.say(name + ": dropped " + std::to_string(*done) + " roles that an earlier run left behind");
        if (!done) say(done.error().text);
        const auto found = sweeps_.find(key);
        if (found == sweeps_.end()) return;
        Sweep& swept = found->second;
        swept.is_at_work = false;
        swept.fault = done ? "" : done.error().text;
        swept.tries = done ? 0 : swept.tries + 1;
        const int64_t again_ns =
            std::min(sweep_again_min_ns << std::min(swept.tries, 20U), sweep_again_max_ns);
        swept.due_ns = steady_ns() + (done ? int64_t{limits::orphan_sweep_interval_ms} * ms : again_ns);
      };
    });
  }
}

// ---- For people ------------------------------------------------------------------------------------------

void Credentials::say(const std::string& text) {
  const int64_t now_ns = steady_ns();
  std::erase_if(said_, [now_ns](const auto& one) { return now_ns - one.second >= say_again_ns; });
  if (said_.size() < 100 && said_.emplace(text, now_ns).second) ports_.say("credentials: " + text);
}

nlohmann::json Credentials::status(int64_t now_ns) const {
  std::map<std::string, size_t> states;
  int64_t oldest_ns = 0;
  nlohmann::json leases = nlohmann::json::array();
  for (const auto& [id, lease] : leases_.all()) {
    ++states[name_of(lease.state)];
    const int64_t age_ns = lease.born_ns == 0 ? 0 : now_ns - lease.born_ns;
    oldest_ns = std::max(oldest_ns, age_ns);
    leases.push_back({{"target", lease.place.target},
                      {"login", lease.place.login},
                      {"identity", lease.place.identity},
                      {"state", name_of(lease.state)},
                      {"name", held_.at(id).handle},
                      {"sessions", lease.sessions.size()},
                      {"age_s", age_ns / (1000 * ms)}});
  }
  nlohmann::json faults = nlohmann::json::array();
  for (const auto& [name, text] : faults_) faults.push_back(text);
  for (const auto& [of, sweep] : sweeps_) {
    if (!sweep.fault.empty()) faults.push_back(sweep.fault);
  }
  return {{"gateway", prefix_.gateway},
          {"live", states["live"]},
          {"minting", states["minting"]},
          {"ending", states["retiring"] + states["dropping"]},
          {"sessions", leases_.session_count()},
          {"oldest_s", oldest_ns / (1000 * ms)},
          {"leases", leases},
          {"faults", faults}};
}

}  // namespace sallyport::credential
