// World over SimNetwork.
#include "tests/unit/io/world.h"

namespace sallyport::testing {

namespace {

RingOptions in(RingOptions options, SimNetwork& network) {
  options.network = &network;
  return options;
}

}  // namespace

World::World(uint64_t seed, RingOptions options)
    : network(std::make_unique<SimNetwork>(seed)), ring(Ring::open(in(options, *network)).value()) {
  // Lawful behaviour only, but no errors that this suite's callers would have to retry after.
  SimFaults faults;
  faults.interrupted = 0;
  faults.spurious_again = 0;
  faults.pool_empty = 0;
  network->set_faults(faults);
}

World::~World() = default;

std::shared_ptr<Peer> World::connect_peer(const Address& listener) {
  auto peer = std::make_shared<Peer>(network->connect(listener));
  peers_.push_back(peer);
  return peer;
}

Address World::serve() {
  Address address = Address::parse("203.0.113.5:5432").value();
  network->serve(address, [this](SimPeer& far) {
    served_.push_back(std::make_shared<Peer>(far));
    peers_.push_back(served_.back());
  });
  return address;
}

std::shared_ptr<Peer> World::served(size_t index) {
  run_until([&] { return served_.size() > index; });
  return served_.at(index);
}

Address World::refused() { return Address::parse("203.0.113.6:1").value(); }

Peer::~Peer() = default;
void Peer::send(const std::string& bytes) { far_->send(bytes); }
void Peer::finish() { far_->finish(); }
void Peer::close() { far_->close(); }
void Peer::reset() { far_->reset(); }
void Peer::stop_reading() { far_->stop_reading(); }
void Peer::start_reading() { far_->start_reading(); }
const std::string& Peer::received() const { return far_->received; }
bool Peer::ended() const { return far_->ended(); }
void Peer::pump() {}

}  // namespace sallyport::testing
