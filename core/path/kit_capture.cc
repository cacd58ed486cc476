#include "core/path/kit_capture.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "config/limits.h"
#include "core/path/kit_play.h"

namespace sallyport {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t read_size_max = 64 * 1024;
constexpr int connect_timeout_ms = 10'000;
constexpr int flush_timeout_ms = 10'000;     // for what was queued when the session ended
constexpr int farewell_timeout_ms = 10'000;  // of silence after the client has gone
// A leg that holds so much is not read: whole units fit, and the host ends the session beyond unit_size_max.
constexpr size_t held_bytes_max = limits::unit_size_max - read_size_max;

std::string leg_words(uint32_t leg) { return leg == SP_LEG_CLIENT ? "client" : "leg " + std::to_string(leg); }

class Capture {
 public:
  Capture(const sp_plugin& plugin, const KitScript& script, KitSocket client,
          const KitCaptureOptions& options)
      : host_(plugin, script), options_(options), commands_(options.command_fd) {
    socket_[SP_LEG_CLIENT] = std::move(client);
  }

  Result<KitCaptured> run() {
    for (stopped_ = false; !over();) {
      if (Result<void> good = follow(); !good) return std::unexpected(std::move(good.error()));
      if (over()) break;
      if (Result<void> good = wait(); !good) return std::unexpected(std::move(good.error()));
    }
    flush();
    captured_.client_output = host_.output(SP_LEG_CLIENT);
    captured_.ended = host_.ended_why();
    return std::move(captured_);
  }

 private:
  [[nodiscard]] bool over() const { return host_.ended() || stopped_; }

  // What the plugin wants of its legs, and what it sends.
  Result<void> follow() {
    for (bool again = true; again && !host_.ended();) {
      again = false;
      for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
        if (host_.leg(leg).handshaking) {
          return fail("the plugin starts TLS on " + leg_words(leg) +
                      ", and only plain bytes can be recorded: turn TLS off at the peer");
        }
        if (host_.leg(leg).state != KitLegState::kConnecting) continue;
        Result<KitSocket> made = KitSocket::connect(options_.target, connect_timeout_ms);
        if (!made) return std::unexpected(std::move(made.error()));
        socket_[leg] = std::move(*made);
        again = host_.opened(leg);
      }
    }
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) send(leg);
    tell_waiting();
    return {};
  }

  void send(uint32_t leg) {
    const std::string bytes = host_.take(leg);
    fresh_ |= !bytes.empty();
    out_[leg] += bytes;
    if (!socket_[leg].open()) return out_[leg].clear();
    socket_[leg].write(out_[leg]);
    if (out_[leg].empty() && host_.leg(leg).state == KitLegState::kFinished) socket_[leg].close();
  }

  void tell_waiting() {
    const std::vector<uint64_t> waiting = host_.waiting();
    for (const uint64_t ticket : waiting) {
      if (std::find(told_.begin(), told_.end(), ticket) != told_.end()) continue;
      options_.say("ticket " + std::to_string(ticket) + " waits, " + host_.trace(KitTrace::kAsk).back() +
                   "\ntype: decide allow, or: decide deny");
    }
    told_ = waiting;
  }

  [[nodiscard]] bool reads(uint32_t leg) const {
    const KitLeg& at = host_.leg(leg);
    return socket_[leg].open() && at.state == KitLegState::kOpen && !at.ended &&
           at.unconsumed.size() < held_bytes_max;
  }

  [[nodiscard]] int patience_ms() const {
    const uint32_t timer = host_.timer_ms();
    if (timer != 0) return static_cast<int>(std::min<uint32_t>(timer, 60'000));
    return host_.leg(SP_LEG_CLIENT).ended ? farewell_timeout_ms : -1;
  }

  Result<void> wait() {
    std::array<pollfd, SP_LEG_COUNT_MAX + 2> polls{};
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      const short events = static_cast<short>((reads(leg) ? POLLIN : 0) | (out_[leg].empty() ? 0 : POLLOUT));
      polls[leg] = {.fd = events != 0 ? socket_[leg].fd() : -1, .events = events, .revents = 0};
    }
    pollfd& stop = polls[SP_LEG_COUNT_MAX];
    pollfd& command = polls[SP_LEG_COUNT_MAX + 1];
    stop = {.fd = options_.stop_fd, .events = POLLIN, .revents = 0};
    command = {.fd = commands_, .events = POLLIN, .revents = 0};
    const int ready = poll(polls.data(), polls.size(), patience_ms());
    if (ready < 0 && errno != EINTR) return fail_errno("poll", errno);
    pass_time();
    if (ready <= 0 && host_.leg(SP_LEG_CLIENT).ended && host_.timer_ms() == 0) stopped_ = true;
    if (ready <= 0) return {};
    if (stop.revents != 0) stopped_ = true;
    if (command.revents != 0) read_commands();
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX && !over(); ++leg) {
      if ((polls[leg].revents & (POLLIN | POLLHUP | POLLERR)) == 0 || !reads(leg)) continue;
      if (Result<void> good = read(leg); !good) return good;
    }
    return {};
  }

  // The plugin's timer runs only by steps that the transcript repeats.
  void pass_time() {
    const Clock::time_point now = Clock::now();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - last_).count();
    if (host_.timer_ms() == 0) {
      last_ = now;
    } else if (ms > 0) {
      last_ += std::chrono::milliseconds(ms);
      (void)host_.advance(static_cast<uint32_t>(ms));
      add({.step = "advance " + std::to_string(ms)});
    }
  }

  Result<void> read(uint32_t leg) {
    std::string bytes;
    if (!socket_[leg].read(bytes, read_size_max)) {
      add({.step = "end " + leg_words(leg)});
      (void)host_.end(leg);
      return follow();
    }
    if (bytes.empty()) return {};
    captured_bytes_ += bytes.size();
    if (captured_bytes_ > kit_capture_bytes_max) {
      return fail("more than " + std::to_string(kit_capture_bytes_max >> 20) +
                  " MiB have come (kit_capture_bytes_max): record a shorter conversation");
    }
    add({.leg = leg, .bytes = bytes});
    if (!host_.receive(leg, bytes)) return fail(host_.problem());
    return follow();
  }

  // Bytes that nothing came out between are one arrival, as in the transcript.
  void add(KitCapture part) {
    if (!fresh_ && part.step.empty() && !captured_.parts.empty() && captured_.parts.back().step.empty() &&
        captured_.parts.back().leg == part.leg) {
      captured_.parts.back().bytes += part.bytes;
    } else {
      captured_.parts.push_back(std::move(part));
    }
    fresh_ = false;
  }

  void read_commands() {
    std::array<char, 4096> block{};
    const ssize_t size = ::read(commands_, block.data(), block.size());
    if (size <= 0) commands_ = -1;
    if (size > 0) typed_.append(block.data(), static_cast<size_t>(size));
    for (size_t end = 0; !over() && (end = typed_.find('\n')) != std::string::npos; typed_.erase(0, end + 1))
      obey(typed_.substr(0, end));
  }

  void obey(const std::string& line) {
    const Result<KitTranscript> typed = parse_transcript("typed", line);
    if (!typed) return options_.say(typed.error().text);
    if (typed->steps.size() != 1) return;
    switch (typed->steps[0].kind) {
      case KitStep::Kind::kDecide:
      case KitStep::Kind::kReady:
      case KitStep::Kind::kAdvance:
      case KitStep::Kind::kSignal:
      case KitStep::Kind::kPolicy:
      case KitStep::Kind::kShutdown: break;
      default: return options_.say("type decide, ready, advance, signal, policy or shutdown");
    }
    if (!kit_happen(host_, typed->steps[0])) return options_.say(host_.problem());
    add({.step = line});
  }

  // The session is over: its peers still get what was queued for them.
  void flush() {
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) send(leg);
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      pollfd writable = {.fd = socket_[leg].fd(), .events = POLLOUT, .revents = 0};
      while (!out_[leg].empty() && poll(&writable, 1, flush_timeout_ms) > 0) socket_[leg].write(out_[leg]);
      socket_[leg].close();
    }
  }

  KitHost host_;
  const KitCaptureOptions& options_;
  int commands_;
  std::string typed_;
  std::array<KitSocket, SP_LEG_COUNT_MAX> socket_;
  std::array<std::string, SP_LEG_COUNT_MAX> out_;
  std::vector<uint64_t> told_;
  KitCaptured captured_;
  size_t captured_bytes_ = 0;
  bool fresh_ = false;  // something was sent since the last arrival
  bool stopped_ = false;
  Clock::time_point last_ = Clock::now();
};

}  // namespace

Result<KitCaptured> capture_session(const sp_plugin& plugin, const KitScript& script, KitSocket listener,
                                    const KitCaptureOptions& options) {
  if (script.client_tls_required || script.target_tls != SP_TARGET_TLS_OFF)
    return fail("the script wants TLS, and only plain bytes can be recorded");
  std::array<pollfd, 2> polls = {pollfd{.fd = listener.fd(), .events = POLLIN, .revents = 0},
                                 pollfd{.fd = options.stop_fd, .events = POLLIN, .revents = 0}};
  for (;;) {
    if (poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) return fail_errno("poll", errno);
    if (polls[1].revents != 0) return fail("stopped before a client came");
    if (polls[0].revents == 0) continue;
    Result<KitSocket> client = listener.accept();
    if (!client) continue;
    listener.close();
    return Capture(plugin, script, std::move(*client), options).run();
  }
}

}  // namespace sallyport
