// The admin API's listener: HTTP/1.1 over TLS, or in plaintext on loopback, on a thread of its own, by
// Boost.Beast. It knows nothing of what it carries: a request that is whole, bounded and not another site's
// goes to the handler, its answer back. Deadlines cover a whole request, so that slow peers hold nothing but
// their own connection; what is over a limit is refused with an answer where there is somebody to read it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "core/path/tls.h"

namespace sallyport {

// What an answer to a webhook proves itself with (core/control/webhook.md); as sent.
struct HookProof {
  std::string signature;        // Sallyport-Signature
  std::string slack_signature;  // X-Slack-Signature
  std::string slack_time;       // X-Slack-Request-Timestamp
};

struct HttpRequest {
  std::string method, path, query;  // as sent: path without the query
  std::string authorization, content_type, body;
  std::string peer;  // "127.0.0.1:40312"
  HookProof hook = {};
};

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct HttpDoorOptions {
  config::Address address;
  TlsContext tls;                  // empty: plaintext
  std::vector<std::string> names;  // of Host, beside the address
};

class HttpDoor {
 public:
  // Once, from any thread. A connection that has gone by then drops it.
  using Reply = std::function<void(HttpAnswer)>;
  // On the door's thread.
  using Handler = std::function<void(HttpRequest&&, Reply)>;

  static Result<std::unique_ptr<HttpDoor>> open(HttpDoorOptions options, Handler handler);
  ~HttpDoor();
  HttpDoor(const HttpDoor&) = delete;
  HttpDoor& operator=(const HttpDoor&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  // For connections from now on: a certificate was renewed, or names were changed. Any thread.
  void change(TlsContext tls, std::vector<std::string> names);

 private:
  struct Shared;
  HttpDoor();
  std::unique_ptr<Shared> shared_;
  std::string address_;
};

}  // namespace sallyport
