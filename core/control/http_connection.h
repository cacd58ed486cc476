// One connection of the HttpDoor: reads a request, has it answered, reads the next. `Stream` is a
// beast::tcp_stream, or TLS over one. On the door's thread; it lives as long as an operation of it does.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <memory>
#include <optional>
#include <string>

#include "config/limits.h"
#include "core/control/http_door.h"
#include "core/control/http_guard.h"

namespace sallyport {

template <typename Stream>
class HttpConnection : public std::enable_shared_from_this<HttpConnection<Stream>> {
 public:
  struct Door {
    HttpDoor::Handler* handler;
    std::function<void()> leave;
    std::vector<std::string> names;
  };

  HttpConnection(Stream stream, Door door, std::string peer, bool secure)
      : stream_(std::move(stream)), door_(std::move(door)), peer_(std::move(peer)), is_secure_(secure) {}
  ~HttpConnection() { door_.leave(); }

  void start() {
    if constexpr (std::is_same_v<Stream, boost::beast::tcp_stream>) {
      read();
    } else {
      deadline(limits::http_request_timeout_ms);
      stream_.async_handshake(boost::asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](boost::system::error_code error) {
                                if (!error) self->read();
                              });
    }
  }

 private:
  static std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

  void deadline(uint32_t ms) {
    boost::beast::get_lowest_layer(stream_).expires_after(std::chrono::milliseconds(ms));
  }

  void read() {
    if (++request_count_ > limits::http_request_count_max) return;
    // The first byte of a further request may take its time; then all of it must come.
    deadline(request_count_ == 1 ? limits::http_request_timeout_ms : limits::http_idle_timeout_ms);
    parser_.emplace();
    parser_->header_limit(limits::http_header_size_max);
    parser_->body_limit(limits::http_body_size_max);
    boost::beast::http::async_read_header(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](boost::system::error_code error, size_t) {
          self->on_header(error);
        });
  }

  void on_header(boost::system::error_code error) {
    if (error == boost::beast::http::error::header_limit) return refuse(431, "the header is too large");
    if (error == boost::beast::http::error::body_limit) return refuse(413, "the body is too large");
    if (error &&
        error.category() ==
            boost::beast::http::make_error_code(boost::beast::http::error::bad_method).category() &&
        error != boost::beast::http::error::end_of_stream &&
        error != boost::beast::http::error::partial_message) {
      return refuse(400, "this is no request of HTTP/1.1");
    }
    if (error) return;
    if (const HttpRefusal refusal = look(); refusal.status != 0) return refuse(refusal.status, refusal.why);
    deadline(limits::http_request_timeout_ms);
    boost::beast::http::async_read(stream_, buffer_, *parser_,
                                   [self = this->shared_from_this()](boost::system::error_code failed,
                                                                     size_t) { self->on_body(failed); });
  }

  [[nodiscard]] HttpRefusal look() const {
    const auto& fields = parser_->get();
    HttpHead head{.method = text_of(fields.method_string()),
                  .target = text_of(fields.target()),
                  .version = fields.version(),
                  .is_secure = is_secure_,
                  .fields = {}};
    for (const auto& field : fields)
      head.fields.emplace_back(text_of(field.name_string()), text_of(field.value()));
    return look_at(head, door_.names);
  }

  void on_body(boost::system::error_code error) {
    if (error == boost::beast::http::error::body_limit) return refuse(413, "the body is too large");
    if (error) return;
    auto message = parser_->release();
    const std::string target = text_of(message.target());
    const size_t mark = target.find('?');
    HttpRequest request{.method = text_of(message.method_string()),
                        .path = target.substr(0, mark),
                        .query = mark == std::string::npos ? "" : target.substr(mark + 1),
                        .authorization = text_of(message[boost::beast::http::field::authorization]),
                        .content_type = text_of(message[boost::beast::http::field::content_type]),
                        .body = std::move(message.body()),
                        .peer = peer_,
                        .hook = {.signature = text_of(message["Sallyport-Signature"]),
                                 .slack_signature = text_of(message["X-Slack-Signature"]),
                                 .slack_time = text_of(message["X-Slack-Request-Timestamp"])}};
    is_head_ = message.method() == boost::beast::http::verb::head;
    keeps_ = message.keep_alive();
    deadline(limits::http_answer_timeout_ms);
    // A peer that leaves meanwhile is noticed when the answer is written.
    std::weak_ptr<HttpConnection> weak = this->weak_from_this();
    waits_ = true;
    timer_.emplace(stream_.get_executor());
    timer_->expires_after(std::chrono::milliseconds(limits::http_answer_timeout_ms));
    // The timer keeps the connection while nothing else does.
    timer_->async_wait([self = this->shared_from_this()](boost::system::error_code cancelled) {
      if (!cancelled && self->waits_)
        self->answer(
            {.status = 503, .body = http_problem(503, "the gateway did not answer in time; try again")});
    });
    auto executor = stream_.get_executor();
    // An answer that comes too late is none to a further request: who sends that may be somebody else, where
    // a proxy shares the connection.
    (*door_.handler)(std::move(request), [weak, executor, number = request_count_](HttpAnswer answer) {
      boost::asio::post(executor, [weak, number, answer = std::move(answer)]() mutable {
        const auto self = weak.lock();
        if (self && self->waits_ && self->request_count_ == number) self->answer(std::move(answer));
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
    response_.set(boost::beast::http::field::content_type, answer.content_type);
    for (const auto& [name, value] : http_answer_headers(is_secure_)) response_.set(name, value);
    for (const auto& [name, value] : answer.headers) response_.set(name, value);
    response_.keep_alive(keeps_);
    response_.body() = std::move(answer.body);
    response_.prepare_payload();
    if (is_head_) response_.body().clear();
    boost::beast::http::async_write(stream_, response_, [self](boost::system::error_code error, size_t) {
      if (!error && self->keeps_) return self->read();
      if (!error) self->close();
    });
  }

  // What the peer still sends is read for a moment: closed over it, its answer would be lost to a reset.
  void close() {
    deadline(1000);
    if constexpr (std::is_same_v<Stream, boost::beast::tcp_stream>) {
      drain();
    } else {
      stream_.async_shutdown([self = this->shared_from_this()](boost::system::error_code) { self->drain(); });
    }
  }
  void drain() {
    auto& lowest = boost::beast::get_lowest_layer(stream_);
    boost::system::error_code ignored;
    lowest.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    lowest.async_read_some(buffer_.prepare(4096),
                           [self = this->shared_from_this()](boost::system::error_code error, size_t size) {
                             if (!error && (self->drained_ += size) < limits::http_body_size_max)
                               self->drain();
                           });
  }

  Stream stream_;
  Door door_;
  const std::string peer_;
  const bool is_secure_;
  boost::beast::flat_buffer buffer_{limits::http_header_size_max + limits::http_body_size_max};
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  std::optional<boost::asio::steady_timer> timer_;
  uint32_t request_count_ = 0;
  size_t drained_ = 0;
  bool waits_ = false;  // for the handler
  bool keeps_ = false, is_head_ = false;
};

}  // namespace sallyport
