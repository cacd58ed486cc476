#include "config/reader.h"

#include <algorithm>

#include "config/quantity.h"

namespace sallyport::config {
void sort(std::vector<Problem>& problems, const std::vector<std::string>& files) {
  const auto order = [&files](const Problem& problem) {
    const auto file = std::ranges::find(files, problem.place.file) - files.begin();
    return std::pair(file, problem.place.line);
  };
  std::ranges::stable_sort(problems, {}, order);
}

const Value* Reader::find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  return table_.find(key);
}

const Value* Reader::find(std::string_view key, Value::Kind kind, const char* write) {
  const Value* value = find(key);
  if (value == nullptr) return nullptr;
  if (value->kind != kind) {
    problem_at(value->place, std::string(key) + " is " + kind_text(value->kind) + ": write " + write);
    return nullptr;
  }
  return kind != Value::Kind::string || plain(*value) ? value : nullptr;
}

// What stands in the config goes into error lines, logs and protocols.
bool Reader::plain(const Value& value) {
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
  if (!std::ranges::any_of(value.text, is_control)) return true;
  problem_at(value.place, value.key + " holds a control character: write it without");
  return false;
}

bool Reader::text(std::string_view key, std::string& out) {
  const Value* value = find(key, Value::Kind::string, "a string");
  if (value == nullptr) return false;
  if (value->text.empty()) {
    problem_at(value->place, std::string(key) + " is empty: write something or leave the line out");
    return false;
  }
  out = value->text;
  return true;
}

bool Reader::texts(std::string_view key, std::vector<std::string>& out) {
  const Value* value = find(key, Value::Kind::array, "a list: [\"a\", \"b\"]");
  if (value == nullptr) return false;
  bool right = true;
  for (const Value& item : value->items) {
    if (item.kind != Value::Kind::string) {
      problem_at(item.place, std::string(key) + " holds " + kind_text(item.kind) + ": write strings");
      right = false;
    } else if (item.text.empty()) {
      problem_at(item.place, std::string(key) + " holds an empty string");
      right = false;
    } else if (!plain(item)) {
      right = false;
    } else if (std::ranges::find(out, item.text) != out.end()) {
      problem_at(item.place, std::string(key) + " names " + in_quotes(item.text) + " twice");
      right = false;
    } else {
      out.push_back(item.text);
    }
  }
  if (value->items.empty()) {
    problem_at(value->place, std::string(key) + " is an empty list: name something or leave the line out");
    right = false;
  }
  return right;
}

bool Reader::name(std::string_view key, std::string& out) {
  std::string text;
  if (!this->text(key, text)) return false;
  if (const Result<void> fits = check_name(text); !fits) {
    problem(key, std::string(key) + " " + fits.error().text);
    return false;
  }
  out = std::move(text);
  return true;
}

bool Reader::names(std::string_view key, std::vector<std::string>& out, bool wild) {
  if (!texts(key, out)) return false;
  bool right = true;
  for (const std::string& text : out) {
    if (const Result<void> fits = check_name(text, wild); !fits) {
      problem(key, std::string(key) + ": " + fits.error().text);
      right = false;
    }
  }
  return right;
}

bool Reader::boolean(std::string_view key, bool& out) {
  const Value* value = find(key, Value::Kind::boolean, "true or false, without quotes");
  if (value != nullptr) out = value->boolean;
  return value != nullptr;
}

bool Reader::count(std::string_view key, uint32_t& out, uint32_t least, uint32_t most) {
  const Value* value = find(key, Value::Kind::integer, "a whole number, without quotes");
  if (value == nullptr) return false;
  if (value->integer < least || value->integer > most) {
    problem_at(value->place, std::string(key) + " is " + std::to_string(value->integer) + ": write " +
                                 std::to_string(least) + " to " + std::to_string(most));
    return false;
  }
  out = static_cast<uint32_t>(value->integer);
  return true;
}

bool Reader::size(std::string_view key, uint64_t& out, uint64_t least, uint64_t most) {
  const Value* value = find(key, Value::Kind::string, "a size in quotes, as \"64 KiB\" or \"10 GiB\"");
  if (value == nullptr) return false;
  const Result<uint64_t> size = parse_size(value->text);
  if (!size) {
    problem_at(value->place, std::string(key) + ": " + size.error().text);
    return false;
  }
  if (*size < least || *size > most) {
    problem_at(value->place, std::string(key) + " is " + size_text(*size) + ": write " + size_text(least) +
                                 " to " + size_text(most));
    return false;
  }
  out = *size;
  return true;
}

bool Reader::duration(std::string_view key, uint32_t& out, uint32_t most_ms, bool forever) {
  const Value* value = find(key, Value::Kind::string, "a duration in quotes, as \"20s\" or \"10m\"");
  if (value == nullptr) return false;
  const Result<uint32_t> duration_ms = parse_duration(value->text);
  if (!duration_ms) {
    problem_at(value->place, std::string(key) + ": " + duration_ms.error().text);
    return false;
  }
  if (*duration_ms > most_ms && !(forever && *duration_ms == forever_ms)) {
    problem_at(value->place, std::string(key) + " is " + duration_text(*duration_ms) + ": write at most " +
                                 duration_text(most_ms) + (forever ? ", or \"forever\"" : ""));
    return false;
  }
  out = *duration_ms;
  return true;
}

bool Reader::address(std::string_view key, Address& out, bool any_port) {
  const Value* value = find(key, Value::Kind::string, "\"host:port\"");
  if (value == nullptr) return false;
  Result<Address> address = parse_address(value->text, any_port);
  if (!address) {
    problem_at(value->place, std::string(key) + ": " + address.error().text);
    return false;
  }
  out = std::move(*address);
  return true;
}

bool Reader::path(std::string_view key, const std::filesystem::path& folder, std::filesystem::path& out) {
  std::string text;
  if (!this->text(key, text)) return false;
  out = (folder / text).lexically_normal();
  return true;
}

bool Reader::file(std::string_view key, const std::filesystem::path& folder, std::filesystem::path& out) {
  std::string text;
  if (!this->text(key, text)) return false;
  if (!text.starts_with("file:") || text.size() == 5) {
    problem(key,
            std::string(key) + " is no file: write \"file:PATH\", relative to the main config file's folder");
    return false;
  }
  out = (folder / text.substr(5)).lexically_normal();
  return true;
}

bool Reader::secret(std::string_view key, const std::filesystem::path& folder, Secret& out) {
  const Value* value = find(key, Value::Kind::string, "where it is found: \"file:PATH\"");
  if (value == nullptr) return false;
  const size_t colon = value->text.find(':');
  const std::string scheme = colon == std::string::npos ? "" : value->text.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : value->text.substr(colon + 1);
  Secret secret{Secret::Source::none, name, value->place};
  if (scheme == "file") secret.source = Secret::Source::file;
  if (scheme == "env") secret.source = Secret::Source::environment;
  if (scheme == "systemd-cred") secret.source = Secret::Source::systemd_credential;
  if (secret.source == Secret::Source::none || name.empty()) {
    // The value is not repeated: it may be the secret.
    problem_at(value->place, std::string(key) + " never stands in the config: write where it is found, as " +
                                 "\"file:PATH\", \"env:NAME\" or \"systemd-cred:NAME\"");
    return false;
  }
  const bool is_file = secret.source == Secret::Source::file;
  if (!is_file && (!check_name(name) || name.starts_with('.'))) {
    problem_at(value->place,
               std::string(key) + ": the name behind \"" + scheme + ":\" may hold A-Z a-z 0-9 . _ -");
    return false;
  }
  if (is_file) secret.name = (folder / name).lexically_normal().string();
  out = std::move(secret);
  return true;
}

void Reader::refuse(std::string_view key, const char* why) {
  if (const Value* value = table_.find(key)) problem_at(value->place, std::string(key) + ": " + why);
  refused_.emplace_back(key);
}

void Reader::require(std::string_view key, const char* write) {
  if (!has(key)) problem_at(table_.place, std::string(key) + " is missing: write " + write);
}

void Reader::problem(std::string_view key, const std::string& text) {
  const Value* value = find(key);
  problem_at(value == nullptr ? table_.place : value->place, text);
}

void Reader::finish() {
  for (const Value& value : table_.items) {
    if (std::ranges::find(known_, value.key) != known_.end()) continue;
    if (std::ranges::find(refused_, value.key) != refused_.end()) continue;
    std::string text = "unknown key " + in_quotes(value.key) + did_you_mean(value.key, known_);
    if (nearest(value.key, known_).empty()) {
      text += ": known are";
      for (const std::string& key : known_) text += " " + key;
    }
    problem_at(value.place, text);
  }
}

void Reader::wrong_choice(const Value& value, const std::vector<std::string>& names) {
  std::string text = value.key + " is " + in_quotes(value.text) + ": write";
  for (size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? " " : i + 1 == names.size() ? " or " : ", ") + in_quotes(names[i]);
  }
  problem_at(value.place, text);
}

}  // namespace sallyport::config
