#include "core/control/http_door.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <map>
#include <mutex>
#include <thread>

#include "config/check.h"
#include "config/limits.h"
#include "core/control/http_guard.h"

namespace sallyport {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

std::string string_of(beast::string_view text) { return {text.data(), text.size()}; }

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

// One connection. `Stream` is a beast::tcp_stream, or TLS over one.
template <typename Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  struct Door {
    HttpDoor::Handler* handler;
    std::function<void()> leave;
    std::vector<std::string> names;
  };

  Connection(Stream stream, Door door, std::string peer, bool secure)
      : stream_(std::move(stream)), door_(std::move(door)), peer_(std::move(peer)), is_secure_(secure) {}
  ~Connection() { door_.leave(); }

  void start() {
    if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
      read();
    } else {
      deadline(limits::http_request_timeout_ms);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code error) {
                                if (!error) self->read();
                              });
    }
  }

 private:
  void deadline(uint32_t ms) {
    beast::get_lowest_layer(stream_).expires_after(std::chrono::milliseconds(ms));
  }

  void read() {
    if (++request_count_ > limits::http_request_count_max) return;
    // The first byte of a further request may take its time; then all of it must come.
    deadline(request_count_ == 1 ? limits::http_request_timeout_ms : limits::http_idle_timeout_ms);
    parser_.emplace();
    parser_->header_limit(limits::http_header_size_max);
    parser_->body_limit(limits::http_body_size_max);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](error_code error, size_t) { self->on_header(error); });
  }

  void on_header(error_code error) {
    if (error == http::error::header_limit) return refuse(431, "the header is too large");
    if (error == http::error::body_limit) return refuse(413, "the body is too large");
    if (error && error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      return refuse(400, "this is no request of HTTP/1.1");
    }
    if (error) return;
    if (const HttpRefusal refusal = look(); refusal.status != 0) return refuse(refusal.status, refusal.why);
    deadline(limits::http_request_timeout_ms);
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](error_code failed, size_t) { self->on_body(failed); });
  }

  [[nodiscard]] HttpRefusal look() const {
    const auto& fields = parser_->get();
    HttpHead head{.method = string_of(fields.method_string()),
                  .target = string_of(fields.target()),
                  .version = fields.version(),
                  .is_secure = is_secure_,
                  .fields = {}};
    for (const auto& field : fields)
      head.fields.emplace_back(string_of(field.name_string()), string_of(field.value()));
    return look_at(head, door_.names);
  }

  void on_body(error_code error) {
    if (error == http::error::body_limit) return refuse(413, "the body is too large");
    if (error) return;
    auto message = parser_->release();
    const std::string target = string_of(message.target());
    const size_t mark = target.find('?');
    HttpRequest request{.method = string_of(message.method_string()),
                        .path = target.substr(0, mark),
                        .query = mark == std::string::npos ? "" : target.substr(mark + 1),
                        .authorization = string_of(message[http::field::authorization]),
                        .content_type = string_of(message[http::field::content_type]),
                        .body = std::move(message.body()),
                        .peer = peer_};
    is_head_ = message.method() == http::verb::head;
    keeps_ = message.keep_alive();
    deadline(limits::http_answer_timeout_ms);
    // A peer that leaves meanwhile is noticed when the answer is written.
    std::weak_ptr<Connection> weak = this->weak_from_this();
    waits_ = true;
    timer_.emplace(stream_.get_executor());
    timer_->expires_after(std::chrono::milliseconds(limits::http_answer_timeout_ms));
    // The timer keeps the connection while nothing else does.
    timer_->async_wait([self = this->shared_from_this()](error_code cancelled) {
      if (!cancelled && self->waits_)
        self->answer(
            {.status = 503, .body = http_problem(503, "the gateway did not answer in time; try again")});
    });
    auto executor = stream_.get_executor();
    (*door_.handler)(std::move(request), [weak, executor](HttpAnswer answer) {
      asio::post(executor, [weak, answer = std::move(answer)]() mutable {
        const auto self = weak.lock();
        if (self && self->waits_) self->answer(std::move(answer));
      });
    });
  }

  void refuse(unsigned status, std::string_view why) {
    keeps_ = false;
    answer({.status = status, .body = http_problem(status, why)});
  }

  void answer(HttpAnswer answer) {
    const auto self = this->shared_from_this();
    waits_ = false;
    if (timer_) timer_->cancel();
    deadline(limits::http_request_timeout_ms);
    response_ = {};
    response_.version(11);
    response_.result(answer.status);
    response_.set(http::field::content_type, answer.content_type);
    for (const auto& [name, value] : http_answer_headers(is_secure_)) response_.set(name, value);
    for (const auto& [name, value] : answer.headers) response_.set(name, value);
    response_.keep_alive(keeps_);
    response_.body() = std::move(answer.body);
    response_.prepare_payload();
    if (is_head_) response_.body().clear();
    http::async_write(stream_, response_, [self](error_code error, size_t) {
      if (!error && self->keeps_) return self->read();
      if (!error) self->close();
    });
  }

  // What the peer still sends is read for a moment: closed over it, its answer would be lost to a reset.
  void close() {
    deadline(1000);
    if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
      drain();
    } else {
      stream_.async_shutdown([self = this->shared_from_this()](error_code) { self->drain(); });
    }
  }
  void drain() {
    auto& lowest = beast::get_lowest_layer(stream_);
    error_code ignored;
    lowest.socket().shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    lowest.async_read_some(buffer_.prepare(4096),
                           [self = this->shared_from_this()](error_code error, size_t size) {
                             if (!error && (self->drained_ += size) < limits::http_body_size_max)
                               self->drain();
                           });
  }

  Stream stream_;
  Door door_;
  const std::string peer_;
  const bool is_secure_;
  beast::flat_buffer buffer_{limits::http_header_size_max + limits::http_body_size_max};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<asio::steady_timer> timer_;
  uint32_t request_count_ = 0;
  size_t drained_ = 0;
  bool waits_ = false;  // for the handler
  bool keeps_ = false, is_head_ = false;
};

template <typename Stream>
void begin(Stream stream, typename Connection<Stream>::Door door, const std::string& peer, bool secure) {
  std::make_shared<Connection<Stream>>(std::move(stream), std::move(door), peer, secure)->start();
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
