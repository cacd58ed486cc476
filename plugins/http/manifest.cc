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
};

constexpr std::array read = {text("read")};
constexpr std::array destroy = {text("destroy")};
constexpr std::array reads = {sp_condition{text("field.effect"), read.data(), read.size()}};
constexpr std::array destroys = {sp_condition{text("field.effect"), destroy.data(), destroy.size()}};
constexpr std::array read_only = {sp_clause{reads.data(), reads.size()}};
constexpr std::array destructive = {sp_clause{destroys.data(), destroys.size()}};
constexpr std::array rule_sets = {
    sp_rule_set{text("http/read-only"), text("GET, HEAD, OPTIONS"), read_only.data(), read_only.size()},
    sp_rule_set{text("http/destructive"), text("DELETE"), destructive.data(), destructive.size()},
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
