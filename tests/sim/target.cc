// A target's connections and their logins; target_serving.cc has what follows.
#include "tests/sim/target.h"

#include <cstring>

#include "plugins/postgresql/messages.h"

namespace sallyport::sim {

namespace {

std::string authentication(uint32_t code, std::string_view rest = {}) {
  pg::Writer out;
  out.begin(pg::back::authentication).u32(code).bytes(pg::as_bytes(rest)).end();
  return std::string(pg::as_text(out.view()));
}

std::string status(std::string_view name, std::string_view value) {
  pg::Writer out;
  out.begin(pg::back::parameter_status).text(name).text(value).end();
  return std::string(pg::as_text(out.view()));
}

sp_scram_verifier verifier() {
  const std::string salted = derived_key(target_password, target_salt, scram_rounds);
  const auto client_key = pg::hmac_sha256(pg::as_bytes(salted), "Client Key");
  const auto server_key = pg::hmac_sha256(pg::as_bytes(salted), "Server Key");
  const auto stored_key = pg::sha256(client_key);
  sp_scram_verifier out{};
  out.size = sizeof out;
  out.iterations = scram_rounds;
  memcpy(out.salt, target_salt.data(), sizeof out.salt);
  memcpy(out.stored_key, stored_key.data(), stored_key.size());
  memcpy(out.server_key, server_key.data(), server_key.size());
  return out;
}

}  // namespace

Target::Target(Scene& scene, const TargetSetup& setup) : scene_(scene), setup_(setup) {
  const Address address = Address::parse(setup.address).value();
  // Nobody listens, or nothing ever answers.
  if (setup.name == "gone") {
    if (scene.random().chance(500)) scene.network.black_hole(address);
    return;
  }
  scene.network.serve(address, [this](SimPeer& peer) {
    const auto number = static_cast<uint32_t>(connections_.size() + 1);
    connections_.push_back(std::make_unique<TargetConnection>(*this, peer, number));
  });
}

void Target::cancel(uint32_t number) {
  if (number >= 1 && number <= connections_.size()) connections_[number - 1]->cancel();
}

void Target::calm_down() {
  for (const auto& connection : connections_) connection->calm_down();
}

TargetConnection::TargetConnection(Target& target, SimPeer& peer, uint32_t number)
    : target_(target), scene_(target.scene()), peer_(peer), number_(number) {
  if (scene_.mishap(60)) manner_ = static_cast<Manner>(1 + scene_.random().below(4));
  scene_.catalogue_trouble |= manner_ != Manner::fair && target.setup().masked;
  peer_.on_bytes = [this](std::span<const std::byte> bytes) {
    input_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    take();
  };
  peer_.on_end = [this](SimEnd end) {
    at_ = At::over;
    if (end == SimEnd::finished) peer_.close();
  };
}

void TargetConnection::take() {
  while (!busy_ && at_ != At::over) {
    if (at_ == At::startup) {
      const size_t before = input_.size();
      take_startup();
      if (input_.size() == before) return;
      continue;
    }
    size_t used = 0;
    const auto found = split_messages(input_, used);
    if (found.empty()) return;
    const std::string one(found.front());
    input_.erase(0, one.size());
    if (at_ == At::serving) {
      handle(static_cast<uint8_t>(one[0]), body_of(one));
    } else {
      take_password(body_of(one));
    }
  }
}

void TargetConnection::take_startup() {
  pg::MessageReader reader(pg::as_bytes(input_));
  pg::Message first;
  if (reader.next_startup(first) != pg::Frame::message) return;
  pg::Cursor cursor(first.body);
  const uint32_t code = cursor.u32();
  const std::string body(pg::as_text(cursor.rest()));
  input_.erase(0, first.whole.size());
  if (code == pg::code_cancel) return take_cancel(body);
  if (code != pg::protocol_3_0)
    return scene_.journal.fail("a target was greeted with code " + std::to_string(code));
  switch (manner_) {
    case Manner::refuses:
      send(error_message("57P03", "the database system is starting up", "FATAL"));
      return break_off();
    case Manner::closes: return break_off();
    case Manner::silent: at_ = At::over; return;
    case Manner::babbles:
      scene_.journal.babbled = true;
      send("HTTP/1.1 400 Bad Request\r\n\r\n");
      return break_off();
    case Manner::fair: break;
  }
  if (scene_.random().chance(300)) return greet();
  at_ = At::scram_first;
  scram_.emplace("");
  send(authentication(10, std::string(pg::scram_name) + std::string(2, '\0')));
}

void TargetConnection::take_cancel(std::string_view body) {
  pg::Cursor cursor(pg::as_bytes(body));
  target_.cancel(cursor.u32());
  break_off();
}

void TargetConnection::take_password(std::string_view body) {
  if (at_ == At::scram_first) {
    pg::Cursor cursor(pg::as_bytes(body));
    (void)cursor.text();
    (void)cursor.u32();
    const std::string noise = "target-nonce-" + std::to_string(number_) + "-abcdef";
    const auto reply = scram_->first(false, pg::as_text(cursor.rest()), verifier(),
                                     pg::as_bytes(std::string_view(noise).substr(0, pg::scram_random_size)));
    if (!reply) return scene_.journal.fail("the gateway's SCRAM is malformed");
    at_ = At::scram_final;
    return send(authentication(11, *reply));
  }
  const auto proven = scram_->finish(body);
  if (!proven || !*proven) {
    send(error_message("28P01", "password authentication failed", "FATAL"));
    return break_off();
  }
  send(authentication(12, scram_->server_final()));
  greet();
}

void TargetConnection::greet() {
  at_ = At::serving;
  pg::Writer key;
  key.begin(pg::back::key_data).u32(number_).bytes(pg::as_bytes("SECR")).end();
  send(authentication(0) + status("server_version", "15.4") + status("client_encoding", "UTF8") +
       status("standard_conforming_strings", "on") + std::string(pg::as_text(key.view())));
  send(ready_message('I'));
  stretch_.clear();
}

void TargetConnection::send(std::string bytes) {
  sent_ += bytes.size();
  stretch_ += bytes;
  if (stretch_tag_) scene_.journal.stretches[{stretch_tag_->client, stretch_tag_->segment}].bytes = stretch_;
  peer_.send(bytes);
}

std::string TargetConnection::state() const {
  return "connection " + std::to_string(number_) + " phase " + std::to_string(static_cast<int>(at_)) +
         " manner " + std::to_string(static_cast<int>(manner_)) + (busy_ ? " busy" : "") +
         (skipping_ ? " skipping" : "") + (peer_.ended() ? " ended" : "") +
         (client_ ? " of client " + std::to_string(*client_) : "") + " sent " + std::to_string(sent_) +
         " unread " + std::to_string(peer_.unread_by_ring()) + " input " + std::to_string(input_.size());
}

void TargetConnection::calm_down() { peer_.start_reading(); }

void TargetConnection::break_off() {
  at_ = At::over;
  peer_.close();
}

}  // namespace sallyport::sim
