// What requests mean to the rules, and what makes another request the same one.
#include <gtest/gtest.h>

#include <algorithm>

#include "plugins/http/bounds.h"
#include "plugins/http/facts.h"
#include "plugins/http/host.h"
#include "plugins/http/json_facts.h"

namespace sallyport::http {
namespace {

struct Asked {
  std::string verb, object, text, binding, fault;
  std::vector<std::string> fields;  // "name value"

  [[nodiscard]] bool has(std::string_view field) const {
    return std::ranges::find(fields, field) != fields.end();
  }
};

Asked asked(std::string_view text) {
  const auto written = parse_written(text);
  if (!written) return {.fault = std::string(written.error().code)};
  auto facts = Facts::of(written->head, written->head.path, written->body, true);
  if (!facts) return {.fault = std::string(facts.error().code)};
  const sp_ask& ask = facts->ask(1, 0);
  Asked out{.verb = std::string(view_of(ask.commands->verb)),
            .object = std::string(view_of(*ask.commands->objects)),
            .text = std::string(view_of(ask.text)),
            .binding = std::string(reinterpret_cast<const char*>(ask.binding.data), ask.binding.size)};
  for (size_t i = 0; i < ask.commands->field_count; ++i) {
    const sp_pair& pair = ask.commands->fields[i];
    out.fields.push_back(std::string(view_of(pair.name)) + " " + std::string(view_of(pair.value)));
  }
  return out;
}

TEST(Facts, OfARequest) {
  const Asked one = asked(
      "POST /v1/%61/../b?dry%5Frun=yes&x=a+b\nContent-Type: Application/JSON; charset=utf-8\nX-Tenant: "
      "7\nCookie: a=b\n\n{\"order\":{\"size\":\"large\",\"lines\":[1,{\"n\":true}]},\"e\":\"\\u0041\"}");
  EXPECT_EQ(one.fault, "");
  EXPECT_EQ(one.verb, "POST");
  EXPECT_EQ(one.object, "/v1/b");
  for (const char* field :
       {"effect write", "query dry_run=yes", "query x=a b", "header x-tenant: 7", "type application/json",
        "json order.size=large", "json order.lines=1", "json order.lines.n=true", "json e=A"})
    EXPECT_TRUE(one.has(field)) << field;
  for (const std::string& field : one.fields) EXPECT_FALSE(field.starts_with("header cookie")) << field;
  EXPECT_TRUE(one.text.starts_with("POST /v1/b?dry%5Frun=yes&x=a+b\ncontent-type: "));
}

TEST(Facts, Effects) {
  EXPECT_TRUE(asked("GET /").has("effect read"));
  EXPECT_TRUE(asked("HEAD /").has("effect read"));
  EXPECT_TRUE(asked("DELETE /").has("effect destroy"));
  EXPECT_TRUE(asked("PATCH /").has("effect write"));
  EXPECT_TRUE(asked("PROPFIND /").has("effect unknown"));
}

// What an approval was given for, and what is another request.
TEST(Facts, Binding) {
  const std::string head = "POST /x?a=1\ncontent-type: text/plain\nx-tenant: 1\nuser-agent: curl\n\n";
  const std::string same = asked(head + "body").binding;
  EXPECT_NE(same, "");
  EXPECT_EQ(same,
            asked("POST /x?a=1\ncontent-type: text/plain\nx-tenant: 1\nuser-agent: other\n\nbody").binding);
  for (const std::string& other :
       {head + "Body", std::string("PUT /x?a=1\ncontent-type: text/plain\nx-tenant: 1\n\nbody"),
        std::string("POST /y?a=1\ncontent-type: text/plain\nx-tenant: 1\n\nbody"),
        std::string("POST /x?a=2\ncontent-type: text/plain\nx-tenant: 1\n\nbody"),
        std::string("POST /x?a=1\ncontent-type: text/html\nx-tenant: 1\n\nbody"),
        std::string("POST /x?a=1\ncontent-type: text/plain\nx-tenant: 2\n\nbody")})
    EXPECT_NE(same, asked(other).binding) << other;
}

TEST(Facts, RefusedJson) {
  const std::string head = "POST /\ncontent-type: application/json\n\n";
  for (const auto& [body, code] : std::vector<std::pair<std::string, std::string>>{
           {R"({"a":1,"a":2})", "body-key-twice"},
           {R"({"a":1,"\u0061":2})", "body-key-twice"},
           {"{", "body-no-json"},
           {std::string("{\"a\":1}\0{\"b\":2}", 15), "body-no-json"},
           {"{} {}", "body-no-json"},
           {"\xef\xbb\xbf{\"a\":1", "body-no-json"},
           {"\"\xff\"", "body-no-json"},
           {std::string(json_fact_depth_max + 1, '[') + std::string(json_fact_depth_max + 1, ']'),
            "body-too-complex"}})
    EXPECT_EQ(asked(head + body).fault, code) << body;
  std::string many = "[0";
  for (size_t i = 0; i < json_fact_count_max; ++i) many += ",0";
  EXPECT_EQ(asked(head + many + "]").fault, "body-too-complex");
  EXPECT_EQ(asked(head).fault, "");
}

TEST(Facts, OfAToolCall) {
  const std::string head = "POST /mcp\ncontent-type: application/json\n\n";
  const Asked one = asked(
      head +
      R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"drop_table","arguments":{"t":["a","b"]}}})");
  for (const char* field : {"rpc tools/call", "tool drop_table", "argument t=a", "argument t=b"})
    EXPECT_TRUE(one.has(field)) << field;
  EXPECT_TRUE(asked(head + R"({"jsonrpc":"2.0","method":"resources/read","params":{"uri":"file:///x"}})")
                  .has("resource file:///x"));
  EXPECT_TRUE(asked(head + R"({"jsonrpc":"2.0","id":1,"result":{}})").has("rpc reply"));
  EXPECT_EQ(asked(head + R"({"method":"tools/call"})").fault, "") << "nobody says that it is JSON-RPC";
  for (const auto& [body, code] : std::vector<std::pair<std::string, std::string>>{
           {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", "rpc-batch"},
           {R"({"JSONRPC":"2.0","id":1,"method":"ping"})", "rpc-letters"},
           {R"({"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"})", "rpc-letters"},
           {R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"x"}})", "rpc-letters"},
           {R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["x"]}})", "rpc-no-call"},
           {R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})", "rpc-no-call"},
           {R"({"jsonrpc":"2.0","id":1,"method":1})", "rpc-no-call"},
           {R"({"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"})", "body-key-twice"}})
    EXPECT_EQ(asked(head + body).fault, code) << body;
}

// A server may take for JSON what does not say so; what nobody could judge is refused.
TEST(Facts, BodiesInDisguise) {
  for (const char* type :
       {"text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "x/y"})
    EXPECT_TRUE(
        asked(std::string("POST /\ncontent-type: ") + type + "\n\n \n{\"order\":{\"size\":\"large\"}}")
            .has("json order.size=large"))
        << type;
  EXPECT_TRUE(asked("POST /\n\n[{\"a\":1}]").has("json a=1"));
  EXPECT_EQ(asked("POST /\ncontent-type: text/plain\n\n{\"a\":1,\"a\":2}").fault, "body-key-twice");
  EXPECT_EQ(asked("POST /\ncontent-type: text/plain\n\n{no json").fault, "");
  for (const char* head :
       {"content-type: application/json; charset=utf-16", "content-type: text/json; charset=utf-7",
        "content-type: application/json-seq", "content-encoding: gzip", "content-encoding: identity, br"})
    EXPECT_EQ(asked(std::string("POST /\n") + head + "\n\n{}").fault, "body-unreadable") << head;
  const Asked form = asked("POST /\ncontent-type: application/x-www-form-urlencoded\n\nsize=l%61rge&to=a+b");
  EXPECT_TRUE(form.has("form size=large") && form.has("form to=a b"));
}

TEST(Facts, NoRequest) {
  for (const char* bad : {"", "GET", "/x", "GET x y z", "GET /a;b", "GET /a//b", "GET /%2f", "G ET /"})
    EXPECT_NE(asked(bad).fault, "") << bad;
}

}  // namespace
}  // namespace sallyport::http
