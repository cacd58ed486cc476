#include "plugins/http/wire/path.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

TEST(Path, HasOneForm) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/a/b/", "/a/b/"},
      {"/%61%2D%7e", "/a-~"},
      {"/a%20b", "/a%20b"},
      {"/a%c3%a9", "/a%C3%A9"},
      {"/a|b[1]^`{}", "/a%7Cb%5B1%5D%5E%60%7B%7D"},
      {"/a/./b", "/a/b"},
      {"/a/.", "/a/"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/%2e/b", "/a/b"},
      {"/a/..b", "/a/..b"},
      {"/...", "/..."},
      {"/a%252e%252e/b", "/a%252e%252e/b"},  // data that looks like an escape stays data
      {"/a%3bb", "/a%3Bb"},
      {"/users/x@example.com:v", "/users/x@example.com:v"},
      {"/.", "/"},
      {"/./a", "/a"},
  };
  for (const auto& [raw, normal] : cases) {
    const auto path = normalised_path(raw);
    ASSERT_TRUE(path) << raw << ": " << path.error().code;
    EXPECT_EQ(*path, normal) << raw;
    EXPECT_EQ(normalised_path(*path), *path) << raw;
  }
}

}  // namespace
}  // namespace sallyport::http
