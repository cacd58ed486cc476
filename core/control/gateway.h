// Gateway: the whole running thing: opens the log, starts the writer, one thread a core and the control
// thread, and takes them down in the other order. What `sallyport serve` calls.
//
//   start: world -> state folder locked -> leftover rings drained into the log -> writer -> cores listen ->
//   serve stop:  drain -> cores end -> the log's last commit -> rings removed
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/control/control.h"
#include "core/control/retention.h"
#include "core/control/witness.h"
#include "ringlog/keys.h"
#include "ringlog/writer_thread.h"

namespace sallyport {

class Gateway {
 public:
  using Say = std::function<void(const std::string&)>;

  // Problems of the config, or of the machine, say what to do next. `say` prints lines for the operator;
  // `probe` speaks the protocols that the canary can try.
  static std::expected<std::unique_ptr<Gateway>, Problems> start(const std::filesystem::path& config_file,
                                                                 Say say, CanaryProbe probe);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Serves until drained.
  void run();
  // From any thread, also a signal handler's.
  void reload() { control_->poke('r'); }
  void drain() { control_->poke('d'); }
  // Where the listeners listen, in the config's order (a port 0 has become a real one).
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  struct CoreThread;
  Gateway() = default;

  // 0700, ours. Errors say whose it is.
  Result<void> lock_state();
  Result<void> open_store();
  Result<void> open_log();
  // Threads beside the log: they are started last, because they write records.
  Result<void> open_log_keepers();
  Result<void> start_cores();
  Result<void> open_control();
  void on_log(const ringlog::WriterThread& log);
  void close_log();
  [[nodiscard]] nlohmann::json log_state() const;

  Say say_;
  std::filesystem::path config_file_;
  Plugins plugins_;
  SnapshotPointer snapshot_;
  CanaryKey canary_key_;
  CanaryProbe canary_probe_;
  Lockdowns lockdowns_;
  std::unique_ptr<Store> store_;  // until Control has it
  Closed closed_;
  std::vector<identity::TicketPointer> tickets_;
  std::vector<identity::GrantPointer> grants_;
  int lock_fd_ = -1;
  std::vector<std::unique_ptr<ringlog::ByteRing>> rings_;
  std::unique_ptr<ringlog::RootKey> root_key_;
  std::unique_ptr<ringlog::WriterThread> log_;
  std::unique_ptr<Witness> witness_;  // outlives log_: it is told the last head
  std::unique_ptr<Retention> retention_;
  std::vector<RecordAdmin> acts_;  // of the start, until Control has them
  bool log_said_failing_ = false;  // the writer's thread's
  std::vector<std::unique_ptr<ControlInbox>> to_control_;
  std::vector<std::unique_ptr<CoreInbox>> to_cores_;
  std::vector<std::unique_ptr<CoreThread>> cores_;
  std::unique_ptr<Control> control_;
  std::vector<std::string> addresses_;
  uint64_t instance_ = 0;
};

}  // namespace sallyport
