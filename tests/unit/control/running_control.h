// The control thread for real, between a core's mailboxes, whose other ends the test holds, and its admin
// socket.
#pragma once

#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "config/check.h"
#include "core/control/control.h"
#include "tests/unit/config/folder.h"

namespace sallyport {

// A plugin that is a manifest alone.
inline const sp_plugin& control_test_plugin() {
  static const sp_fact verb = {{"verb", 4}, {"", 0}};
  static const sp_manifest manifest = [] {
    sp_manifest made{};
    made.facts = &verb;
    made.fact_count = 1;
    made.size = sizeof made;
    made.name = {"test", 4};
    made.capabilities = SP_CAN_MASK | SP_CAN_HOLD;
    return made;
  }();
  static const sp_plugin plugin = [] {
    sp_plugin made{};
    made.magic = SP_MAGIC;
    made.size = sizeof made;
    made.manifest = &manifest;
    return made;
  }();
  return plugin;
}

class RunningControl {
 public:
  // Us as the user "me", who may approve; and "ann", who may not. `more` follows.
  static std::string config_text(const std::string& more = "") {
    const passwd* us = getpwuid(geteuid());
    return "[server]\nstate_dir = \"state\"\nplugins = [\"test\"]\n[[user]]\nname = \"me\"\ngroups = "
           "[\"dba\"]\n"
           "os_user = \"" +
           std::string(us ? us->pw_name : "nobody") +
           "\"\n[[user]]\nname = \"ann\"\ngroups = [\"staff\"]\nos_user = \"ann-of-nowhere\"\n"
           "[[target]]\nname = \"db\"\nprotocol = \"test\"\naddress = \"127.0.0.1:1\"\ntls = \"off\"\n"
           "allow = [\"staff\", \"dba\"]\n"
           "logins = { app = { credential = { user = \"app\", password = \"file:password\" } } }\n" +
           more;
  }

  RunningControl() {
    plugins_["test"] = {.abi = &control_test_plugin(), .path = "test", .digest = ""};
    folder_.write("state/placeholder", "");
    const auto password = folder_.write("password", "of the target");
    std::filesystem::permissions(password,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const auto file = write_config();
    auto policy = load_policy(file, plugins_);
    CHECK(policy.has_value());
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->policy = *policy;
    TargetState& target = snapshot->targets.emplace_back();
    target.target = &(*policy)->config().targets.front();
    target.plugin = &plugins_["test"];
    target.logins.push_back({.user = "app",
                             .password = SecretBytes(std::string_view("of the target")),
                             .error = "",
                             .file = config::look_at(target.target->logins.front().password)});
    socket_ = (*policy)->config().admin.socket.string();
    to_control = std::move(*ControlInbox::open());
    to_core = std::move(*CoreInbox::open());
    ControlOptions options;
    options.config_file = file;
    options.plugins = &plugins_;
    options.snapshot = snapshot;
    options.from_cores = {to_control.get()};
    options.to_cores = {to_core.get()};
    options.say = [](const std::string&) {};
    options.store = std::move(*Store::open(folder_.path() / "state"));
    auto control = Control::open(std::move(options));
    CHECK(control.has_value());
    control_ = std::move(*control);
    thread_ = std::thread([this] { control_->run(); });
  }
  ~RunningControl() {
    send(CoreDrained{.core = 0});
    thread_.join();
  }
  RunningControl(const RunningControl&) = delete;
  RunningControl& operator=(const RunningControl&) = delete;

  [[nodiscard]] std::filesystem::path write_config(const std::string& more = "") const {
    return folder_.write("sallyport.toml", config_text(more));
  }
  Control& control() { return *control_; }

  // The core's side: one thread of the test.
  void send(ToControl&& message) const {
    while (!to_control->push(std::move(message))) std::this_thread::yield();
  }
  template <typename Message>
  Message wait_for() const {
    for (;;) {
      while (std::optional<ToCore> message = to_core->pop()) {
        if (auto* found = std::get_if<Message>(&*message)) return std::move(*found);
      }
      std::this_thread::yield();
    }
  }

  // The operator's side, any thread: bytes to the admin socket, all that comes back until it closes.
  [[nodiscard]] std::string ask(std::string_view bytes) const {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    CHECK(socket_.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, socket_.c_str(), socket_.size() + 1);
    CHECK(fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const bool is_line = bytes.find('\n') != std::string_view::npos;
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) break;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    if (!is_line) shutdown(fd, SHUT_WR);  // who half closes behind a line gives up the answer
    std::string answer;
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t size = read(fd, buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) break;
      answer.append(buffer.data(), static_cast<size_t>(size));
    }
    close(fd);
    return answer;
  }

  std::unique_ptr<ControlInbox> to_control;
  std::unique_ptr<CoreInbox> to_core;

 private:
  config::Folder folder_;
  Plugins plugins_;
  std::string socket_;
  std::unique_ptr<Control> control_;
  std::thread thread_;
};

}  // namespace sallyport
