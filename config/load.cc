// The way of a config: files -> TOML values -> one merged table -> sections -> references -> Config or
// Problems.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "config/file.h"
#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

namespace fs = std::filesystem;

// Main first, then conf.d by name. Hidden files and editors' leftovers are not *.toml or begin with a point.
std::vector<fs::path> find_files(const fs::path& main, Problems& problems) {
  std::vector<fs::path> parts;
  const fs::path folder = main.parent_path() / "conf.d";
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.extension() == ".toml" && !path.filename().string().starts_with('.')) parts.push_back(path);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    problems.add({main.string(), 1}, "read " + folder.string() + ": " + error.message());
  }
  std::ranges::sort(parts);
  if (parts.size() >= limits::config_file_count_max) {
    problems.add({main.string(), 1}, "more than 256 files in " + folder.string());
    parts.clear();
  }
  parts.insert(parts.begin(), main);
  return parts;
}

// Tables merge, [[tables]] follow each other, anything else may be written once.
void merge(Value& into, Value&& from, const std::string& path, Problems& problems) {
  for (Value& value : from.items) {
    const auto old = std::ranges::find(into.items, value.key, &Value::key);
    const std::string name = path.empty() ? value.key : path + "." + value.key;
    if (old == into.items.end()) {
      into.items.push_back(std::move(value));
    } else if (old->kind == Value::Kind::table && value.kind == Value::Kind::table) {
      merge(*old, std::move(value), name, problems);
    } else if (path.empty() && old->is_table_array() && value.is_table_array()) {
      std::ranges::move(value.items, std::back_inserter(old->items));
    } else {
      problems.add(value.place, name + " is already written at " + old->place.text() + ": keep one of them");
    }
  }
}

std::optional<Value> read(const std::vector<fs::path>& paths, Loader& loader) {
  Value whole;
  bool complete = true;
  for (const fs::path& path : paths) {
    loader.files.push_back(path.string());
    Result<std::string> text = read_file(path, limits::config_file_size_max);
    if (!text) {
      loader.problems.add({path.string(), 1}, text.error().text);
      complete = false;
      continue;
    }
    std::expected<Value, Problem> value = parse_toml(*text, path.string());
    if (!value) {
      loader.problems.add(value.error().place, value.error().text);
      complete = false;
      continue;
    }
    if (whole.place.line == 0) whole.place = value->place;
    merge(whole, std::move(*value), "", loader.problems);
    loader.config.text += "# " + path.filename().string() + "\n" + *text + "\n";
  }
  // References would seem broken if a file is missing; what stands in the others is still looked at.
  return complete ? std::optional(std::move(whole)) : std::nullopt;
}

using LoadEntry = void (*)(Loader&, const Value&);

void load_entries(Loader& loader, Reader& reader, const char* key, LoadEntry load_entry) {
  const Value* value = reader.find(key);
  if (value == nullptr) return;
  if (!value->is_table_array()) {
    loader.problems.add(value->place, std::string(key) + ": write [[" + key + "]] with its keys below");
    return;
  }
  for (const Value& entry : value->items) load_entry(loader, entry);
}

const Value* find_table(Loader& loader, Reader& reader, const char* key) {
  const Value* value = reader.find(key);
  if (value != nullptr && value->kind != Value::Kind::table) {
    loader.problems.add(value->place, std::string(key) + ": write [" + key + "] with its keys below");
    return nullptr;
  }
  return value;
}

void load_sections(Loader& loader, const Value& whole) {
  Reader reader(whole, "config", loader.problems);
  load_server(loader, find_table(loader, reader, "server"));
  load_admin(loader, find_table(loader, reader, "admin"));
  load_log(loader, find_table(loader, reader, "log"));
  load_canary(loader, find_table(loader, reader, "canary"));
  load_entries(loader, reader, "listener", load_listener);
  load_entries(loader, reader, "user", load_user);
  load_entries(loader, reader, "oidc", load_oidc);
  load_entries(loader, reader, "delegation", load_delegation);
  load_entries(loader, reader, "vault", load_vault);
  load_entries(loader, reader, "webhook", load_webhook);
  load_entries(loader, reader, "target", load_target);
  load_entries(loader, reader, "detector", load_detector);
  load_entries(loader, reader, "mask", load_mask);
  load_entries(loader, reader, "rule", load_rule);
  reader.finish();
}

// The text goes into the record; a verifier is nearly a password there.
void remove_verifiers(Loader& loader) {
  std::string& text = loader.config.text;
  for (const User& user : loader.config.users) {
    if (text.find(user.secret) != std::string::npos) continue;
    loader.problems.add(user.place,
                        "user \"" + user.name + "\": write secret as one plain string, without escapes");
  }
  for (const User& user : loader.config.users) {
    if (user.secret.empty()) continue;
    for (size_t found = text.find(user.secret); found != std::string::npos; found = text.find(user.secret)) {
      text.replace(found, user.secret.size(), "SCRAM-SHA-256$...");
    }
  }
}

}  // namespace

void Loading::add(std::vector<Problem> later) {
  std::set<std::string> told;
  for (const Problem& problem : problems) told.insert(problem.place.text());
  for (Problem& problem : later) {
    if (!told.contains(problem.place.text())) problems.push_back(std::move(problem));
  }
}

std::vector<Problem> Loading::sorted() && {
  sort(problems, files);
  return std::move(problems);
}

Loading load_all(const fs::path& file) {
  Loader loader;
  std::error_code error;
  loader.config.file = fs::absolute(file, error).lexically_normal();
  loader.folder = loader.config.file.parent_path();
  const std::vector<fs::path> paths = find_files(file, loader.problems);
  const std::optional<Value> whole = read(paths, loader);
  if (whole) {
    load_sections(loader, *whole);
    resolve(loader);
    remove_verifiers(loader);
  }
  return {.config = std::move(loader.config),
          .files = std::move(loader.files),
          .problems = std::move(loader.problems).take(),
          .readable = whole.has_value()};
}

std::expected<Config, std::vector<Problem>> load(const fs::path& file) {
  Loading loading = load_all(file);
  if (!loading.problems.empty()) return std::unexpected(std::move(loading).sorted());
  return std::move(loading.config);
}

}  // namespace sallyport::config
