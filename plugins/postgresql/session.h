// One client's session with a PostgreSQL target: the plugin's state behind `open`, `feed` and `close`.
//
//   login (login/) -> serving: Frontend and Backend over one Wire -> ended
//
// Leg 0 is the client, 1 the target, 2 the catalogue's, 3 a cancel on its way to the target. Session's
// thread.
#pragma once

#include <cstdint>
#include <memory>

#include "plugins/postgresql/backend.h"
#include "plugins/postgresql/frontend.h"
#include "plugins/postgresql/login/login.h"
#include "plugins/postgresql/wire.h"

namespace sallyport::pg {

inline constexpr uint32_t cancel_leg = SP_LEG_TARGET + 2;

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
  [[nodiscard]] sp_status status() const { return wire_.host.ok() ? SP_OK : SP_FAULT; }

  Link link_;
  Login login_;
  Catalogue catalogue_;
  Wire wire_;
  Frontend frontend_;
  Backend backend_;
  TargetCancel cancel_;
  bool serving_ = false;
};

}  // namespace sallyport::pg
