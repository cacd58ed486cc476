#include "core/core.h"

#include <openssl/rand.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "config/check.h"

namespace sallyport {

namespace {

constexpr int64_t ms = 1'000'000;
// While somebody waits for the log, it is looked at this often.
constexpr int64_t log_poll_ns = ms / 2;
constexpr int64_t accept_retry_ns = 20 * ms;
constexpr uint32_t stream_wait_us = 300;
constexpr size_t derived_count_max = 1024;

std::string derived_key(uint32_t target, uint32_t login, std::string_view salt, uint32_t iterations) {
  std::string key(reinterpret_cast<const char*>(&target), sizeof target);
  key.append(reinterpret_cast<const char*>(&login), sizeof login);
  key.append(reinterpret_cast<const char*>(&iterations), sizeof iterations);
  return key.append(salt);
}

uint64_t mailbox_token() { return Token{.operation = Operation::mailbox}.pack(); }

}  // namespace

Core::Core(CoreOptions options)
    : index_(options.index),
      ring_(std::move(options.ring)),
      chunks_(*ring_),
      pipes_(*ring_),
      recorder_(*options.log),
      to_control_(*options.to_control),
      from_control_(*options.from_control),
      lockdowns_(std::move(options.lockdowns)),
      closed_(std::move(options.closed)),
      listeners_(std::move(options.listeners)),
      random_state_(options.random_seed),
      session_count_max_(options.session_count_max),
      wake_log_(std::move(options.wake_log)),
      completions_(limits::completion_batch_max) {
  sha256_ = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CHECK(sha256_);
  pipes_.open(options.pipe_count);
  now_ns_ = ring_->now_ns();
  recorder_.set_time(static_cast<uint64_t>(ring_->wall_ns()));
  swap_snapshot(std::move(options.snapshot));
  change_tickets({.added = std::move(options.tickets), .removed = {}, .reason = ""});
  change_grants({.added = std::move(options.grants), .removed = {}, .reason = "", .at_once = false});
  for (uint32_t i = 0; i < listeners_.size(); ++i) arm_listener(i);
  ring_->poll(from_control_.fd(), POLLIN, mailbox_token());
}

Core::~Core() {
  sessions_.clear();
  EVP_MD_free(sha256_);
}

void Core::run() {
  while (step(-1)) {
  }
}

bool Core::step(int64_t deadline_ns) {
  int64_t wake_ns = next_wake(deadline_ns);
  // A message that came since the last look must not wait for the next event.
  const bool sleeps = from_control_.prepare_sleep();
  if (!sleeps) wake_ns = 0;
  const size_t count = ring_->wait(completions_, wake_ns, stream_flows_ ? stream_wait_us : 0);
  if (sleeps) from_control_.end_sleep();
  now_ns_ = ring_->now_ns();
  recorder_.set_time(static_cast<uint64_t>(ring_->wall_ns()));
  stream_flows_ = false;
  for (size_t i = 0; i < count; ++i) dispatch(completions_[i]);
  read_mailbox();
  run_timers();
  run_log_watchers();
  if (!listeners_to_arm_.empty() && now_ns_ >= listeners_due_ns_) {
    for (uint32_t index : std::exchange(listeners_to_arm_, {})) arm_listener(index);
  }
  for (uint32_t index : freed_now_) {
    const uint32_t generation = sessions_[index]->generation_;
    sessions_[index] = std::make_unique<Session>(*this, index);
    sessions_[index]->generation_ = generation;
    free_sessions_.push_back(index);
    --session_count_;
  }
  freed_now_.clear();
  return !(draining_ && session_count_ == 0);
}

int64_t Core::next_wake(int64_t deadline_ns) const {
  int64_t wake = deadline_ns;
  const auto sooner = [&wake](int64_t at) { wake = wake < 0 ? at : std::min(wake, at); };
  if (!timers_.empty()) sooner(timers_.top().deadline_ns);
  if (!log_watchers_.empty()) sooner(now_ns_ + log_poll_ns);
  if (!listeners_to_arm_.empty()) sooner(listeners_due_ns_);
  if (draining_) sooner(drain_deadline_ns_);
  return wake;
}

void Core::dispatch(const Completion& completion) {
  const Token token = Token::unpack(completion.token);
  switch (token.operation) {
    case Operation::accept: on_accept(token, completion); return;
    case Operation::mailbox:
      from_control_.acknowledge();
      ring_->poll(from_control_.fd(), POLLIN, mailbox_token());
      return;
    case Operation::receive:
      // A target that fills blocks is streaming a result.
      if (token.leg != SP_LEG_CLIENT && completion.result >= static_cast<int32_t>(8 * limits::KiB))
        stream_flows_ = true;
      break;
    case Operation::send:
    case Operation::connect:
    case Operation::readable:
    case Operation::writable:
    case Operation::poll: break;
    case Operation::none: CHECK(false);
  }
  CHECK(token.index < sessions_.size());
  sessions_[token.index]->on_completion(token, completion);
}

void Core::arm_listener(uint32_t index) {
  ring_->accept(listeners_[index], Token{.operation = Operation::accept, .index = index}.pack());
}

void Core::on_accept(const Token& token, const Completion& completion) {
  if (draining_) {
    if (completion.result >= 0) ring_->close(completion.result);
    return;
  }
  // Out of descriptors, the waiting client would fail each accept at once: try again a little later.
  if (!completion.more && completion.result < 0 && completion.result != -EINTR) {
    listeners_to_arm_.push_back(token.index);
    listeners_due_ns_ = now_ns_ + accept_retry_ns;
    return;
  }
  if (!completion.more) arm_listener(token.index);
  if (completion.result < 0) return;
  Session* session = free_session();
  if (!session) {
    ring_->close(completion.result);
    return;
  }
  ++login_count_;
  make_room_for_login();
  logins_.push_back({.core = index_, .index = session->index_, .generation = session->generation_ + 1});
  session->begin(completion.result, snapshot_->listeners[token.index], token.index);
}

uint32_t Core::session_count_max() const {
  return std::min(session_count_max_, snapshot_->policy->config().server.session_count_max);
}

void Core::make_room_for_login() {
  const size_t login_count_max = std::max<size_t>(1, size_t{session_count_max()} * 3 / 4);
  while (!logins_.empty()) {
    Session* oldest = find(logins_.front());
    const bool logging_in = oldest && oldest->state() == Session::State::login;
    if (logging_in && login_count_ <= login_count_max) return;
    logins_.pop_front();
    if (logging_in) oldest->on_kill("too many callers had connected without logging in");
  }
}

Session* Core::free_session() {
  if (free_sessions_.empty()) {
    if (sessions_.size() >= session_count_max()) return nullptr;
    sessions_.push_back(std::make_unique<Session>(*this, static_cast<uint32_t>(sessions_.size())));
    free_sessions_.push_back(static_cast<uint32_t>(sessions_.size() - 1));
  }
  const uint32_t index = free_sessions_.back();
  free_sessions_.pop_back();
  ++session_count_;
  return sessions_[index].get();
}

void Core::release(Session& session) {
  session.state_ = Session::State::free;
  freed_now_.push_back(session.index_);
}

Session* Core::find(const SessionRef& ref) {
  if (ref.core != index_ || ref.index >= sessions_.size()) return nullptr;
  Session* session = sessions_[ref.index].get();
  return session->generation_ == ref.generation && session->state() != Session::State::free ? session
                                                                                            : nullptr;
}

uint64_t Core::next_session_id() { return ringlog::session_id(index_, ++session_counter_); }

// ---- Time ------------------------------------------------------------------------------------------------

void Core::schedule(Session& session, int64_t deadline_ns) {
  timers_.push({.deadline_ns = deadline_ns, .index = session.index_, .generation = session.generation_});
}

void Core::run_timers() {
  while (!timers_.empty() && timers_.top().deadline_ns <= now_ns_) {
    const Timer timer = timers_.top();
    timers_.pop();
    if (Session* session = find({.core = index_, .index = timer.index, .generation = timer.generation})) {
      session->on_time(now_ns_);
    }
  }
  if (!draining_ || now_ns_ < drain_deadline_ns_) return;
  drain_deadline_ns_ = now_ns_ + 1000 * ms;
  for (const auto& session : sessions_) session->on_kill("the time to drain is over");
}

void Core::watch_log(Session& session) {
  if (std::ranges::find(log_watchers_, session.index_) == log_watchers_.end())
    log_watchers_.push_back(session.index_);
}

void Core::run_log_watchers() {
  std::vector<uint32_t> watchers;
  watchers.swap(log_watchers_);
  for (uint32_t index : watchers) sessions_[index]->on_log();
}

// ---- Signals ---------------------------------------------------------------------------------------------

bool Core::publish(const std::string& key, SessionRef session) {
  return published_.try_emplace(key, session).second;
}

void Core::signal(std::span<const std::byte> key) {
  const auto* data = reinterpret_cast<const uint8_t*>(key.data());
  std::string text(reinterpret_cast<const char*>(data), key.size());
  if (published_.contains(text)) {
    signal_local(text);
  } else {
    (void)tell(SignalSent{.from_core = index_, .key = {data, data + key.size()}});
  }
}

void Core::signal_local(const std::string& key) {
  const auto found = published_.find(key);
  if (found == published_.end()) return;
  if (Session* session = find(found->second)) session->on_signal();
}

// ---- Derived keys, randomness, masks ---------------------------------------------------------------------

const SecretBytes* Core::derived(uint32_t target, uint32_t login, std::string_view salt,
                                 uint32_t iterations) const {
  const auto found = derived_.find(derived_key(target, login, salt, iterations));
  return found == derived_.end() ? nullptr : &found->second;
}

void Core::keep_derived(DeriveAnswer&& answer) {
  if (derived_.size() >= derived_count_max) derived_.clear();
  const std::string_view salt(reinterpret_cast<const char*>(answer.salt.data()), answer.salt.size());
  derived_.insert_or_assign(derived_key(answer.target_index, answer.login_index, salt, answer.iterations),
                            std::move(answer.salted_password));
}

void Core::random(std::span<uint8_t> out) {
  if (random_state_ == 0) {
    CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
    return;
  }
  for (uint8_t& byte : out) {  // splitmix64 (Steele, Lea, Flood 2014), for the simulation only
    uint64_t z = random_state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    byte = static_cast<uint8_t>(z ^ (z >> 31));
  }
}

std::span<const guard::MaskResult> Core::mask(const Snapshot& snapshot, const config::Target& target,
                                              std::span<uint8_t> buffer,
                                              std::span<const guard::MaskField> fields) {
  return masker_.mask(snapshot.policy->scanner(target), buffer, fields, snapshot.token_keys);
}

std::string Core::mask_text(const Snapshot& snapshot, const config::Target& target, std::string_view text) {
  const guard::Policy& policy = *snapshot.policy;
  return text_masker_.mask_text(policy.scanner(target), policy.record_plan(target), text,
                                snapshot.token_keys);
}

std::string Core::mask_bytes(const Snapshot& snapshot, const config::Target& target, std::string_view bytes) {
  const guard::Policy& policy = *snapshot.policy;
  return text_masker_.mask_bytes(policy.scanner(target), policy.record_plan(target), bytes,
                                 snapshot.token_keys);
}

}  // namespace sallyport
