#include "cli/loopback_door.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cli/pkce.h"
#include "config/clock.h"

namespace sallyport::cli {

namespace {

constexpr size_t head_size_max = 16 * 1024;
constexpr size_t visitor_count_max = 16;  // browsers open connections ahead of need
constexpr int64_t visitor_timeout_ns = 10'000'000'000;

void say(int fd, const std::string& status, const std::string& title, const std::string& text,
         const std::string& more = "") {
  const std::string page = "<!doctype html><meta charset=\"utf-8\"><title>Sallyport</title><h1>" + title +
                           "</h1><p>" + text + "</p>\n";
  const std::string whole =
      "HTTP/1.1 " + status +
      "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " + std::to_string(page.size()) +
      "\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
      "Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n" +
      more + "\r\n" + page;
  // A page of this size fits into the socket; a browser that has gone needs none.
  (void)send(fd, whole.data(), whole.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// "%41" and "+" (application/x-www-form-urlencoded); nothing where it is not well-formed.
std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const auto digit = [&](size_t at) {
      constexpr std::string_view digits = "0123456789abcdef";
      return at < text.size() ? digits.find(static_cast<char>(tolower(text[at]))) : digits.npos;
    };
    const size_t high = digit(i + 1), low = digit(i + 2);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

// Each parameter once (RFC 6749, section 3.1).
std::optional<Fields> parse_query(std::string_view query) {
  Fields fields;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const size_t equals = std::min(one.find('='), one.size());
    std::optional<std::string> name = unescape(one.substr(0, equals));
    std::optional<std::string> value = unescape(one.substr(std::min(equals + 1, one.size())));
    if (!name || !value || std::ranges::find(fields, *name, &Fields::value_type::first) != fields.end())
      return std::nullopt;
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

}  // namespace

Result<LoopbackDoor> LoopbackDoor::open() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 16) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const int code = errno;
    if (fd >= 0) close(fd);
    return fail_errno("listen on 127.0.0.1 for the browser's answer", code);
  }
  return LoopbackDoor(fd, ntohs(address.sin_port));
}

LoopbackDoor::LoopbackDoor(LoopbackDoor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      port_(other.port_),
      start_path_(std::move(other.start_path_)),
      start_to_(std::move(other.start_to_)) {}

LoopbackDoor::~LoopbackDoor() {
  for (const Visitor& visitor : visitors_) close(visitor.fd);
  if (fd_ >= 0) close(fd_);
}

std::string LoopbackDoor::redirect_uri() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/callback";
}

std::string LoopbackDoor::start_url(std::string url) {
  start_path_ = "/start/" + random_text();
  start_to_ = std::move(url);
  return "http://127.0.0.1:" + std::to_string(port_) + start_path_;
}

Result<Fields> LoopbackDoor::wait(const std::string& state, int64_t deadline_ns) {
  state_ = state;
  while (!outcome_) {
    const int64_t now_ns = steady_ns();
    if (now_ns >= deadline_ns) return fail("nobody came back from the browser in time: run it again");
    std::erase_if(visitors_, [now_ns](const Visitor& visitor) {
      const bool is_late = visitor.deadline_ns <= now_ns;
      if (is_late) close(visitor.fd);
      return is_late;
    });
    std::vector<pollfd> polled = {{.fd = fd_, .events = POLLIN, .revents = 0}};
    for (const Visitor& visitor : visitors_)
      polled.push_back({.fd = visitor.fd, .events = POLLIN, .revents = 0});
    const int64_t pause_ms = std::min<int64_t>((deadline_ns - now_ns) / 1'000'000 + 1, 1000);
    if (poll(polled.data(), polled.size(), static_cast<int>(pause_ms)) <= 0) continue;
    for (size_t i = visitors_.size(); i-- > 0;) {
      if (polled[i + 1].revents == 0 || read(visitors_[i])) continue;
      close(visitors_[i].fd);
      visitors_.erase(visitors_.begin() + static_cast<ptrdiff_t>(i));
    }
    if (polled[0].revents != 0) admit();
  }
  return std::move(*outcome_);
}

void LoopbackDoor::admit() {
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  if (visitors_.size() == visitor_count_max) {  // the oldest has had its time
    close(visitors_.front().fd);
    visitors_.erase(visitors_.begin());
  }
  visitors_.push_back({fd, "", steady_ns() + visitor_timeout_ns});
}

bool LoopbackDoor::read(Visitor& visitor) {
  char part[4096];
  const ssize_t size = recv(visitor.fd, part, sizeof part, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (size <= 0) return false;
  visitor.text.append(part, static_cast<size_t>(size));
  if (visitor.text.size() > head_size_max) {
    say(visitor.fd, "431 Too Large", "Too large", "This is more than a login's answer can be.");
    return false;
  }
  if (visitor.text.find("\r\n\r\n") == visitor.text.npos) return true;
  answer(visitor);
  return false;
}

void LoopbackDoor::answer(Visitor& visitor) {
  const std::string line = visitor.text.substr(0, visitor.text.find("\r\n"));
  const size_t end = line.find(' ', 4);
  const bool is_get = line.starts_with("GET /") && end != line.npos;
  const std::string target = is_get ? line.substr(4, end - 4) : "";
  const std::string path = target.substr(0, target.find('?'));
  if (is_get && !start_path_.empty() && path == start_path_) return lead_on(visitor.fd);
  if (is_get && path == "/callback")
    return take_answer(visitor.fd, target.substr(std::min(path.size() + 1, target.size())));
  say(visitor.fd, "404 Not Found", "Nothing here", "Only the answer to a login is expected here.");
}

void LoopbackDoor::lead_on(int fd) {
  if (!started_) {
    started_ = true;
    return say(fd, "302 Found", "To your identity provider", "", "Location: " + start_to_ + "\r\n");
  }
  say(fd, "410 Gone", "The login has ended", "Its link was opened twice. Run the command again.");
  outcome_ = fail(
      "the link for the browser was opened twice, the second time perhaps by somebody else on this machine: "
      "run it again, or with --no-browser");
}

void LoopbackDoor::take_answer(int fd, const std::string& query) {
  const std::optional<Fields> fields = parse_query(query);
  const auto value = [&fields](std::string_view name) {
    const auto found = std::ranges::find(*fields, name, &Fields::value_type::first);
    return found != fields->end() ? found->second : std::string();
  };
  if (!fields || state_.empty() || value("state") != state_) {
    say(fd, "400 Bad Request", "The login has ended",
        "This answer belongs to another login. Run the command again.");
    outcome_ = fail(
        "the browser came back with the answer to another login (wrong state): nothing was done with it; run "
        "it again");
    return;
  }
  if (value("code").empty()) {
    say(fd, "200 OK", "Not logged in", "The identity provider refused. Your terminal says more.");
  } else {
    say(fd, "200 OK", "Thank you", "You can close this window: the login goes on in your terminal.");
  }
  outcome_ = *fields;
}

}  // namespace sallyport::cli
