#pragma once

#include <errno.h>

#include <map>
#include <set>
#include <string>

#include "core/io/ring.h"

namespace sallyport::testing {

// An echo server as the Core would be written: one receive and one send in flight a connection, every errno
// answered. Small enough to be judged by eye, so that what fails here is the simulation.
class EchoServer {
 public:
  EchoServer(Ring& ring, const Address& address)
      : ring_(ring), listener_(ring.listen(address, false, 16).value()) {
    ring_.accept(listener_, accept_token);
  }

  void run_for(int64_t time_ns) {
    int64_t end_ns = ring_.now_ns() + time_ns;
    while (ring_.now_ns() < end_ns) turn(end_ns);
  }

  void stop() {
    for (auto& [id, connection] : connections_) close(connection);
    ring_.close(listener_);
    accepting_ = false;
    while (ring_.operations_in_flight() > 0) turn(ring_.now_ns() + 1'000'000'000);
  }

  std::set<int32_t> errors;
  std::map<uint64_t, size_t> echoed;

 private:
  struct Connection {
    int fd;
    std::string out;
    size_t in_flight = 0;  // operations
    bool sending = false;
    bool receiving = false;
    bool closed = false;
  };
  enum : uint64_t { accept_token = 1, receive_kind = 2, send_kind = 3 };

  void turn(int64_t deadline_ns) {
    Completion batch[8];
    size_t count = ring_.wait(batch, deadline_ns);
    for (const Completion& completion : std::span(batch, count)) handle(completion);
    // Receives that found no block, or not yet armed.
    for (auto& [id, connection] : connections_) {
      if (!connection.closed && !connection.receiving && connection.out.size() < 65'536)
        receive(id, connection);
    }
  }

  void handle(const Completion& completion) {
    if (completion.result < 0) errors.insert(-completion.result);
    if (completion.token == accept_token) return accepted(completion);
    uint64_t id = completion.token >> 8;
    Connection& connection = connections_.at(id);
    if (!completion.more) --connection.in_flight;
    if ((completion.token & 255) == receive_kind) {
      received(id, connection, completion);
    } else {
      sent(id, connection, completion);
    }
    if (connection.closed && connection.in_flight == 0) connections_.erase(id);
  }

  void accepted(const Completion& completion) {
    if (completion.result >= 0) {
      uint64_t id = ++last_id_;
      Connection& connection = connections_[id];
      connection.fd = completion.result;
      if (!accepting_) return close(connection);
    }
    if (!completion.more && accepting_) ring_.accept(listener_, accept_token);
  }

  void receive(uint64_t id, Connection& connection) {
    connection.receiving = true;
    ++connection.in_flight;
    ring_.receive(connection.fd, id << 8 | receive_kind);
  }

  void received(uint64_t id, Connection& connection, const Completion& completion) {
    if (!completion.more) connection.receiving = false;
    if (completion.has_block) {
      auto* bytes = reinterpret_cast<const char*>(ring_.block(completion.block).data());
      if (!connection.closed) connection.out.append(bytes, static_cast<size_t>(completion.result));
      ring_.release(completion.block);
    }
    if (connection.closed) return;
    int32_t result = completion.result;
    if (result == 0 || (result < 0 && result != -ENOBUFS && result != -EINTR)) return close(connection);
    send(id, connection);
  }

  void send(uint64_t id, Connection& connection) {
    if (connection.sending || connection.out.empty()) return;
    connection.sending = true;
    ++connection.in_flight;
    in_flight_bytes_[id] = connection.out;  // must stay put
    iovec vector{in_flight_bytes_[id].data(), in_flight_bytes_[id].size()};
    ring_.send(connection.fd, {&vector, 1}, true, id << 8 | send_kind);
  }

  void sent(uint64_t id, Connection& connection, const Completion& completion) {
    connection.sending = false;
    in_flight_bytes_.erase(id);
    if (connection.closed) return;
    if (completion.result < 0 && completion.result != -EINTR) return close(connection);
    if (completion.result > 0) {
      connection.out.erase(0, static_cast<size_t>(completion.result));
      echoed[id] += static_cast<size_t>(completion.result);
    }
    send(id, connection);
  }

  void close(Connection& connection) {
    if (connection.closed) return;
    connection.closed = true;
    ring_.close(connection.fd);
  }

  Ring& ring_;
  int listener_;
  bool accepting_ = true;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Connection> connections_;
  std::map<uint64_t, std::string> in_flight_bytes_;
};

}  // namespace sallyport::testing
