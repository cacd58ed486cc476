#include "plugins/http/rpc_facts.h"

#include <strings.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "plugins/http/bounds.h"
#include "plugins/http/json_facts.h"

namespace sallyport::http {

namespace {

using nlohmann::json;

constexpr Fault batch{400, "rpc-batch", "send JSON-RPC calls one by one: batches are not taken"};
constexpr Fault other_letters{
    400, "rpc-letters",
    "a member of the call is written in other letters: servers would take it differently"};
constexpr Fault no_call{400, "rpc-no-call", "a JSON-RPC call needs a method, and its names are texts"};

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool has_other_letters(const json& object, std::initializer_list<std::string_view> names) {
  for (const auto& [key, value] : object.items()) {
    for (const std::string_view name : names) {
      if (key != name && same(key, name)) return true;
    }
  }
  return false;
}

bool is_rpc(const json& value) {
  if (!value.is_object()) return false;
  for (const auto& [key, inner] : value.items()) {
    if (same(key, "jsonrpc")) return true;
  }
  return false;
}

// The text of a member that must be there.
std::expected<std::string, Fault> text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::unexpected(no_call);
  return found->get<std::string>();
}

std::expected<void, Fault> add_params(const std::string& method, const json& params, RpcFacts& out) {
  struct Named {
    std::string_view method;
    const char* member;
    std::string_view field;
  };
  static constexpr Named all[] = {{"tools/call", "name", "tool"},
                                  {"prompts/get", "name", "prompt"},
                                  {"resources/read", "uri", "resource"},
                                  {"resources/subscribe", "uri", "resource"},
                                  {"resources/unsubscribe", "uri", "resource"}};
  for (const Named& one : all) {
    if (method != one.method) continue;
    auto name = text_of(params, one.member);
    if (!name) return std::unexpected(name.error());
    out.fields.emplace_back(one.field, std::move(*name));
  }
  const auto arguments = params.find("arguments");
  if (arguments == params.end()) return {};
  auto facts = json_facts(arguments->dump());
  if (!facts) return std::unexpected(facts.error());
  for (std::string& one : *facts) out.fields.emplace_back("argument", std::move(one));
  return {};
}

}  // namespace

std::expected<RpcFacts, Fault> rpc_facts(std::string_view body) {
  const json value = json::parse(body, nullptr, false);
  if (value.is_array() && std::ranges::any_of(value, is_rpc)) return std::unexpected(batch);
  RpcFacts out;
  if (!is_rpc(value)) return out;
  if (has_other_letters(value, {"jsonrpc", "id", "method", "params", "result", "error"}))
    return std::unexpected(other_letters);
  const bool is_reply = !value.contains("method") && (value.contains("result") || value.contains("error"));
  if (is_reply) {
    // To a question that the server asked: it goes by its own name.
    out.fields.emplace_back("rpc", "reply");
    return out;
  }
  auto method = text_of(value, "method");
  if (!method) return std::unexpected(method.error());
  const json params = value.value("params", json::object());
  if (params.is_object() && has_other_letters(params, {"name", "uri", "arguments"}))
    return std::unexpected(other_letters);
  if (const auto added = add_params(*method, params.is_object() ? params : json::object(), out); !added)
    return std::unexpected(added.error());
  out.fields.emplace_back("rpc", std::move(*method));
  if (const auto id = value.find("id"); id != value.end() && (id->is_string() || id->is_number()))
    out.id = id->dump();
  return out;
}

}  // namespace sallyport::http
