// Where the demo's webhook sends to: a port on loopback that takes every POST, keeps it, and answers 204. A
// thread of its own; any thread may ask it.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/error.h"

namespace sallyport::cli {

struct DemoMessage {
  std::string signature;  // Sallyport-Signature
  std::string body;
};

class DemoReceiver {
 public:
  explicit DemoReceiver(uint16_t port) : port_(port) {}
  ~DemoReceiver();
  Result<void> start();
  // The first message that `holds` all of these, waited for; nothing in time.
  [[nodiscard]] std::optional<DemoMessage> wait(const std::vector<std::string>& holds, int timeout_ms);

 private:
  void serve();
  void take(int fd);
  uint16_t port_;
  int fd_ = -1;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<DemoMessage> messages_;
};

}  // namespace sallyport::cli
