#include "core/control/gateway.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>

#include "config/check.h"
#include "core/control/lockdown.h"
#include "core/core.h"

namespace sallyport {

namespace {

namespace fs = std::filesystem;

constexpr int listen_backlog = 4096;

// A session has a caller and a target; its side legs come and go.
uint32_t sessions_for_descriptors(size_t core_count, size_t pipe_count) {
  constexpr rlim_t others = 128;  // the log, listeners, rings, the admin socket
  constexpr rlim_t descriptors_per_session = 2;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return UINT32_MAX;
  const rlim_t taken = others + 2 * pipe_count * core_count;
  const rlim_t left = files.rlim_cur > taken ? files.rlim_cur - taken : 0;
  return static_cast<uint32_t>(
      std::clamp<rlim_t>(left / descriptors_per_session / core_count, 1, UINT32_MAX));
}

// A core's share of the pipes, where some listener is opaque; at most a quarter of the descriptors go into
// them.
uint32_t pipes_for(const config::Config& config, size_t core_count) {
  if (std::ranges::none_of(config.listeners, &config::Listener::is_opaque)) return 0;
  rlimit files{};
  rlim_t count = limits::pipe_count;
  constexpr rlim_t descriptors_per_pipe = 2;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
    count = std::min(count, files.rlim_cur / 4 / descriptors_per_pipe);
  return static_cast<uint32_t>(count / core_count);
}

Problems problem(const fs::path& file, std::string text) { return {{{file.string(), 1}, std::move(text)}}; }

}  // namespace

// One core's thread: it makes its Ring (which only its own thread may use), listens, and serves.
struct Gateway::CoreThread {
  uint16_t index = 0;
  pthread_t thread{};
  CoreOptions options;
  std::vector<Address> addresses;  // to listen at; filled with the real ones
  std::promise<Result<void>> ready;

  static void* main(void* self) {
    static_cast<CoreThread*>(self)->serve();
    return nullptr;
  }

  Result<void> open() {
    Result<std::unique_ptr<Ring>> ring = Ring::open({});
    if (!ring) return std::unexpected(std::move(ring.error()));
    for (Address& address : addresses) {
      Result<int> fd = (*ring)->listen(address, true, listen_backlog);
      if (!fd) return fail("listen at " + address.text() + ": " + fd.error().text);
      options.listeners.push_back(*fd);
      if (Result<Address> real = (*ring)->local_address(*fd)) address = *real;
    }
    options.ring = std::move(*ring);
    return {};
  }

  void serve() {
    pthread_setname_np(pthread_self(), ("core " + std::to_string(index)).c_str());
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(index % static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN))), &own);
    pthread_setaffinity_np(pthread_self(), sizeof own, &own);  // refused in some containers; then unpinned
    Result<void> opened = open();
    const bool good = opened.has_value();
    if (!good) {
      ready.set_value(std::move(opened));
      return;
    }
    ControlInbox* control = options.to_control;
    {
      Core core(std::move(options));
      ready.set_value({});
      core.run();
    }
    while (!control->push(CoreDrained{.core = index})) usleep(1000);
  }
};

std::expected<std::unique_ptr<Gateway>, Problems> Gateway::start(const fs::path& config_file, Say say,
                                                                 CanaryProbe probe) {
  std::unique_ptr<Gateway> gateway(new Gateway());
  gateway->say_ = std::move(say);
  gateway->config_file_ = config_file;
  gateway->canary_probe_ = std::move(probe);
  Result<CanaryKey> key = CanaryKey::make();
  if (!key) return std::unexpected(problem(config_file, key.error().text));
  gateway->canary_key_ = std::move(*key);
  auto snapshot =
      load_snapshot(config_file, gateway->plugins_, Purpose::start, gateway->canary_key_.verifier);
  if (!snapshot) return std::unexpected(std::move(snapshot.error()));
  gateway->snapshot_ = std::move(*snapshot);
  for (const TargetState& target : gateway->snapshot_->targets) {
    if (!target.error.empty()) gateway->say_("target " + target.target->name + ": " + target.error);
    for (const LoginState& login : target.logins) {
      if (!login.error.empty()) gateway->say_("target " + target.target->name + ": " + login.error);
    }
  }
  for (auto step : {&Gateway::lock_state, &Gateway::open_log, &Gateway::start_cores, &Gateway::open_control,
                    &Gateway::open_log_keepers}) {
    if (Result<void> done = (gateway.get()->*step)(); !done) {
      return std::unexpected(problem(config_file, done.error().text));
    }
  }
  return gateway;
}

Result<void> Gateway::lock_state() {
  const fs::path path = snapshot_->policy->config().server.state_dir / "lock";
  lock_fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_fd_ < 0) return fail_errno("open " + path.string(), errno);
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    return fail(
        "another gateway runs on this state_dir: stop it first, or give this one a folder of its own");
  }
  Result<Lockdowns> lockdowns = read_lockdowns(snapshot_->policy->config().server.state_dir);
  if (!lockdowns)
    return std::unexpected(std::move(lockdowns.error()).in("read which targets are locked down"));
  lockdowns_ = std::move(*lockdowns);
  for (const auto& [target, since] : lockdowns_)
    say_("target " + target + " is locked down since " + since + "; `sallyport canary --unlock " + target +
         "` opens it again");
  return open_store();
}

Result<void> Gateway::open_store() {
  Result<std::unique_ptr<Store>> store = Store::open(snapshot_->policy->config().server.state_dir);
  if (!store) return std::unexpected(std::move(store.error()));
  store_ = std::move(*store);
  Result<Closed> closed = store_->closed();
  if (!closed) return std::unexpected(std::move(closed.error()));
  closed_ = std::move(*closed);
  if (!closed_.all.empty())
    say_("locked down: " + closed_.all + "; `sallyport lockdown --lift` lets callers in again");
  Result<std::vector<identity::TicketPointer>> tickets = store_->tickets();
  if (!tickets) return std::unexpected(std::move(tickets.error()));
  tickets_ = std::move(*tickets);
  Result<std::vector<identity::GrantPointer>> grants = store_->grants();
  if (!grants) return std::unexpected(std::move(grants.error()));
  grants_ = std::move(*grants);
  return {};
}

Result<void> Gateway::start_cores() {
  const config::Config& config = snapshot_->policy->config();
  // Everything that libcrypto loads late is loaded now, so that no core opens a file after start.
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
  std::vector<Address> addresses;
  for (const config::Listener& listener : config.listeners) {
    Result<std::vector<Address>> found = resolve(listener.address);
    if (!found) return std::unexpected(std::move(found.error()));
    addresses.push_back(found->front());
  }
  const uint32_t pipe_count = pipes_for(config, rings_.size());
  const uint32_t session_count_max = sessions_for_descriptors(rings_.size(), pipe_count);
  if (session_count_max < config.server.session_count_max) {
    say_("open files are limited: at most " + std::to_string(session_count_max) +
         " sessions a core; raise the limit (ulimit -n) for more");
  }
  const auto closed = std::make_shared<const Closed>(closed_);
  for (uint16_t i = 0; i < rings_.size(); ++i) {
    auto to_control = ControlInbox::open();
    auto to_core = CoreInbox::open();
    if (!to_control) return std::unexpected(std::move(to_control.error()));
    if (!to_core) return std::unexpected(std::move(to_core.error()));
    to_control_.push_back(std::move(*to_control));
    to_cores_.push_back(std::move(*to_core));
    auto core = std::make_unique<CoreThread>();
    core->index = i;
    core->addresses = addresses;
    core->options.index = i;
    core->options.log = rings_[i].get();
    core->options.wake_log = [log = log_.get()] { log->wake(); };
    core->options.to_control = to_control_[i].get();
    core->options.from_control = to_cores_[i].get();
    core->options.snapshot = snapshot_;
    core->options.lockdowns = lockdowns_;
    core->options.closed = closed;
    core->options.tickets = tickets_;
    // What the config has withdrawn since lets nobody in meanwhile; the control plane ends it.
    std::ranges::copy_if(grants_, std::back_inserter(core->options.grants), [this](const auto& grant) {
      return why_withdrawn(*grant, *snapshot_->policy).empty();
    });
    core->options.pipe_count = pipe_count;
    core->options.session_count_max = session_count_max;
    std::future<Result<void>> ready = core->ready.get_future();
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    // Bounded recursive parsers run in place on this stack.
    pthread_attr_setstacksize(&attributes, limits::core_stack_size);
    const int made = pthread_create(&core->thread, &attributes, CoreThread::main, core.get());
    pthread_attr_destroy(&attributes);
    if (made != 0) return fail_errno("start a core's thread", made);
    cores_.push_back(std::move(core));
    if (Result<void> opened = ready.get(); !opened) {
      pthread_join(cores_.back()->thread, nullptr);
      cores_.pop_back();
      return opened;
    }
    addresses = cores_.back()->addresses;  // a port 0 is the same for all
  }
  for (const Address& address : addresses) addresses_.push_back(address.text());
  return {};
}

Result<void> Gateway::open_control() {
  ControlOptions options;
  options.config_file = config_file_;
  options.plugins = &plugins_;
  options.snapshot = snapshot_;
  options.say = say_;
  options.canary = {.key = &canary_key_, .probe = canary_probe_, .addresses = addresses_, .core_count = 0};
  options.lockdowns = lockdowns_;
  options.closed = closed_;
  options.tickets = tickets_;
  options.grants = grants_;
  options.store = std::move(store_);
  options.acts = std::move(acts_);
  for (const auto& inbox : to_control_) options.from_cores.push_back(inbox.get());
  for (const auto& inbox : to_cores_) options.to_cores.push_back(inbox.get());
  options.log_status = [this]() -> nlohmann::json { return log_state(); };
  Result<std::unique_ptr<Control>> control = Control::open(std::move(options));
  if (!control) return std::unexpected(std::move(control.error()));
  control_ = std::move(*control);
  if (const std::string address = control_->http_address(); !address.empty())
    say_("admin API at " + std::string(snapshot_->admin_tls ? "https://" : "http://") + address);
  return {};
}

void Gateway::run() { control_->run(); }

Gateway::~Gateway() {
  // Cores that were started are always drained, also when a later step of start failed.
  for (const auto& inbox : to_cores_) {
    while (!inbox->push(Drain{})) usleep(1000);
  }
  for (const auto& core : cores_) pthread_join(core->thread, nullptr);
  cores_.clear();
  retention_.reset();
  if (witness_) witness_->stop();
  control_.reset();
  close_log();
  if (lock_fd_ >= 0) close(lock_fd_);
}

}  // namespace sallyport
