// The live half of `sallyport plugin record`: a real client and a real target talk through the plugin, which
// runs in the kit's host with a socket on each leg and a scripted policy. So what is captured is what both
// really send to a gateway, the logins on both legs included, and record_session (kit_transcript.h) can play
// it again. Randomness is seeded by the script, and time passes for the plugin only by `advance` steps, which
// are captured too. Plain bytes only: a script that offers the client no TLS is the one to use, and a leg
// that starts TLS ends it all.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/error.h"
#include "core/path/kit_script.h"
#include "core/path/kit_socket.h"
#include "core/path/kit_transcript.h"
#include "plugins/plugin.h"

namespace sallyport {

// Of all legs together; a longer conversation is not captured.
inline constexpr size_t kit_capture_bytes_max = 64 * 1024 * 1024;

struct KitCaptureOptions {
  KitAddress target;  // of every target leg
  int stop_fd = -1;   // readable: the capture ends here
  int command_fd =
      -1;  // lines of `decide`, `ready`, `advance`, `signal`, `policy`, `shutdown`, done as they come
  std::function<void(const std::string&)> say = [](const std::string&) {
  };  // a line for the person who records
};

struct KitCaptured {
  std::vector<KitCapture> parts;
  std::string client_output;
  std::string ended;  // as KitHost::ended_why; empty: stopped before
};

// Waits for one connection at `listener`, closes that, and returns when the connection's session is over.
// Errors: stopped before anybody came, the target cannot be connected, TLS wanted, more than
// kit_capture_bytes_max.
[[nodiscard]] Result<KitCaptured> capture_session(const sp_plugin& plugin, const KitScript& script,
                                                  KitSocket listener, const KitCaptureOptions& options);

}  // namespace sallyport
