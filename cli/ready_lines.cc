#include "cli/ready_lines.h"

#include <algorithm>

namespace sallyport::cli {

namespace {

constexpr char postgresql[] = "postgresql";

// "[::1]" loses its brackets.
std::string host_of(const std::string& url) {
  const size_t begin = url.find("://") + 3;
  const std::string rest = url.substr(begin, url.find('/', begin) - begin);
  return rest.starts_with('[') ? rest.substr(1, rest.find(']') - 1) : rest.substr(0, rest.find(':'));
}

// The target's own before those where callers name theirs, those with TLS before those without.
const ListenerPort* listener_for(const OpenTarget& target, const std::vector<ListenerPort>& listeners) {
  const ListenerPort* best = nullptr;
  const auto rank = [](const ListenerPort& one) { return (one.tls ? 2 : 0) + (one.target.empty() ? 0 : 1); };
  for (const ListenerPort& one : listeners) {
    const bool fits = one.protocol == target.protocol && (one.target.empty() || one.target == target.name);
    if (fits && (best == nullptr || rank(one) > rank(*best))) best = &one;
  }
  return best;
}

ReadyLine line_of(const Gateway& gateway, const std::string& host, const ListenerPort& listener,
                  const OpenTarget& target, const std::string& login, const std::string& ticket) {
  const std::string name = login.empty() ? target.name : login + "~" + target.name;
  return {.name = name,
          .target = target.name,
          .login = login.empty() && !target.logins.empty() ? target.logins.front() : login,
          .protocol = target.protocol,
          .host = host.empty() ? host_of(gateway.url) : host,
          .user = ticket + "," + name,
          .database = target.database,
          .port = listener.port,
          .sslmode = listener.tls ? "verify-full" : "disable",
          .ca = listener.tls ? gateway.ca : ""};
}

}  // namespace

std::string ReadyLine::url(const std::string& password, const std::string& passfile) const {
  const std::string where = host.find(':') == host.npos ? host : "[" + host + "]";
  // A comma is as good as escaped there (RFC 3986, section 3.2.1), and so it can be read.
  const size_t comma = user.find(',');
  std::string text =
      "postgresql://" + escape_url(user.substr(0, comma)) + "," + escape_url(user.substr(comma + 1));
  if (!password.empty()) text += ":" + escape_url(password);
  text += "@" + where + ":" + std::to_string(port) + "/" + escape_url(database) + "?sslmode=" + sslmode;
  if (!ca.empty()) text += "&sslrootcert=" + escape_url(ca);
  if (!passfile.empty()) text += "&passfile=" + escape_url(passfile);
  // Paths are read better with their slashes, and a query may hold them (RFC 3986, section 3.4).
  for (size_t at = text.find("%2F", text.find('?')); at != text.npos; at = text.find("%2F", at))
    text.replace(at, 3, "/");
  return text;
}

PasswordEntry ReadyLine::password_entry(const Granted& ticket) const {
  return {.host = host,
          .port = std::to_string(port),
          .ticket = ticket.id,
          .target = name,
          .password = ticket.text};
}

Service ReadyLine::service(const Granted& ticket, const std::string& prefix) const {
  Service made{.name = prefix + name, .settings = {{"host", host}, {"port", std::to_string(port)}}};
  if (!database.empty()) made.settings.emplace_back("dbname", database);
  made.settings.insert(made.settings.end(),
                       {{"user", user}, {"password", ticket.text}, {"sslmode", sslmode}});
  if (!ca.empty()) made.settings.emplace_back("sslrootcert", ca);
  return made;
}

std::vector<std::pair<std::string, std::string>> ReadyLine::environment() const {
  std::vector<std::pair<std::string, std::string>> all = {
      {"PGHOST", host}, {"PGPORT", std::to_string(port)}, {"PGUSER", user}, {"PGSSLMODE", sslmode}};
  if (!database.empty()) all.emplace_back("PGDATABASE", database);
  if (!ca.empty()) all.emplace_back("PGSSLROOTCERT", ca);
  return all;
}

std::vector<ReadyLine> ready_lines(const Gateway& gateway, const std::string& host,
                                   const std::vector<ListenerPort>& listeners, const Granted& ticket) {
  std::vector<ReadyLine> lines;
  for (const OpenTarget& target : ticket.targets) {
    const ListenerPort* listener = listener_for(target, listeners);
    if (listener == nullptr || target.protocol != postgresql) continue;
    lines.push_back(line_of(gateway, host, *listener, target, "", ticket.id));
    for (size_t i = 1; i < target.logins.size(); ++i)
      lines.push_back(line_of(gateway, host, *listener, target, target.logins[i], ticket.id));
  }
  return lines;
}

std::string shell_word(const std::string& text) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("@%+=:,./_-~").find(c) != std::string_view::npos;
  };
  if (!text.empty() && text.front() != '~' && std::ranges::all_of(text, is_plain)) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace sallyport::cli
