#include "cli/private_file.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "config/file.h"
#include "config/limits.h"
#include "core/identity/ticket.h"
#include "ringlog/files.h"

namespace sallyport::cli {

namespace {

// With what ends each but perhaps the last.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t size = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, size));
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string escape_field(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// "host:port:database:user:", as with_passwords writes it, up to the user's WHO.
std::string entry_head(const PasswordEntry& entry) {
  return escape_field(entry.host) + ":" + escape_field(entry.port) + ":*:";
}

// A line of a ticket, whichever, that opens the same.
bool is_same_place(const std::string& line, const PasswordEntry& entry) {
  const std::string head = entry_head(entry), tail = "," + escape_field(entry.target) + ":";
  if (!line.starts_with(head)) return false;
  const std::string_view rest = std::string_view(line).substr(head.size());
  return identity::is_ticket_id(rest.substr(0, identity::ticket_id_size)) &&
         rest.substr(std::min(identity::ticket_id_size, rest.size())).starts_with(tail);
}

std::string line_of(const PasswordEntry& entry) {
  return entry_head(entry) + entry.ticket + "," + escape_field(entry.target) + ":" +
         escape_field(entry.password);
}

std::vector<std::string> section_of(const Service& service, const std::string& mark) {
  std::vector<std::string> lines = {"[" + service.name + "]", mark};
  for (const auto& [name, value] : service.settings) lines.push_back(name + "=" + value);
  return lines;
}

}  // namespace

Result<std::string> read_private(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  if (error || !std::filesystem::exists(real, error)) return std::string();
  return config::read_file(real, limits::config_file_size_max);
}

Result<void> write_private(const std::string& path, std::string_view text) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  return ringlog::replace_file(ringlog::system_files(), error ? path : real.string(), text, 0600);
}

std::string with_passwords(std::string_view text, const std::vector<PasswordEntry>& entries) {
  std::vector<std::string> lines = lines_of(text);
  for (const PasswordEntry& entry : entries) {
    const auto is_same = [&entry](const std::string& line) { return is_same_place(line, entry); };
    const auto first = std::ranges::find_if(lines, is_same);
    if (first == lines.end()) {
      lines.push_back(line_of(entry));
      continue;
    }
    const auto place = first - lines.begin();
    lines.erase(std::remove_if(first + 1, lines.end(), is_same), lines.end());
    lines[static_cast<size_t>(place)] = line_of(entry);
  }
  return joined(lines);
}

std::string without_passwords(std::string_view text, std::string_view ticket) {
  std::vector<std::string> lines = lines_of(text);
  const std::string user = ":*:" + std::string(ticket) + ",";
  std::erase_if(lines, [&user](const std::string& line) { return line.find(user) != line.npos; });
  return joined(lines);
}

Result<std::string> with_services(std::string_view text, const std::vector<Service>& services,
                                  const std::string& mark) {
  std::vector<std::string> lines = lines_of(text);
  for (const Service& service : services) {
    const std::vector<std::string> section = section_of(service, mark);
    auto begin = std::ranges::find(lines, section.front());
    if (begin == lines.end()) {
      if (!lines.empty() && !lines.back().empty()) lines.emplace_back();
      lines.insert(lines.end(), section.begin(), section.end());
      continue;
    }
    if (begin + 1 == lines.end() || *(begin + 1) != mark) {
      return fail(
          "service [" + service.name +
          "] is there already and not of this gateway's login: --service-prefix gives these another name");
    }
    // Up to what does not belong to it any more: the blank line before the next one stays.
    auto end = std::find_if(begin + 1, lines.end(),
                            [](const std::string& line) { return line.empty() || line.starts_with("["); });
    begin = lines.erase(begin, end);
    lines.insert(begin, section.begin(), section.end());
  }
  return joined(lines);
}

}  // namespace sallyport::cli
