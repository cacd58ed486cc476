#include "core/control/http_door.h"

#include <map>
#include <mutex>
#include <thread>

#include "config/check.h"
#include "config/limits.h"
#include "core/control/http_connection.h"

namespace sallyport {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

}  // namespace

// What the door and its connections hold together. On the door's thread, but for what the mutex guards.
struct HttpDoor::Shared {
  Handler handler;
  std::map<std::string, size_t> connections;  // by source
  size_t connection_count = 0;
  std::mutex mutex;
  TlsContext tls;
  std::vector<std::string> names;

  // Below what connections use: what it still holds of them goes with it.
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  asio::steady_timer pause{context};
  std::thread thread;

  void accept();
  bool admit(const std::string& source);
  void leave(const std::string& source);
  void serve(tcp::socket socket);
};

namespace {

template <typename Stream>
void begin(Stream stream, typename HttpConnection<Stream>::Door door, const std::string& peer, bool secure) {
  std::make_shared<HttpConnection<Stream>>(std::move(stream), std::move(door), peer, secure)->start();
}

}  // namespace

bool HttpDoor::Shared::admit(const std::string& source) {
  if (connection_count >= limits::http_connection_count_max) return false;
  size_t& count = connections[source];
  if (count >= limits::http_connection_count_max_per_source) return false;
  ++count;
  ++connection_count;
  return true;
}

void HttpDoor::Shared::leave(const std::string& source) {
  const auto found = connections.find(source);
  CHECK(found != connections.end());
  if (--found->second == 0) connections.erase(found);
  --connection_count;
}

void HttpDoor::Shared::accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      // Out of descriptors, most likely: again in a moment.
      pause.expires_after(std::chrono::milliseconds(100));
      return pause.async_wait([this](error_code cancelled) {
        if (!cancelled) accept();
      });
    }
    serve(std::move(socket));
    accept();
  });
}

void HttpDoor::Shared::serve(tcp::socket socket) {
  error_code gone;
  const tcp::endpoint peer = socket.remote_endpoint(gone);
  const std::string source = gone ? "" : peer.address().to_string();
  if (gone || !admit(source)) return;
  const auto leaves = [this, source] { leave(source); };
  beast::tcp_stream stream(std::move(socket));
  const std::lock_guard lock(mutex);
  if (!tls) return begin(std::move(stream), {&handler, leaves, names}, text_of(peer), false);
  // The context lives as long as the SSL that is made of it.
  SSL_CTX_up_ref(tls.get());
  asio::ssl::context secure(tls.get());
  begin(beast::ssl_stream<beast::tcp_stream>(std::move(stream), secure), {&handler, leaves, names},
        text_of(peer), true);
}

Result<std::unique_ptr<HttpDoor>> HttpDoor::open(HttpDoorOptions options, Handler handler) {
  std::unique_ptr<HttpDoor> door(new HttpDoor());
  door->shared_ = std::make_unique<Shared>();
  Shared& shared = *door->shared_;
  shared.handler = std::move(handler);
  shared.tls = std::move(options.tls);
  shared.names = std::move(options.names);
  error_code error;
  const asio::ip::address host = asio::ip::make_address(options.address.host, error);
  if (error) return fail("[admin] address: " + options.address.host + " is no numeric address");
  const tcp::endpoint endpoint(host, options.address.port);
  const auto failed = [&](const char* doing) {
    return fail(std::string(doing) + " " + options.address.text() + " for the admin API: " + error.message());
  };
  if (shared.acceptor.open(endpoint.protocol(), error)) return failed("open a socket at");
  shared.acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (shared.acceptor.bind(endpoint, error)) return failed("bind");
  if (shared.acceptor.listen(64, error)) return failed("listen at");
  door->address_ = text_of(shared.acceptor.local_endpoint(error));
  shared.accept();
  shared.thread = std::thread([&shared] { shared.context.run(); });
  return door;
}

HttpDoor::HttpDoor() = default;

HttpDoor::~HttpDoor() {
  if (!shared_ || !shared_->thread.joinable()) return;
  shared_->context.stop();
  shared_->thread.join();
}

void HttpDoor::change(TlsContext tls, std::vector<std::string> names) {
  const std::lock_guard lock(shared_->mutex);
  shared_->tls = std::move(tls);
  shared_->names = std::move(names);
}

}  // namespace sallyport
