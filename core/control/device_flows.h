// Device authorizations (RFC 8628) that the gateway carries on with an issuer for callers who have nothing
// but curl. The caller's device code is ours, random, and kept as its SHA-256; the issuer's own never leaves
// the gateway. Pure bookkeeping: no clock, no I/O. Control thread.
//
//   begin -> started -> poll: ask -> answered (still pending, or over)
#pragma once

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "config/error.h"
#include "core/control/secret_bytes.h"

namespace sallyport {

struct DeviceFlow {
  std::string issuer, issuer_meaning, client_id;  // of the [[oidc]], as it was when this began
  std::string token_endpoint;
  SecretBytes device_code;                               // the issuer's
  nlohmann::json wanted;                                 // of the ticket, as Control::grant takes it
  std::string source;                                    // the caller's address without a port
  int64_t expires_ns = 0, next_ns = 0, interval_ns = 0;  // steady clock
  bool is_started = false, is_asked = false;             // by the issuer; the issuer is being asked
};

using DeviceKey = std::array<uint8_t, 32>;

class DeviceFlows {
 public:
  enum class Turn : uint8_t { ask, slow_down, expired, unknown };

  // An error where there are too many, of all or of this source.
  [[nodiscard]] Result<void> has_room(std::string_view source, int64_t now_ns);
  // `code` is the caller's.
  DeviceKey begin(std::string_view code, DeviceFlow flow);
  // The issuer has begun it. Null: it is over already.
  [[nodiscard]] DeviceFlow* find(const DeviceKey& key);
  void forget(const DeviceKey& key) { flows_.erase(key); }

  // The caller polls. ask: ask the issuer; the flow is `is_asked` until answered() or forget().
  [[nodiscard]] Turn poll(std::string_view code, int64_t now_ns, DeviceKey& key);
  // `too_fast`: so said the issuer.
  void answered(const DeviceKey& key, bool too_fast, int64_t now_ns);

  [[nodiscard]] size_t size() const { return flows_.size(); }

 private:
  void forget_old(int64_t now_ns);
  std::map<DeviceKey, DeviceFlow> flows_;
};

}  // namespace sallyport
