// What a JSON-RPC 2.0 body means, and MCP's methods among them (Model Context Protocol, 2025-06-18). Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/http/wire/fault.h"

namespace sallyport::http {

struct RpcFacts {
  std::vector<std::pair<std::string_view, std::string>> fields;  // rpc, tool, argument, resource, prompt
  std::string id;  // of a call, as JSON; empty: a notification, a reply, or none of this
};

// `body`: JSON that json_facts() takes. An error where a reader might see another call than this one: a
// batch, a member in other letters (some readers do not mind), a method or a name that is no text.
[[nodiscard]] std::expected<RpcFacts, Fault> rpc_facts(std::string_view body);

}  // namespace sallyport::http
