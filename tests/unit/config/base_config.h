// A right config for tests to damage, and what load says of the result.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "tests/unit/config/folder.h"

namespace sallyport::config {

inline constexpr const char* secret =
    "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$zHCdol2044/"
    "ZyWzPLi7oxApCkamKw9Z+E4U/QApd/5Y=:dd5peBOitVnLNFu7VmwP+HiDaaw4OUCv396eVCWhYiE=";

inline constexpr const char* other_secret =
    "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$ur5QCUuGJbvakQ8yYrbwWFUiMaDP8r9yjN/"
    "v7RHyBXU=:ueqvgzpIyQPnZqth66k6DKIauxr3Zrq2Uj2YGhukQq0=";

// A right config; @ and % stand for verifiers.
inline constexpr const char* base = R"toml(
[server]
state_dir = "state"
plugins = ["postgresql", "skeleton"]

[[listener]]
protocol = "postgresql"
address = "127.0.0.1:5432"
target = "db"

[[user]]
name = "ann"
groups = ["staff"]
secret = "@"

[[user]]
name = "bob"
groups = ["dba"]
secret = "%"

[[target]]
name = "db"
protocol = "postgresql"
address = "10.0.0.5:5432"
database = "shop"
allow = ["staff", "dba"]
logins = { app = { credential = { user = "app", password = "file:secret" } } }

[[mask]]
name = "pii"
detect = ["@pii"]
fields = ["customers.email"]
action = "partial"

[[rule]]
name = "drops"
match = { verb = ["DROP"] }
action = "approve"
approvers = ["dba"]
)toml";

inline std::string with_secrets(std::string text) {
  for (const auto& [mark, verifier] : {std::pair("\"@\"", secret), {"\"%\"", other_secret}}) {
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.replace(at + 1, 1, verifier);
    }
  }
  return text;
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

inline std::vector<Problem> problems_of(const std::string& text) {
  const Folder folder;
  auto config = load(folder.write("sallyport.toml", with_secrets(text)));
  return config ? std::vector<Problem>() : config.error();
}

inline std::string list(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems)
    text += std::to_string(problem.place.line) + ": " + problem.text + "\n";
  return text;
}

}  // namespace sallyport::config
