#include "plugins/http/manifest.h"

#include <array>
#include <string_view>

namespace sallyport::http {

namespace {

constexpr sp_text text(std::string_view value) { return {value.data(), value.size()}; }

constexpr std::array facts = {
    sp_fact{text("verb"), text("the method: GET, POST, DELETE, ...; UNPARSED for what could not be read")},
    sp_fact{text("object"), text("the path that the target is asked for, normalised, without its query")},
    sp_fact{text("field.effect"), text("by the method: read, write, destroy, unknown")},
    sp_fact{text("field.query"), text("each pair of the query, decoded: name=value")},
    sp_fact{text("field.header"), text("each field that goes on: name: value, the name in lower case")},
    sp_fact{text("field.type"), text("the body's media type")},
    sp_fact{text("field.json"), text("each value of a JSON body: customer.email=ann@example.com")},
    sp_fact{text("field.form"), text("each pair of a form, decoded: name=value")},
    sp_fact{text("field.rpc"), text("the method of a JSON-RPC call: tools/call, resources/read, ...")},
    sp_fact{text("field.tool"), text("the tool that an MCP call names")},
    sp_fact{text("field.argument"), text("each argument of that call: table=customers")},
    sp_fact{text("field.resource"), text("the URI that an MCP call reads or subscribes to")},
    sp_fact{text("field.prompt"), text("the prompt that an MCP call gets")},
};

constexpr std::array read = {text("read")};
constexpr std::array destroy = {text("destroy")};
constexpr std::array reads = {sp_condition{text("field.effect"), read.data(), read.size()}};
constexpr std::array destroys = {sp_condition{text("field.effect"), destroy.data(), destroy.size()}};
constexpr std::array read_only = {sp_clause{reads.data(), reads.size()}};
constexpr std::array destructive = {sp_clause{destroys.data(), destroys.size()}};
constexpr std::array rpc_reads = {text("initialize"),      text("ping"),
                                  text("notifications/*"), text("tools/list"),
                                  text("resources/list"),  text("resources/templates/list"),
                                  text("resources/read"),  text("prompts/list"),
                                  text("prompts/get"),     text("completion/complete"),
                                  text("logging/setLevel")};
constexpr std::array calls = {text("tools/call")};
constexpr std::array grave = {text("*delete*"),   text("*drop*"),  text("*remove*"), text("*destroy*"),
                              text("*truncate*"), text("*purge*"), text("*erase*"),  text("*kill*"),
                              text("*wipe*"),     text("*reset*")};
constexpr std::array is_rpc_read = {sp_condition{text("field.rpc"), rpc_reads.data(), rpc_reads.size()}};
constexpr std::array is_grave_call = {sp_condition{text("field.rpc"), calls.data(), calls.size()},
                                      sp_condition{text("field.tool"), grave.data(), grave.size()}};
constexpr std::array mcp_read_only = {sp_clause{is_rpc_read.data(), is_rpc_read.size()}};
constexpr std::array mcp_destructive = {sp_clause{is_grave_call.data(), is_grave_call.size()}};
constexpr std::array rule_sets = {
    sp_rule_set{text("http/read-only"), text("GET, HEAD, OPTIONS"), read_only.data(), read_only.size()},
    sp_rule_set{text("http/destructive"), text("DELETE"), destructive.data(), destructive.size()},
    sp_rule_set{text("mcp/read-only"), text("MCP calls that list, get and read; no tool"),
                mcp_read_only.data(), mcp_read_only.size()},
    sp_rule_set{text("mcp/destructive"), text("calls of MCP tools whose names say that something goes"),
                mcp_destructive.data(), mcp_destructive.size()},
};

constexpr std::array forms = {text("bearer"), text("basic"), text("header"), text("cookie"), text("none")};
constexpr std::array options = {
    sp_option{text("credential"), text("how the target takes the login's password"), text("bearer"),
              forms.data(), forms.size()},
    sp_option{text("credential_name"), text("the field or cookie that carries it, for header and cookie"),
              text(""), nullptr, 0},
    sp_option{text("host"), text("what Host says to the target; without: its address"), text(""), nullptr, 0},
    sp_option{text("answer_timeout_s"), text("seconds until the target must begin its answer"), text("60"),
              nullptr, 0},
};

constexpr std::array alpn = {text("http/1.1")};

}  // namespace

constinit const sp_manifest manifest = {
    .size = sizeof(sp_manifest),
    .name = text("http"),
    .version = text("1"),
    .summary = text("HTTP/1.1: requests judged by method, path, fields and JSON; replies masked"),
    .capabilities = SP_CAN_MASK | SP_CAN_HOLD | SP_CAN_TLS,
    .facts = facts.data(),
    .fact_count = facts.size(),
    .sets = rule_sets.data(),
    .set_count = rule_sets.size(),
    .options = options.data(),
    .option_count = options.size(),
    .alpn = alpn.data(),
    .alpn_count = alpn.size(),
    .permissions = nullptr,
    .permission_count = 0,
};

}  // namespace sallyport::http
