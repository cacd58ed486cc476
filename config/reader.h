// Reads one table of the config: each call names a key, takes its value if it is there and right, and notes a
// problem with its place if it is there and wrong. What no call has named is an unknown key.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/toml.h"

namespace sallyport::config {

// By file in the order of `files`, then by line.
void sort(std::vector<Problem>& problems, const std::vector<std::string>& files);

class Problems {
 public:
  void add(const Place& place, std::string text) { problems_.push_back({place, std::move(text)}); }
  [[nodiscard]] size_t count() const { return problems_.size(); }
  [[nodiscard]] std::vector<Problem> sorted(const std::vector<std::string>& files) && {
    sort(problems_, files);
    return std::move(problems_);
  }
  [[nodiscard]] std::vector<Problem> take() && { return std::move(problems_); }

 private:
  std::vector<Problem> problems_;
};

class Reader {
 public:
  // `where` opens each message: "target \"orders-db\"". `table` and `problems` outlive the Reader.
  Reader(const Value& table, std::string where, Problems& problems)
      : table_(table), where_(std::move(where)), problems_(problems) {}

  [[nodiscard]] const Place& place() const { return table_.place; }
  [[nodiscard]] const std::string& where() const { return where_; }
  void rename(std::string where) { where_ = std::move(where); }

  [[nodiscard]] const Value* find(std::string_view key);
  [[nodiscard]] bool has(std::string_view key) { return find(key) != nullptr; }
  // The value if it stands there and is of this kind.
  const Value* find(std::string_view key, Value::Kind kind, const char* write);
  // A table, or a problem.
  const Value* table(std::string_view key, const char* write) { return find(key, Value::Kind::table, write); }

  // Each leaves `out` as it is where the key is missing or wrong. True where it was there and right.
  bool text(std::string_view key, std::string& out);
  bool texts(std::string_view key, std::vector<std::string>& out);  // none empty, none twice
  bool name(std::string_view key, std::string& out);
  bool names(std::string_view key, std::vector<std::string>& out, bool wild = false);
  bool boolean(std::string_view key, bool& out);
  bool count(std::string_view key, uint32_t& out, uint32_t least, uint32_t most);
  bool size(std::string_view key, uint64_t& out, uint64_t least, uint64_t most);
  // `most` is the cap of finite values; "forever" only where `forever`.
  bool duration(std::string_view key, uint32_t& out, uint32_t most_ms, bool forever = false);
  bool address(std::string_view key, Address& out, bool any_port = false);
  bool path(std::string_view key, const std::filesystem::path& folder, std::filesystem::path& out);
  // "file:PATH" only, for certificates.
  bool file(std::string_view key, const std::filesystem::path& folder, std::filesystem::path& out);
  bool secret(std::string_view key, const std::filesystem::path& folder, Secret& out);

  template <typename T>
  bool choice(std::string_view key, T& out, std::initializer_list<std::pair<const char*, T>> choices) {
    const Value* value = find(key, Value::Kind::string, "a string");
    if (value == nullptr) return false;
    std::vector<std::string> names;
    for (const auto& [name, choice] : choices) {
      if (value->text == name) {
        out = choice;
        return true;
      }
      names.emplace_back(name);
    }
    wrong_choice(*value, names);
    return false;
  }

  // A key that people try and that has no place here: `why` says where to go. Never offered as a known one.
  void refuse(std::string_view key, const char* why);
  void require(std::string_view key, const char* write);
  // At a key's place, or the table's where it is missing.
  void problem(std::string_view key, const std::string& text);
  void problem_at(const Place& at, const std::string& text) { problems_.add(at, where_ + ": " + text); }

  void finish();  // unknown keys

 private:
  void wrong_choice(const Value& value, const std::vector<std::string>& names);
  bool plain(const Value& value);

  const Value& table_;
  std::string where_;
  Problems& problems_;
  std::vector<std::string> known_, refused_;
};

}  // namespace sallyport::config
