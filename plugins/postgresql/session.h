// One client's session with a PostgreSQL target: the plugin's state behind `open`, `feed` and `close`.
//
//   login (login/) -> serving: Frontend and Backend over one Wire -> ended
//
// Leg 0 is the client, 1 the target, 2 the catalogue's, 3 and up cancels on their
// way to the target. Session's
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "plugins/postgresql/backend.h"
#include "plugins/postgresql/frontend.h"
#include "plugins/postgresql/login/login.h"
#include "plugins/postgresql/wire.h"

namespace sallyport::pg {

// Cancels on their way take turns on these legs: one may still be closing when the next is asked for.
inline constexpr uint32_t cancel_leg = SP_LEG_TARGET + 2;
inline constexpr uint32_t cancel_leg_count = SP_LEG_COUNT_MAX - cancel_leg;

class Session {
 public:
  Session(Link link, const sp_open& info);
  [[nodiscard]] sp_status feed(const sp_input& input);

 private:
  [[nodiscard]] sp_status feed_login(const sp_input& input);
  [[nodiscard]] sp_status feed_client(const sp_input& input);
  [[nodiscard]] sp_status feed_target(const sp_input& input);
  // The login is over: the client is told, and both legs are this machine's.
  [[nodiscard]] bool begin_serving();
  void publish_key(BackendKey& key);
  void signal_other();
  void cancel_at_target();
  [[nodiscard]] sp_status status() const { return wire_.host.ok() ? SP_OK : SP_FAULT; }

  Link link_;
  Login login_;
  Catalogue catalogue_;
  Wire wire_;
  Frontend frontend_;
  Backend backend_;
  std::array<TargetCancel, cancel_leg_count> cancels_;
  uint32_t cancel_next_ = 0;
  bool serving_ = false;
};

}  // namespace sallyport::pg
