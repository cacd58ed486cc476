// Making a seed's world and letting it run; world_end.cc has what is checked when it is over.
#include "tests/sim/world.h"

#include <errno.h>

#include <algorithm>
#include <random>

#include "config/check.h"

namespace sallyport::sim {

namespace {

constexpr size_t log_ring_size = 8 * limits::MiB;
constexpr int64_t storm_ns_max = 8'000 * ms;
constexpr int64_t calm_ns_max = 40'000 * ms;
// What may be inside the gateway of one session's reply: the send queue up to its bound, what one more round
// of receives brings, and the simulated socket's own buffer.
constexpr size_t inside_size_max = limits::send_queue_size_max + limits::unit_size_max + 512 * limits::KiB;

// A target that does not read learns late that the core has gone, and what it sends meanwhile is nowhere.
constexpr int64_t settle_ns = 500 * ms;

SimFaults faults_of(SimRandom& random) {
  switch (random.below(4)) {
    case 0: return SimFaults::calm();
    case 1: return SimFaults::storm();
    case 2: {
      SimFaults some;
      some.reset = 1;
      some.connect_failure = 20;
      some.accept_failure = 10;
      return some;
    }
    default: return {};
  }
}

ringlog::Random log_random(uint64_t seed) {
  auto engine = std::make_shared<std::mt19937_64>(seed);
  return [engine](std::span<std::byte> bytes) {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>((*engine)() & 0xff);
  };
}

}  // namespace

World::World(uint64_t seed) : seed_(seed), plan_(seed * 2 + 1), network_(seed, faults_of(plan_)) {
  make_core();
  make_log();
  const SimFaults& faults = network_.faults();
  scene_->catalogue_trouble = faults.reset > 0 || faults.connect_failure > 0;
  control_.emplace(*scene_, *to_control_, *to_core_);
  for (const TargetSetup& setup : target_setups) targets_.push_back(std::make_unique<Target>(*scene_, setup));
  make_clients();
  make_mishaps();
}

World::~World() = default;

void World::make_core() {
  to_control_ = ControlInbox::open().value();
  to_core_ = CoreInbox::open().value();
  ring_.emplace(ringlog::ByteRing::anonymous(log_ring_size, 1, 0).value());
  scene_.emplace(network_, journal_, *ring_);
  RingOptions options;
  options.block_count = plan_.chance(300) ? 4 : 32;
  options.block_size = plan_.chance(500) ? 4096 : limits::block_size;
  options.network = &network_;
  auto ring = Ring::open(options).value();
  const int listener = ring->listen(Address::parse(listener_address).value(), false, 16).value();
  CoreOptions made;
  made.ring = std::move(ring);
  made.log = &*ring_;
  made.to_control = to_control_.get();
  made.from_control = to_core_.get();
  made.snapshot = shared_snapshot();
  made.listeners = {listener};
  made.random_seed = seed_ + 1;
  core_ = std::make_unique<Core>(std::move(made));
}

void World::make_log() {
  const auto random = log_random(seed_);
  auto root = ringlog::RootKey::load_or_create(files_, "state", random).value();
  auto writer =
      ringlog::Writer::start(files_, {.directory = "log", .instance = 1, .segment_size = 4 * limits::MiB},
                             root, {&*ring_}, random, static_cast<uint64_t>(core_->wall_ns()));
  CHECK(writer.has_value());
  writer_ = std::move(*writer);
  log_step_ns_ = static_cast<int64_t>(plan_.up_to(10)) * ms;
  files_.set_judge([this](ringlog::MemoryFiles::Operation operation, const std::string&) {
    using Operation = ringlog::MemoryFiles::Operation;
    if (!log_breaks_) return 0;
    return operation == Operation::Write || operation == Operation::Sync || operation == Operation::Create
               ? ENOSPC
               : 0;
  });
}

void World::make_clients() {
  const size_t count = 2 + plan_.below(5);
  const bool floods = plan_.chance(80);
  for (uint32_t i = 0; i < count; ++i) {
    ClientPlan plan;
    plan.number = i;
    const size_t chance = plan_.below(100);
    plan.role = chance < 60   ? Role::worker
                : chance < 72 ? Role::lingerer
                              : static_cast<Role>(2 + plan_.below(role_count - 2));
    plan.target = &target_setups[plan_.chance(50) ? target_count - 1 : plan_.below(target_count - 1)];
    plan.excepted = plan_.chance(100);
    plan.cancels = plan_.chance(250);
    plan.floods = floods && i == 0;
    plan.segment_count = static_cast<uint32_t>(plan.floods ? 3 : 2 + plan_.below(14));
    if (plan.floods) plan.role = Role::worker;
    clients_.push_back(std::make_unique<Client>(*scene_, plan));
  }
}

void World::make_mishaps() {
  if (plan_.chance(120)) {
    network_.after(scene_->delay(4000), [this] { log_breaks_ = log_broke_ = !scene_->calm; });
    network_.after(4000 * ms + scene_->delay(4000), [this] { log_breaks_ = false; });
  }
  if (plan_.chance(100)) {
    network_.after(scene_->delay(4000), [this] {
      if (control_->live.empty()) return;
      const SessionRef session = control_->live[scene_->random().below(control_->live.size())];
      control_->send(KillSession{.session = session, .reason = "an operator said so"}, 0);
    });
  }
  if (plan_.chance(200)) {
    for (int i = 0; i < 3; ++i)
      control_->send(SnapshotChanged{.snapshot = shared_snapshot()}, scene_->delay(5000));
  }
}

void World::step(int64_t until_ns) {
  quiet_ = core_->step(std::min(until_ns, next_log_ns_));
  control_->poll();
  check_bounds();
  if (network_.now_ns() < next_log_ns_) return;
  next_log_ns_ = network_.now_ns() + log_step_ns_;
  journal_.read(*ring_);
  writer_->step(static_cast<uint64_t>(core_->wall_ns()));
}

bool World::run_until(const std::function<bool()>& done, int64_t longest_ns) {
  const int64_t until_ns = network_.now_ns() + longest_ns;
  while (!done()) {
    if (network_.now_ns() >= until_ns) return false;
    step(until_ns);
  }
  return true;
}

// Of each reply: what the target sent and the core has taken, less what the client got.
void World::check_bounds() {
  tally_.most_chunks = std::max(tally_.most_chunks, core_->chunks().chunks_out());
  for (const auto& target : targets_) {
    for (const auto& connection : target->connections()) {
      if (connection->peer().ended() || !connection->client()) continue;
      const Client& client = *clients_[*connection->client()];
      const size_t in = connection->sent() - connection->peer().unread_by_ring();
      const size_t out = client.received().size();
      if (client.over() || in <= out + inside_size_max) {
        connection->over_bound_since_ns = -1;
        if (!client.over() && in > out) tally_.most_inside = std::max(tally_.most_inside, in - out);
        continue;
      }
      if (connection->over_bound_since_ns < 0) connection->over_bound_since_ns = network_.now_ns();
      if (network_.now_ns() - connection->over_bound_since_ns < settle_ns) continue;
      journal_.fail("the core holds " + std::to_string((in - out) / 1024) + " KiB of the reply to " +
                    client.where());
      connection->over_bound_since_ns = INT64_MAX / 2;
    }
  }
}

bool World::clients_rest() const {
  return std::ranges::all_of(clients_,
                             [](const auto& client) { return client->over() || client->resting(); });
}

std::string World::picture() const {
  std::string text = "connections at targets:";
  for (const auto& target : targets_) {
    for (const auto& connection : target->connections()) {
      text += "\n    " + std::string(target->setup().name) + " " + connection->state();
    }
  }
  for (const auto& [id, session] : journal_.sessions) {
    if (!session.fault.empty()) text += "\n  fault of " + session.peer + ": " + session.fault;
  }
  return text;
}

std::vector<std::string> World::run() {
  const int64_t storm_ns = 200 * ms + static_cast<int64_t>(plan_.below(static_cast<size_t>(storm_ns_max)));
  (void)run_until([this] { return clients_rest(); }, storm_ns);
  // Faults stop: from here on everything has to come to its end.
  network_.stop_faults();
  scene_->calm = true;
  log_breaks_ = false;
  control_->calm_down();
  for (const auto& target : targets_) target->calm_down();
  for (const auto& client : clients_) {
    if (client->peer()) const_cast<SimPeer*>(client->peer())->start_reading();
  }
  const int64_t calm_since_ns = network_.now_ns();
  if (!run_until([this] { return clients_rest(); }, calm_ns_max)) {
    for (const auto& client : clients_) {
      if (!client->over() && !client->resting())
        journal_.fail(client->where() + " is stuck: " + client->state());
    }
    journal_.fail(picture());
  }
  tally_.longest_calm_ms = (network_.now_ns() - calm_since_ns) / ms;
  end_sessions();
  check_leaks();
  end_log();
  check_log();
  check_clients();
  check_counts();
  control_->check();
  count();
  return journal_.failures();
}

}  // namespace sallyport::sim
