#include "core/control/witness_way.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/clock.h"
#include "config/descriptor.h"
#include "config/file.h"
#include "config/log_limits.h"
#include "core/control/world.h"

namespace sallyport {

namespace {

using ringlog::Head;

// ---- A file ----------------------------------------------------------------------------------------------

// One write of one line behind what is there: a filesystem that lets this user append only is enough.
// `is_torn`: the line before may have been cut by a crash or a full disk; a newline in front ends it then.
Result<void> append(const std::filesystem::path& path, const Head& head, bool is_torn) {
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const Descriptor file(open(path.c_str(), flags, 0640));
  if (file.get() < 0) return fail_errno("open " + path.string(), errno);
  const std::string line = (is_torn ? "\n" : "") + ringlog::to_text(head) + "\n";
  const ssize_t size = write(file.get(), line.data(), line.size());
  if (size < 0) return fail_errno("write " + path.string(), errno);
  if (static_cast<size_t>(size) != line.size()) return fail_errno("write " + path.string(), ENOSPC);
  if (fsync(file.get()) != 0 && errno != EINVAL) return fail_errno("sync " + path.string(), errno);
  return {};
}

// ---- A webhook -------------------------------------------------------------------------------------------

std::string host_name() {
  char name[256] = "";
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "-";
}

// What it answers means nothing but for its status.
size_t swallow(char*, size_t size, size_t count, void*) { return size * count; }

struct Headers {
  curl_slist* list = nullptr;
  Headers() = default;
  ~Headers() { curl_slist_free_all(list); }
  Headers(const Headers&) = delete;
  Headers& operator=(const Headers&) = delete;
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
};

Result<void> post(const config::Witness& witness, const Head& head) {
  const std::string body =
      nlohmann::json{{"gateway", host_name()}, {"head", ringlog::to_text(head)}, {"instance", head.instance},
                     {"link", head.number},    {"time_ns", head.time_ns},        {"sent_ns", wall_ns()}}
          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  Headers headers;
  headers.add("Content-Type: application/json");
  headers.add("Expect:");
  if (witness.token.source != config::Secret::Source::none) {
    Result<std::string> token = config::read_secret(witness.token);  // anew each time: it may be rotated
    if (!token) return std::unexpected(std::move(token.error()));
    std::string line = "Authorization: Bearer " + *token;
    headers.add(line);
    explicit_bzero(token->data(), token->size());
    explicit_bzero(line.data(), line.size());
  }
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), &curl_easy_cleanup);
  char error[CURL_ERROR_SIZE] = "";
  const auto set = [&easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy.get(), option, value) == CURLE_OK;
  };
  const bool ready =
      easy && set(CURLOPT_URL, witness.url.c_str()) && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
      set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_PROXY, "") &&
      set(CURLOPT_NETRC, 0L) && set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits::witness_timeout_ms)) &&
      set(CURLOPT_SSL_VERIFYPEER, 1L) && set(CURLOPT_SSL_VERIFYHOST, 2L) &&
      set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
      (witness.ca.empty() || (set(CURLOPT_CAINFO, witness.ca.c_str()) && set(CURLOPT_CAPATH, nullptr))) &&
      set(CURLOPT_HTTPHEADER, headers.list) && set(CURLOPT_POSTFIELDS, body.c_str()) &&
      set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size())) && set(CURLOPT_WRITEFUNCTION, &swallow) &&
      set(CURLOPT_ERRORBUFFER, error) && set(CURLOPT_USERAGENT, "sallyport");
  if (!ready) return fail("this libcurl lacks what is needed");
  if (const CURLcode code = curl_easy_perform(easy.get()); code != CURLE_OK)
    return fail(error[0] != '\0' ? error : curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299) return fail("HTTP status " + std::to_string(status));
  return {};
}

// ---- Syslog ----------------------------------------------------------------------------------------------

// RFC 5424: facility 13 (log audit), severity 6 (informational).
std::string syslog_message(const Head& head) {
  const timespec now = [] {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    return time;
  }();
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  char stamp[64], when[32];
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(stamp, sizeof stamp, "<110>1 %s.%06ldZ ", when, now.tv_nsec / 1000);
  return stamp + host_name() + " sallyport " + std::to_string(getpid()) + " head - " + ringlog::to_text(head);
}

Result<void> wait_for(int fd, int16_t events, int64_t deadline_ns) {
  pollfd one = {.fd = fd, .events = events, .revents = 0};
  while (true) {
    const int64_t left_ms = (deadline_ns - steady_ns()) / 1'000'000;
    if (left_ms <= 0) return fail("no answer in time");
    const int count = poll(&one, 1, static_cast<int>(left_ms));
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return fail_errno("wait", errno);
  }
}

Result<void> send_all(int fd, std::string_view text, int64_t deadline_ns) {
  while (!text.empty()) {
    const ssize_t size = send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size >= 0) {
      text.remove_prefix(static_cast<size_t>(size));
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      if (auto ready = wait_for(fd, POLLOUT, deadline_ns); !ready) return ready;
    } else if (errno != EINTR) {
      return fail_errno("send", errno);
    }
  }
  return {};
}

Result<void> connect_to(int fd, const sockaddr* address, socklen_t size, int64_t deadline_ns) {
  if (connect(fd, address, size) == 0) return {};
  if (errno != EINPROGRESS && errno != EINTR) return fail_errno("connect", errno);
  if (auto ready = wait_for(fd, POLLOUT, deadline_ns); !ready) return ready;
  int code = 0;
  socklen_t code_size = sizeof code;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &code_size);
  return code == 0 ? Result<void>() : fail_errno("connect", code);
}

Result<void> log_locally(const std::string& path, const std::string& message, int64_t deadline_ns) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) return fail(path + " is longer than 107 bytes");
  memcpy(address.sun_path, path.data(), path.size());
  const Descriptor socket_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_fd.get() < 0) return fail_errno("make a socket", errno);
  auto done =
      connect_to(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address, deadline_ns);
  if (done) done = send_all(socket_fd.get(), message, deadline_ns);
  return done;
}

Result<void> log_remotely(const config::Witness& witness, const std::string& message, int64_t deadline_ns) {
  Result<std::vector<Address>> found = resolve(witness.syslog_address);
  if (!found) return std::unexpected(std::move(found.error()));
  const bool is_udp = witness.syslog == config::SyslogWay::udp;
  const int kind = (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const Address& address = found->front();
  const Descriptor socket_fd(socket(address.family(), kind, 0));
  if (socket_fd.get() < 0) return fail_errno("make a socket", errno);
  auto done = connect_to(socket_fd.get(), address.raw(), address.size, deadline_ns);
  // RFC 6587, section 3.4.1: octet counting.
  const std::string framed = is_udp ? message : std::to_string(message.size()) + " " + message;
  if (done) done = send_all(socket_fd.get(), framed, deadline_ns);
  if (!done || is_udp) return done;
  // A connection that is ended in order has taken what was sent; a reset says that it has not.
  shutdown(socket_fd.get(), SHUT_WR);
  constexpr int64_t end_wait_ns = 500'000'000;
  deadline_ns = std::min(deadline_ns, steady_ns() + end_wait_ns);
  char ignored[256];
  while (true) {
    if (auto ready = wait_for(socket_fd.get(), POLLIN, deadline_ns); !ready)
      return {};  // it stays open: as good
    const ssize_t size = recv(socket_fd.get(), ignored, sizeof ignored, MSG_DONTWAIT);
    if (size == 0) return {};
    if (size < 0 && errno != EAGAIN && errno != EINTR) return fail_errno("end the connection", errno);
  }
}

Result<void> log_to(const config::Witness& witness, const Head& head) {
  const int64_t deadline_ns = steady_ns() + int64_t{limits::witness_timeout_ms} * 1'000'000;
  const std::string message = syslog_message(head);
  if (witness.syslog == config::SyslogWay::local)
    return log_locally(witness.syslog_path, message, deadline_ns);
  return log_remotely(witness, message, deadline_ns);
}

}  // namespace

std::vector<WitnessWay> witness_ways(const config::Witness& config) {
  std::vector<WitnessWay> ways;
  if (!config.file.empty()) {
    const auto push = [&config, is_torn = true](const Head& head) mutable {
      Result<void> done = append(config.file, head, is_torn);
      is_torn = !done;
      return done;
    };
    ways.push_back({"file", config.file.string(), push});
  }
  if (!config.url.empty())
    ways.push_back({"url", config.url, [&config](const Head& head) { return post(config, head); }});
  if (config.syslog != config::SyslogWay::none) {
    const std::string to =
        config.syslog == config::SyslogWay::local
            ? config.syslog_path
            : (config.syslog == config::SyslogWay::udp ? "udp:" : "tcp:") + config.syslog_address.text();
    ways.push_back({"syslog", to, [&config](const Head& head) { return log_to(config, head); }});
  }
  return ways;
}

}  // namespace sallyport
