// A client's connection and login; client_script.cc makes what it says, client_check.cc compares.
#include "tests/sim/client.h"

#include "plugins/postgresql/messages.h"

namespace sallyport::sim {

namespace {

std::string startup(uint32_t code, std::string_view rest) {
  pg::Writer out;
  return std::string(pg::as_text(out.begin_startup(code).bytes(pg::as_bytes(rest)).end().view()));
}

std::string pair(std::string_view name, std::string_view value) {
  return std::string(name) + '\0' + std::string(value) + '\0';
}

}  // namespace

Client::Client(Scene& scene, const ClientPlan& plan) : scene_(scene), plan_(plan) {
  source_ = source_of(plan.number);
  outstanding_max_ = scene_.random().up_to(3);
  make_script();
  scene_.network.after(scene_.delay(500), [this] { connect(); });
}

std::string Client::where() const {
  return "client " + std::to_string(plan_.number) + " at " + std::string(plan_.target->name);
}

std::string Client::state() const {
  std::string text = "phase " + std::to_string(static_cast<int>(at_)) + ", role " +
                     std::to_string(static_cast<int>(plan_.role)) + (said_goodbye_ ? ", said good-bye" : "");
  for (const Segment& segment : waiting_) text += "\n    waits for " + statement_of(segment.tags.front());
  text += "\n    got ";
  for (const std::string& message : reply_) text += message[0];
  return text;
}

void Client::connect() {
  peer_ = &scene_.network.connect(Address::parse(listener_address).value(), Address::parse(source_).value());
  peer_->on_bytes = [this](std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    input_ += text;
    all_ += text;
    take();
  };
  peer_->on_end = [this](SimEnd end) {
    over_ = true;
    if (end == SimEnd::finished) peer_->close();
  };
  if (plan_.role == Role::mute) {
    if (scene_.random().chance(500)) send(startup(pg::protocol_3_0, "user").substr(0, 9));
    return;
  }
  if (scene_.random().chance(500)) return send(startup(pg::code_ssl, ""));
  at_ = At::startup;
  greet();
}

void Client::greet() {
  at_ = At::scram_first;
  const std::string who = plan_.excepted ? "pia" : plan_.role == Role::stranger ? "dora" : "ann";
  const std::string target = plan_.role == Role::lost ? "nowhere" : std::string(plan_.target->name);
  send(startup(pg::protocol_3_0, pair("user", who + "," + target) + pair("database", "shop") + '\0'));
}

void Client::send(std::string_view bytes) {
  if (!over_) peer_->send(bytes);
}

void Client::take() {
  if (at_ == At::upgrade) {
    if (input_.empty()) return;
    if (input_[0] != 'N') scene_.journal.fail(where() + ": TLS was agreed to, though none is configured");
    input_.erase(0, 1);
    greet();
  }
  size_t used = 0;
  const auto found = split_messages(input_, used);
  for (const std::string_view message : found) {
    if (over_) break;
    if (at_ == At::serving) {
      take_reply(message);
    } else {
      take_login(message);
    }
  }
  input_.erase(0, used);
}

void Client::take_login(std::string_view message) {
  if (message[0] == pg::back::key_data) key_ = body_of(message);
  if (message[0] == pg::back::ready) {
    if (plan_.role == Role::stranger || plan_.role == Role::lost)
      scene_.journal.fail(where() + " was let in");
    at_ = At::serving;
    return go_on();
  }
  if (message[0] != pg::back::authentication) return;
  pg::Cursor cursor(pg::as_bytes(body_of(message)));
  const uint32_t code = cursor.u32();
  const std::string rest(pg::as_text(cursor.rest()));
  if (code == 10) {
    const std::string first = scram_.first(pg::as_bytes("client-nonce-0001a"));
    pg::Writer out;
    out.begin(pg::front::password).text(pg::scram_name).u32(static_cast<uint32_t>(first.size()));
    out.bytes(pg::as_bytes(first)).end();
    send(pg::as_text(out.view()));
  } else if (code == 11) {
    const auto challenge = scram_.challenge(rest);
    if (!challenge) return scene_.journal.fail(where() + ": the gateway's SCRAM is malformed");
    std::string key(32, 'x');
    if (plan_.role != Role::stranger)
      key = derived_key(caller_password, challenge->salt, challenge->iterations);
    send(sim::message(pg::front::password, scram_.final(pg::as_bytes(key))));
  } else if (code == 12 && !scram_.verify(rest)) {
    scene_.journal.fail(where() + ": the gateway does not know the caller's secret");
  }
}

void Client::take_reply(std::string_view message) {
  reply_.emplace_back(message);
  if (message[0] == pg::back::copy_in && !waiting_.empty()) {
    feed_copy(waiting_.front().number);
  }
  if (message[0] == pg::back::error) end_copy();
  if (message[0] != pg::back::ready) return;
  if (waiting_.empty()) return scene_.journal.fail(where() + ": a ReadyForQuery that nobody asked for");
  check(waiting_.front(), std::exchange(reply_, {}), true);
  waiting_.pop_front();
  go_on();
}

void Client::go_on() {
  if (over_ || said_goodbye_ || resting_) return;
  const auto copies = [this] { return !waiting_.empty() && !waiting_.back().copy.empty(); };
  while (!script_.empty() && waiting_.size() < outstanding_max_ && !copies()) {
    if (plan_.role == Role::deserter || plan_.role == Role::vandal) {
      if (script_.size() <= plan_.segment_count / 2) return misbehave();
    }
    Segment segment = std::move(script_.front());
    script_.pop_front();
    for (const Tag& tag : segment.tags) scene_.journal.said.try_emplace(tag, statement_of(tag));
    send(segment.bytes);
    const Kind kind = segment.tags.front().kind;
    const bool takes_long = segment.refusable || kind == Kind::slow || kind == Kind::copy_in;
    if (plan_.cancels && takes_long) {
      scene_.network.after(scene_.delay(400), [this] { send_cancel(); });
    }
    if (plan_.floods && scene_.mishap(500)) {
      peer_->stop_reading();
      scene_.network.after(scene_.delay(3000), [this] { peer_->start_reading(); });
    }
    waiting_.push_back(std::move(segment));
  }
  if (script_.empty() && waiting_.empty()) say_goodbye();
}

void Client::say_goodbye() {
  said_goodbye_ = true;
  if (plan_.role == Role::lingerer) {
    resting_ = true;
    return;
  }
  if (scene_.random().chance(700)) send(message(pg::front::terminate, {}));
  if (scene_.random().chance(500)) peer_->finish();
  if (scene_.random().chance(300)) leave();
  // Whatever was said, the gateway has to end it; a client that said nothing ends it itself.
  scene_.network.after(200 * ms, [this] {
    if (!over_) peer_->finish();
  });
}

void Client::leave() {
  if (over_ || !peer_) return;
  peer_->close();
  over_ = true;
}

void Client::misbehave() {
  said_goodbye_ = true;
  if (plan_.role == Role::vandal) {
    std::string noise;
    for (size_t i = scene_.random().up_to(300); i > 0; --i)
      noise += static_cast<char>(scene_.random().below(256));
    // A Terminate behind it, so that noise which reads as the beginning of a long message comes to an end.
    send(noise);
    scene_.network.after(100 * ms, [this] {
      if (!over_) peer_->finish();
    });
    return;
  }
  switch (scene_.random().below(3)) {
    case 0:
      peer_->reset();
      over_ = true;
      return;
    case 1: return leave();
    default: peer_->finish(); return;
  }
}

void Client::send_cancel() {
  if (over_ || key_.size() < 8) return;
  SimPeer& peer = scene_.network.connect(Address::parse(listener_address).value());
  peer.on_end = [&peer](SimEnd) { peer.close(); };
  std::string key = key_;
  if (scene_.random().chance(100)) key.back() ^= 1;
  peer.send(startup(pg::code_cancel, key));
}

void Client::finish() {
  if (reply_.empty() || waiting_.empty()) return;
  check(waiting_.front(), std::exchange(reply_, {}), false);
}

}  // namespace sallyport::sim
