#include "tests/unit/policy/fixture.h"

#include <array>

namespace sallyport::guard {
namespace {

constexpr std::array facts = {sp_fact{"verb"_sp, ""_sp}, sp_fact{"object"_sp, ""_sp},
                              sp_fact{"field.rows"_sp, ""_sp}, sp_fact{"field.mode"_sp, ""_sp}};

constexpr std::array read_verbs = {"READ"_sp};
constexpr std::array read_modes = {"!locking"_sp};
constexpr std::array read_conditions = {sp_condition{"verb"_sp, read_verbs.data(), read_verbs.size()},
                                        sp_condition{"field.mode"_sp, read_modes.data(), read_modes.size()}};
constexpr std::array read_clauses = {sp_clause{read_conditions.data(), read_conditions.size()}};

constexpr std::array danger_verbs = {"DROP"_sp, "UNPARSED"_sp};
constexpr std::array danger_conditions = {sp_condition{"verb"_sp, danger_verbs.data(), danger_verbs.size()}};
constexpr std::array danger_objects = {"secret.*"_sp};
constexpr std::array danger_object_conditions = {
    sp_condition{"object"_sp, danger_objects.data(), danger_objects.size()}};
constexpr std::array danger_clauses = {
    sp_clause{danger_conditions.data(), danger_conditions.size()},
    sp_clause{danger_object_conditions.data(), danger_object_conditions.size()}};

constexpr std::array any_verbs = {"*"_sp, "UNPARSED"_sp};
constexpr std::array any_conditions = {sp_condition{"verb"_sp, any_verbs.data(), any_verbs.size()}};
constexpr std::array any_clauses = {sp_clause{any_conditions.data(), any_conditions.size()}};

constexpr std::array sets = {sp_rule_set{"t/read"_sp, ""_sp, read_clauses.data(), read_clauses.size()},
                             sp_rule_set{"t/danger"_sp, ""_sp, danger_clauses.data(), danger_clauses.size()},
                             sp_rule_set{"t/any"_sp, ""_sp, any_clauses.data(), any_clauses.size()}};

constexpr std::array modes = {"fast"_sp, "safe"_sp};
constexpr std::array options = {sp_option{"mode"_sp, ""_sp, "safe"_sp, modes.data(), modes.size()},
                                sp_option{"title"_sp, ""_sp, ""_sp, nullptr, 0}};

constexpr std::array permissions = {sp_permission{"peek"_sp, ""_sp, SP_PERMISSION_UNMASKED},
                                    sp_permission{"poke"_sp, ""_sp, 0}};

sp_manifest make_manifest() {
  sp_manifest manifest{};
  manifest.size = sizeof manifest;
  manifest.name = "test"_sp;
  manifest.capabilities = SP_CAN_MASK | SP_CAN_HOLD | SP_CAN_TLS;
  manifest.facts = facts.data();
  manifest.fact_count = facts.size();
  manifest.sets = sets.data();
  manifest.set_count = sets.size();
  manifest.options = options.data();
  manifest.option_count = options.size();
  manifest.permissions = permissions.data();
  manifest.permission_count = permissions.size();
  return manifest;
}

sp_manifest make_plain_manifest() {
  sp_manifest manifest{};
  manifest.size = sizeof manifest;
  manifest.name = "plain"_sp;
  return manifest;
}

}  // namespace

const sp_manifest& test_manifest() {
  static const sp_manifest manifest = make_manifest();
  return manifest;
}

const sp_manifest& plain_manifest() {
  static const sp_manifest manifest = make_plain_manifest();
  return manifest;
}

Command::Command(std::string verb, std::vector<std::string> objects,
                 std::vector<std::pair<std::string, std::string>> fields)
    : verb_(std::move(verb)), objects_(std::move(objects)), fields_(std::move(fields)) {
  for (const std::string& object : objects_) object_views_.push_back({object.data(), object.size()});
  for (const auto& [name, value] : fields_) {
    field_views_.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  command_.size = sizeof command_;
  command_.verb = {verb_.data(), verb_.size()};
  command_.objects = object_views_.data();
  command_.object_count = object_views_.size();
  command_.fields = field_views_.data();
  command_.field_count = field_views_.size();
}

std::string test_config(const std::string& more, const std::string& target_keys) {
  return R"([server]
plugins = ["test", "plain"]
[[user]]
name = "ann"
groups = ["staff"]
os_user = "ann"
[[user]]
name = "bob"
groups = ["dba"]
os_user = "bob"
[[user]]
name = "pia"
groups = ["staff", "pii-readers"]
os_user = "pia"
[[target]]
name = "db"
protocol = "test"
address = "127.0.0.1:1"
allow = ["staff", "dba", "pii-readers"]
logins = { app = { credential = { user = "app", password = "file:x" } } }
)" + target_keys +
         "\n" + more;
}

Compiled compile_text(const std::string& text) {
  const config::Folder folder;
  auto config = config::load(folder.write("sallyport.toml", text));
  if (!config) {
    ADD_FAILURE() << list(config.error());
    return std::unexpected(config.error());
  }
  const std::array manifests = {&test_manifest(), &plain_manifest()};
  return Policy::compile(std::move(*config), manifests);
}

std::shared_ptr<const Policy> policy_of(const std::string& text) {
  Compiled policy = compile_text(text);
  if (!policy) {
    ADD_FAILURE() << list(policy.error());
    return nullptr;
  }
  return *policy;
}

std::string list(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const config::Problem& problem : problems) {
    text += std::to_string(problem.place.line) + ": " + problem.text + "\n";
  }
  return text;
}

}  // namespace sallyport::guard
