// [[target]].
#include <algorithm>

#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

void load_addresses(Reader& reader, Target& target) {
  const Value* value = reader.find("address");
  if (value == nullptr) return reader.require("address", "address = \"host:port\"");
  std::vector<std::string> texts;
  if (value->kind == Value::Kind::array) {
    if (!reader.texts("address", texts)) return;
  } else if (std::string text; reader.text("address", text)) {
    texts.push_back(std::move(text));
  }
  for (const std::string& text : texts) {
    Result<Address> address = parse_address(text);
    if (address) {
      target.addresses.push_back(std::move(*address));
    } else {
      reader.problem("address", "address: " + address.error().text);
    }
  }
}

void load_tls(Loader& loader, Reader& reader, Target& target) {
  reader.choice("tls", target.tls,
                {{"verify-full", TargetTls::verify_full},
                 {"verify-ca", TargetTls::verify_ca},
                 {"require", TargetTls::require},
                 {"off", TargetTls::off}});
  const bool has_ca = reader.file("tls_ca", loader.folder, target.tls_ca);
  const bool has_name = reader.text("tls_name", target.tls_name);
  if (has_ca && (target.tls == TargetTls::off || target.tls == TargetTls::require)) {
    reader.problem("tls_ca", "tls_ca is never looked at with this tls: write tls = \"verify-full\"");
  }
  if (has_name && target.tls != TargetTls::verify_full) {
    reader.problem("tls_name", "tls_name is compared only with tls = \"verify-full\"");
  }
}

void load_login(Loader& loader, Reader& reader, const Value& value, Target& target) {
  Login login;
  login.name = value.key;
  login.place = value.place;
  const std::string where = reader.where() + ": logins." + value.key;
  if (const Result<void> fits = check_name(login.name); !fits) {
    reader.problem_at(value.place, "logins: the name " + fits.error().text);
  }
  if (value.kind != Value::Kind::table) {
    reader.problem_at(value.place, "logins." + value.key +
                                       ": write { credential = { user = \"…\", password = \"file:…\" } }");
    return;
  }
  Reader outer(value, where, loader.problems);
  outer.require("credential", "credential = { user = \"…\", password = \"file:…\" }");
  if (const Value* table = outer.table("credential", "{ user = \"…\", password = \"file:…\" }"))
    load_credential(loader, *table, where + ".credential", target, login);
  outer.refuse("allow",
               "groups are allowed in to the target: what the login itself may do is its permit = [\"…\"]");
  outer.names("permit", login.permit);
  const Value* permit = outer.find("permit");
  login.permit_place = permit != nullptr ? permit->place : value.place;
  outer.finish();
  target.logins.push_back(std::move(login));
}

void load_logins(Loader& loader, Reader& reader, Target& target) {
  const char* write = "{ app = { credential = { user = \"app\", password = \"file:secrets/app\" } } }";
  reader.refuse("password",
                "a target's secret stands with its login: write logins = { app = { credential = { user = "
                "\"app\", password = \"file:…\" } } }");
  const Value* logins = reader.table("logins", write);
  if (logins != nullptr) {
    for (const Value& login : logins->items) load_login(loader, reader, login, target);
  }
  if (!reader.has("logins") || (logins != nullptr && logins->items.empty())) {
    reader.problem("logins", std::string("has no login: write logins = ") + write);
  }
}

void load_record(Loader& loader, Reader& reader, Target& target) {
  target.record_response_size = limits::record_response_size;
  const Value* table = reader.table("record", "{ responses = \"1 MiB\", durability = \"group\" }");
  if (table == nullptr) return;
  Reader record(*table, reader.where() + ": record", loader.problems);
  record.size("responses", target.record_response_size, 0, limits::record_response_size_max);
  record.choice("durability", target.durability, {{"group", Durability::group}, {"sync", Durability::sync}});
  record.finish();
}

void load_options(Reader& reader, Target& target) {
  const Value* table = reader.table("options", "a table of the plugin's options");
  if (table == nullptr) return;
  for (const Value& option : table->items) {
    std::string& text = target.options[option.key];
    target.option_places[option.key] = option.place;
    switch (option.kind) {
      case Value::Kind::string: text = option.text; break;
      case Value::Kind::integer: text = std::to_string(option.integer); break;
      case Value::Kind::boolean: text = option.boolean ? "true" : "false"; break;
      case Value::Kind::real:
      case Value::Kind::time:
      case Value::Kind::array:
      case Value::Kind::table:
        reader.problem_at(option.place,
                          "options." + option.key + " is " + kind_text(option.kind) + ": write a string");
    }
  }
}

// True: "on-request" stands among the groups, or alone.
bool load_allow(Reader& reader, Target& target) {
  reader.require("allow", "the groups that may open it: allow = [\"…\"]");
  const Value* const value = reader.find("allow");
  if (value != nullptr && value->kind == Value::Kind::string && value->text == on_request_name) return true;
  reader.names("allow", target.allow);
  return std::erase(target.allow, on_request_name) > 0;
}

// Of what nobody reads nothing can be judged, masked or recorded, and nobody can log in for the caller.
void load_opaque(Loader& loader, Reader& reader, Target& target) {
  const char* unread = "a target with protocol = \"tcp\" is not read: leave it out";
  for (const char* key : {"database", "databases", "default", "observe", "options"})
    reader.refuse(key, unread);
  reader.refuse("logins",
                "callers of a target with protocol = \"tcp\" log in to it by themselves: leave it out");
  const Value* table = reader.table("record", "{ durability = \"group\" }");
  if (table == nullptr) return;
  Reader record(*table, reader.where() + ": record", loader.problems);
  record.refuse("responses", unread);
  record.choice("durability", target.durability, {{"group", Durability::group}, {"sync", Durability::sync}});
  record.finish();
}

}  // namespace

void load_target(Loader& loader, const Value& table) {
  Reader reader(table, "target", loader.problems);
  Target target;
  target.place = table.place;
  reader.require("name", "name = \"…\"");
  if (reader.name("name", target.name)) reader.rename("target \"" + target.name + "\"");
  reader.require("protocol", "protocol = \"postgresql\"");
  reader.name("protocol", target.protocol);
  load_addresses(reader, target);
  load_tls(loader, reader, target);
  if (target.is_opaque()) {
    if (load_allow(reader, target))
      reader.problem("allow",
                     "allow: \"on-request\" needs callers who can be told how to ask: not with protocol = "
                     "\"tcp\"");
    reader.refuse("on_request", "a target with protocol = \"tcp\" opens for groups only: leave it out");
    load_opaque(loader, reader, target);
    reader.finish();
    loader.config.targets.push_back(std::move(target));
    return;
  }
  reader.text("database", target.database);
  reader.texts("databases", target.databases);
  if (!target.databases.empty() && !target.database.empty() &&
      std::ranges::find(target.databases, target.database) == target.databases.end()) {
    reader.problem("database", "database \"" + target.database + "\" is none of databases");
  }
  load_on_request(loader, reader, target, load_allow(reader, target));
  reader.choice("default", target.default_action, {{"deny", Action::deny}, {"allow", Action::allow}});
  reader.boolean("observe", target.observe);
  load_logins(loader, reader, target);
  load_record(loader, reader, target);
  load_options(reader, target);
  reader.finish();
  loader.config.targets.push_back(std::move(target));
}

}  // namespace sallyport::config
