#include "core/control/control.h"

#include <openssl/rand.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "config/check.h"
#include "config/clock.h"
#include "core/control/log_desk.h"

namespace sallyport {

namespace {

constexpr size_t worker_count = 2;
constexpr size_t work_count_max = 1024;
constexpr int tick_ms = 200;  // approvals expire with this precision

uint32_t random_number() {
  uint32_t number = 0;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1);
  return number;
}

}  // namespace

Control::Control(ControlOptions options)
    : options_(std::move(options)),
      snapshot_(options_.snapshot),
      lockdowns_(std::move(options_.lockdowns)),
      store_(std::move(options_.store)),
      closed_(std::move(options_.closed)),
      addresses_(options_.canary.addresses),
      approvals_(random_number),
      outboxes_(options_.to_cores.size()) {
  for (identity::TicketPointer& ticket : options_.tickets) tickets_.add(std::move(ticket));
  for (identity::GrantPointer& grant : options_.grants) grants_.add(std::move(grant));
}

Result<std::unique_ptr<Control>> Control::open(ControlOptions options) {
  std::unique_ptr<Control> control(new Control(std::move(options)));
  control->wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (control->wake_fd_ < 0) return fail_errno("make an eventfd", errno);
  control->workers_ = std::make_unique<Workers>(worker_count, work_count_max, control->wake_fd_);
  control->open_guesses();
  control->open_issuers();
  control->open_credentials();
  control->open_webhooks();
  const auto handler = [self = control.get()](const AdminPeer& peer, const nlohmann::json& request,
                                              Reply reply) {
    self->on_admin(peer, request, std::move(reply));
  };
  auto admin = AdminSocket::open(control->snapshot_->policy->config().admin.socket.string(), handler);
  if (!admin) return std::unexpected(std::move(admin.error()));
  control->admin_ = std::move(*admin);
  control->resolved_ns_ = wall_ns();
  control->posted_ = std::make_unique<Posted>(control->wake_fd_);
  control->open_log_desk();
  control->open_canary(std::move(control->options_.canary));
  if (Result<void> opened = control->open_http(); !opened) return std::unexpected(std::move(opened.error()));
  control->publish(control->snapshot_, "start", "gateway");
  for (RecordAdmin& act : control->options_.acts) control->send(0, std::move(act));
  control->review_grants();
  return control;
}

Control::~Control() {
  stopping_ = true;
  http_.reset();
  log_desk_.reset();
  canary_.reset();
  webhooks_.reset();
  fetchers_.reset();
  password_workers_.reset();
  device_workers_.reset();
  credentials_.reset();
  workers_.reset();
  if (wake_fd_ >= 0) close(wake_fd_);
}

void Control::run() {
  while (drained_count_ < options_.to_cores.size()) {
    std::vector<pollfd> watched;
    bool sleeps = true;
    for (ControlInbox* inbox : options_.from_cores) {
      sleeps &= inbox->prepare_sleep();
      watched.push_back({.fd = inbox->fd(), .events = POLLIN, .revents = 0});
    }
    watched.push_back({.fd = wake_fd_, .events = POLLIN, .revents = 0});
    for (int fd : admin_->descriptors()) watched.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    poll(watched.data(), watched.size(), sleeps ? tick_ms : 0);
    for (ControlInbox* inbox : options_.from_cores) {
      inbox->end_sleep();
      inbox->acknowledge();
    }
    uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t size = read(wake_fd_, &ignored, sizeof ignored);
    read_cores();
    workers_->collect();
    fetchers_->collect();
    password_workers_->collect();
    device_workers_->collect();
    posted_->run();
    log_desk_->run(steady_ns());
    credentials_->run(steady_ns());
    webhooks_->run(steady_ns());
    for (size_t i = options_.from_cores.size() + 1; i < watched.size(); ++i) {
      if (watched[i].revents != 0) admin_->ready(watched[i].fd);
    }
    on_poke();
    Approvals::Effects effects;
    approvals_.tick(wall_ns(), effects);
    apply(std::move(effects));
    resolve_again();
    look_at_secrets();
    issuers_->tick({wall_ns(), steady_ns()});
    tick_canary();
    forget_tickets();
    expire_grants();
    flush_outboxes();
  }
  credentials_->finish();
}

void Control::poke(char what) {
  (what == 'r' ? reload_wanted_ : drain_wanted_).store(true);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = write(wake_fd_, &one, sizeof one);
}

void Control::on_poke() {
  if (drain_wanted_.exchange(false)) drain();
  if (!reload_wanted_.exchange(false)) return;
  reload("SIGHUP", [this](const nlohmann::json& answer) {
    options_.say(answer.value("ok", false) ? "reloaded" : "not reloaded: " + answer.value("error", ""));
  });
}

void Control::drain() {
  if (std::exchange(draining_, true)) return;
  canary_->drain();
  for (uint16_t core = 0; core < outboxes_.size(); ++core) send(core, Drain{});
}

// ---- Cores -----------------------------------------------------------------------------------------------

void Control::read_cores() {
  for (uint16_t core = 0; core < options_.from_cores.size(); ++core) {
    while (std::optional<ToControl> message = options_.from_cores[core]->pop())
      on_message(core, std::move(*message));
  }
}

void Control::on_message(uint16_t core, ToControl&& message) {
  Approvals::Effects effects;
  if (auto* wanted = std::get_if<ApprovalWanted>(&message)) {
    approvals_.wanted(std::move(*wanted), wall_ns(), effects);
  } else if (auto* left = std::get_if<ApprovalLeft>(&message)) {
    approvals_.left(*left, effects);
  } else if (auto* returned = std::get_if<ApprovalReturned>(&message)) {
    approvals_.returned(*returned, wall_ns(), effects);
  } else if (auto* used = std::get_if<ApprovalUsed>(&message)) {
    approvals_.used(*used, wall_ns(), effects);
  } else if (auto* derived = std::get_if<DeriveWanted>(&message)) {
    derive(std::move(*derived));
  } else if (auto* proof = std::get_if<ProofWanted>(&message)) {
    prove(std::move(*proof));
  } else if (auto* credential = std::get_if<CredentialWanted>(&message)) {
    credentials_->wanted(std::move(*credential));
  } else if (auto* left_key = std::get_if<CredentialLeft>(&message)) {
    credentials_->left(left_key->session);
  } else if (auto* signal = std::get_if<SignalSent>(&message)) {
    for (uint16_t to = 0; to < outboxes_.size(); ++to) {
      if (to != signal->from_core) send(to, SignalReached{.key = signal->key});
    }
  } else if (auto* started = std::get_if<SessionStarted>(&message)) {
    sessions_.insert_or_assign(started->session_id, std::move(*started));
  } else if (auto* ended = std::get_if<SessionEnded>(&message)) {
    sessions_.erase(ended->session_id);
  } else if (auto* barrier = std::get_if<BarrierReached>(&message)) {
    on_barrier(barrier->number);
  } else if (std::holds_alternative<CoreDrained>(message)) {
    ++drained_count_;
  }
  (void)core;
  apply(std::move(effects));
}

void Control::apply(Approvals::Effects&& effects) {
  tell_webhooks(effects);
  for (RecordDecision& record : effects.records) {
    send(static_cast<uint16_t>(record.session_id >> 48), std::move(record));
  }
  for (ApprovalAnswer& answer : effects.answers) {
    const uint16_t core = answer.session.core;
    send(core, std::move(answer));
  }
  for (const std::string& id : effects.granted) give_access(id);
  for (const std::string& id : effects.settled) settle_revocation(id);
}

void Control::send(uint16_t core, ToCore&& message) {
  CHECK(core < outboxes_.size());
  if (outboxes_[core].empty() && options_.to_cores[core]->push(std::move(message))) return;
  outboxes_[core].push_back(std::move(message));
}

void Control::flush_outboxes() {
  for (size_t core = 0; core < outboxes_.size(); ++core) {
    auto& box = outboxes_[core];
    while (!box.empty() && options_.to_cores[core]->push(std::move(box.front()))) box.pop_front();
  }
}

}  // namespace sallyport
