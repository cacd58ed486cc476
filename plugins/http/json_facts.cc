#include "plugins/http/json_facts.h"

#include <nlohmann/json.hpp>
#include <set>

#include "plugins/http/bounds.h"

namespace sallyport::http {

namespace {

using nlohmann::json;

constexpr Fault no_json{400, no_json_code, "the body says it is JSON and is none"};
constexpr Fault twice{400, "body-key-twice",
                      "a key stands twice in the body: two readers would take it differently"};
constexpr Fault too_much{413, "body-too-complex",
                         "the body has more values, or deeper ones, than can be judged"};

// As nlohmann's sax_parse calls it.
class Reader : public nlohmann::json_sax<json> {
 public:
  bool null() override { return add("null"); }
  bool boolean(bool value) override { return add(value ? "true" : "false"); }
  bool number_integer(int64_t value) override { return add(std::to_string(value)); }
  bool number_unsigned(uint64_t value) override { return add(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { return add(text); }
  bool string(std::string& value) override { return add(value); }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(size_t) override { return open(); }
  bool key(std::string& name) override {
    if (!levels_.back().keys.insert(name).second) return stop(twice);
    path_.resize(levels_.back().path_size);
    if (!path_.empty()) path_ += '.';
    path_ += name;
    return path_.size() <= fact_size_max || stop(too_much);
  }
  bool end_object() override { return shut(); }
  bool start_array(size_t) override { return open(); }
  bool end_array() override { return shut(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return stop(no_json);
  }

  std::vector<std::string> facts;
  Fault fault = no_json;

 private:
  struct Level {
    size_t path_size = 0;
    std::set<std::string> keys;
  };
  bool stop(const Fault& why) {
    fault = why;
    return false;
  }
  bool open() {
    if (levels_.size() == json_fact_depth_max) return stop(too_much);
    levels_.push_back({.path_size = path_.size(), .keys = {}});
    return true;
  }
  bool shut() {
    path_.resize(levels_.back().path_size);
    levels_.pop_back();
    return true;
  }
  bool add(std::string_view value) {
    if (facts.size() == json_fact_count_max) return stop(too_much);
    // A long text is told by its begin: rules match words, not essays. The binding has all of it.
    facts.push_back(path_ + "=" + std::string(value.substr(0, fact_size_max)));
    return true;
  }
  std::vector<Level> levels_;
  std::string path_;
};

}  // namespace

std::expected<std::vector<std::string>, Fault> json_facts(std::string_view body) {
  // To nlohmann's reader a zero byte is the end, whatever follows it.
  if (body.find('\0') != body.npos) return std::unexpected(no_json);
  Reader reader;
  if (!json::sax_parse(body, &reader)) return std::unexpected(reader.fault);
  return std::move(reader.facts);
}

}  // namespace sallyport::http
