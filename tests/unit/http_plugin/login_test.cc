// Who proves himself, how, and which target is meant.
#include <gtest/gtest.h>

#include "plugins/http/options.h"
#include "plugins/http/proof.h"
#include "plugins/http/route.h"

namespace sallyport::http {
namespace {

std::expected<Proof, std::string_view> of(std::vector<const char*> values) {
  Fields fields;
  for (const char* value : values) fields.add("Authorization", value);
  return proof_of(fields);
}

TEST(Proof, Forms) {
  EXPECT_FALSE(of({})->is_given);
  EXPECT_EQ(of({"Bearer a.b.c"})->who, "token");
  EXPECT_EQ(of({"bEARER a.b.c"})->secret, "a.b.c");
  EXPECT_EQ(of({"Bearer spt_0123456789_rest"})->who, "spt_0123456789");
  EXPECT_EQ(of({"Basic YW5uOnNlOmNyZXQ="})->who, "ann");
  EXPECT_EQ(of({"Basic YW5uOnNlOmNyZXQ="})->secret, "se:cret");
  EXPECT_EQ(of({"Basic YW5uLGNybTpz"})->target, "crm");
  EXPECT_TRUE(of({"Basic YW5uLGNybTpz"})->is_ambient);
  EXPECT_FALSE(of({"Bearer a.b.c"})->is_ambient);
}

TEST(Proof, Refused) {
  for (const std::vector<const char*>& bad : std::vector<std::vector<const char*>>{{"Bearer a", "Bearer a"},
                                                                                   {"Bearer"},
                                                                                   {"Bearer "},
                                                                                   {"Bearer a b"},
                                                                                   {"Digest x"},
                                                                                   {"Basic !!!!"},
                                                                                   {"Basic YW5u"},
                                                                                   {"Basic YW5uOn"},
                                                                                   {""},
                                                                                   {"a.b.c"}})
    EXPECT_FALSE(of(bad)) << bad.front();
}

RequestHead asking(const char* authority, const char* path) {
  RequestHead head;
  head.authority = authority;
  head.path = path;
  return head;
}

TEST(Route, Names) {
  const Proof none, named{.who = "ann", .target = "crm", .secret = {}, .is_given = true};
  const auto by_path = route_of(asking("gate:8443", "/t/ops~crm/v1"), none, false);
  EXPECT_EQ(by_path->name, "ops~crm");
  EXPECT_EQ(by_path->path, "/v1");
  EXPECT_EQ(by_path->prefix, "/t/ops~crm");
  EXPECT_EQ(by_path->user("ann"), "ann,ops~crm");
  EXPECT_EQ(route_of(asking("gate", "/t/crm"), none, false)->path, "/");
  EXPECT_EQ(route_of(asking("crm.gate:8443", "/v1"), none, false)->name, "crm");
  EXPECT_EQ(route_of(asking("gate", "/v1"), named, false)->name, "crm");
  EXPECT_EQ(route_of(asking("gate", "/t/crm/v1"), named, false)->path, "/v1");
  EXPECT_FALSE(route_of(asking("gate", "/t/other/v1"), named, false));
  EXPECT_FALSE(route_of(asking("gate", "/t//v1"), none, false));
  EXPECT_FALSE(route_of(asking("gate", "/t/a,b/v1"), none, false));
  EXPECT_FALSE(route_of(asking("", "/v1"), none, false));
  const auto whole = route_of(asking("gate", "/t/crm/v1"), none, true);
  EXPECT_EQ(whole->path, "/t/crm/v1");
  EXPECT_EQ(whole->user("ann"), "ann");
}

TEST(Options, Credential) {
  const auto option = [](std::string_view name, std::string_view value) {
    return sp_pair{{name.data(), name.size()}, {value.data(), value.size()}};
  };
  const std::vector<sp_pair> basic = {option("credential", "basic"), option("answer_timeout_s", "5")};
  EXPECT_EQ(Options::of(basic).field_value("u", "p"), "Basic dTpw");
  EXPECT_EQ(Options::of(basic).answer_timeout_ms, 5000U);
  const std::vector<sp_pair> cookie = {option("credential", "cookie"), option("credential_name", "sid"),
                                       option("answer_timeout_s", "x")};
  EXPECT_EQ(Options::of(cookie).field_name(), "Cookie");
  EXPECT_EQ(Options::of(cookie).field_value("u", "p"), "sid=p");
  EXPECT_EQ(Options::of(cookie).answer_timeout_ms, 60'000U);
  const std::vector<sp_pair> none = {option("credential", "none")};
  EXPECT_EQ(Options::of(none).field_name(), "");
  EXPECT_EQ(Options::of({}).field_value("", "t"), "Bearer t");
}

}  // namespace
}  // namespace sallyport::http
