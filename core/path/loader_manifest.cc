// What the exported table and its manifest must hold, before anything in them is called or believed.
#include <stddef.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "config/limits.h"
#include "core/guard/permissions.h"
#include "core/path/loader.h"

namespace sallyport {
namespace {

constexpr uint32_t known_capabilities = SP_CAN_MASK | SP_CAN_HOLD | SP_CAN_MULTIPLEX | SP_CAN_TLS;
constexpr size_t count_max = 4096;  // of any list in a manifest
constexpr size_t text_size_max = 4096;
constexpr size_t alpn_size_max = 255;  // RFC 7301

// Up to and including the last member of ABI 1.0.
constexpr size_t plugin_size_min = offsetof(sp_plugin, render) + sizeof(sp_plugin::render);
constexpr size_t manifest_size_min = offsetof(sp_manifest, alpn_count) + sizeof(sp_manifest::alpn_count);

std::string_view view(sp_text text) {
  return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

bool is_text(sp_text text) { return text.size == 0 || (text.data && text.size <= text_size_max); }

template <typename T>
bool is_list(const T* items, size_t count) {
  return count == 0 || (items && count <= count_max);
}

bool all_of(std::string_view text, std::string_view more) {
  return !text.empty() && text.size() <= limits::name_size_max &&
         std::all_of(text.begin(), text.end(), [more](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  more.find(static_cast<char>(c)) != more.npos;
         });
}

// Lower case, so that no two protocols differ by case only.
bool is_protocol_name(std::string_view name) {
  return all_of(name, "-_") && name[0] >= 'a' && name[0] <= 'z';
}

bool is_fact_name(std::string_view name) {
  if (name == "verb" || name == "object") return true;
  return name.starts_with("field.") && all_of(name.substr(6), "-_");
}

// "name/word"
bool is_set_name(std::string_view name) {
  const size_t slash = name.find('/');
  return slash != name.npos && all_of(name.substr(0, slash), "-_") && all_of(name.substr(slash + 1), "-_");
}

bool declares(const sp_manifest& manifest, std::string_view fact) {
  return std::any_of(manifest.facts, manifest.facts + manifest.fact_count,
                     [fact](const sp_fact& known) { return view(known.name) == fact; });
}

template <typename T>
bool has_duplicate(const T* items, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (view(items[i].name) == view(items[j].name)) return true;
    }
  }
  return false;
}

std::unexpected<Error> bad(const std::string& what) {
  return fail("its manifest is wrong: " + what + ": tell the plugin's author");
}

Result<void> check_facts(const sp_manifest& manifest) {
  if (!is_list(manifest.facts, manifest.fact_count)) return bad("the list of facts");
  for (size_t i = 0; i < manifest.fact_count; ++i) {
    const sp_fact& fact = manifest.facts[i];
    if (!is_text(fact.name) || !is_text(fact.help)) return bad("the text of a fact");
    if (!is_fact_name(view(fact.name))) {
      return bad("fact \"" + std::string(view(fact.name)) + "\" is neither verb, object nor field.NAME");
    }
  }
  if (has_duplicate(manifest.facts, manifest.fact_count)) return bad("a fact is declared twice");
  if (!declares(manifest, "verb")) return bad("fact \"verb\" is not declared");
  return {};
}

Result<void> check_clause(const sp_manifest& manifest, const std::string& set, const sp_clause& clause) {
  if (clause.condition_count == 0 || !is_list(clause.conditions, clause.condition_count)) {
    return bad("set \"" + set + "\" has a clause without conditions, which would match everything");
  }
  for (size_t i = 0; i < clause.condition_count; ++i) {
    const sp_condition& condition = clause.conditions[i];
    if (!is_text(condition.fact) || !declares(manifest, view(condition.fact))) {
      return bad("set \"" + set + "\" uses fact \"" + std::string(view(condition.fact)) +
                 "\", which is not declared");
    }
    const auto sound = [](const sp_text& value) { return value.size != 0 && is_text(value); };
    if (condition.value_count == 0 || !is_list(condition.values, condition.value_count) ||
        !std::all_of(condition.values, condition.values + condition.value_count, sound)) {
      return bad("set \"" + set + "\" has a condition without values");
    }
  }
  return {};
}

Result<void> check_sets(const sp_manifest& manifest) {
  if (!is_list(manifest.sets, manifest.set_count)) return bad("the list of sets");
  for (size_t i = 0; i < manifest.set_count; ++i) {
    const sp_rule_set& set = manifest.sets[i];
    if (!is_text(set.name) || !is_text(set.help)) return bad("the text of a set");
    const std::string name(view(set.name));
    if (!is_set_name(name)) return bad("set \"" + name + "\" is not named like sql/read-only");
    if (set.clause_count == 0 || !is_list(set.clauses, set.clause_count))
      return bad("set \"" + name + "\" is empty");
    for (size_t j = 0; j < set.clause_count; ++j) {
      if (Result<void> good = check_clause(manifest, name, set.clauses[j]); !good) return good;
    }
  }
  if (has_duplicate(manifest.sets, manifest.set_count)) return bad("a set is declared twice");
  return {};
}

Result<void> check_options(const sp_manifest& manifest) {
  if (!is_list(manifest.options, manifest.option_count)) return bad("the list of options");
  for (size_t i = 0; i < manifest.option_count; ++i) {
    const sp_option& option = manifest.options[i];
    if (!is_text(option.name) || !all_of(view(option.name), "-_")) return bad("an option's name");
    if (!is_text(option.help) || !is_text(option.default_value) ||
        !is_list(option.values, option.value_count)) {
      return bad("option \"" + std::string(view(option.name)) + "\"");
    }
    if (!std::all_of(option.values, option.values + option.value_count, is_text)) {
      return bad("option \"" + std::string(view(option.name)) + "\"");
    }
  }
  if (has_duplicate(manifest.options, manifest.option_count)) return bad("an option is declared twice");
  if (!is_list(manifest.alpn, manifest.alpn_count)) return bad("the list of TLS protocol names");
  for (size_t i = 0; i < manifest.alpn_count; ++i) {
    if (!is_text(manifest.alpn[i]) || manifest.alpn[i].size == 0 || manifest.alpn[i].size > alpn_size_max) {
      return bad("a TLS protocol name");
    }
  }
  return {};
}

Result<void> check_permissions(const sp_manifest& manifest) {
  const std::span<const sp_permission> all = guard::permissions_of(manifest);
  if (all.size() > count_max) return bad("the list of permissions");
  for (const sp_permission& permission : all) {
    if (!is_text(permission.name) || !all_of(view(permission.name), "-_") || !is_text(permission.help))
      return bad("a permission's name or text");
    if ((permission.flags & ~uint32_t{SP_PERMISSION_UNMASKED}) != 0) return bad("a permission's flags");
  }
  if (has_duplicate(all.data(), all.size())) return bad("a permission is declared twice");
  return {};
}

Result<void> check_manifest(const sp_manifest& manifest) {
  if (manifest.size < manifest_size_min) return bad("it is smaller than ABI 1.0's");
  if (!is_text(manifest.name) || !is_protocol_name(view(manifest.name))) {
    return bad("the name must have 1 to 63 characters of a-z 0-9 - _ and begin with a letter");
  }
  if (!is_text(manifest.version) || manifest.version.size == 0 || !is_text(manifest.summary)) {
    return bad("version or summary");
  }
  if (const uint32_t unknown = manifest.capabilities & ~known_capabilities) {
    return bad("it claims capabilities that this gateway does not know (bits " + std::to_string(unknown) +
               ")");
  }
  if (Result<void> good = check_facts(manifest); !good) return good;
  if (Result<void> good = check_sets(manifest); !good) return good;
  if (Result<void> good = check_options(manifest); !good) return good;
  return check_permissions(manifest);
}

}  // namespace

Result<void> check_plugin_table(const sp_plugin& plugin) {
  if (plugin.magic != SP_MAGIC)
    return fail("sallyport_plugin does not begin with SP_MAGIC: it is not a Sallyport plugin");
  const std::string version = std::to_string(plugin.abi_major) + "." + std::to_string(plugin.abi_minor);
  if (plugin.abi_major != SP_ABI_MAJOR || plugin.abi_minor > SP_ABI_MINOR) {
    return fail("it was built for plugin ABI " + version + ", this gateway has " +
                std::to_string(SP_ABI_MAJOR) + "." + std::to_string(SP_ABI_MINOR) + ": " +
                (plugin.abi_major < SP_ABI_MAJOR ? "rebuild it with this gateway's plugin.h"
                                                 : "use a newer gateway"));
  }
  if (plugin.size < plugin_size_min)
    return fail("its table is smaller than ABI 1.0's: rebuild it with plugin.h");
  if (!plugin.open || !plugin.feed || !plugin.close || !plugin.classify) {
    return fail("it lacks one of the functions open, feed, close, classify (only render may be NULL)");
  }
  if (!plugin.manifest) return fail("it has no manifest");
  return check_manifest(*plugin.manifest);
}

}  // namespace sallyport
