// Any bytes as a query: an answer comes, it keeps its own rules, and the tree stays as flat as the limiter
// said.
#include "plugins/postgresql/sql/classify.h"
#include "tests/fuzz/fuzz.h"

using sallyport::postgresql::sql::Classification;
using sallyport::postgresql::sql::Classifier;
using sallyport::postgresql::sql::Effect;
using sallyport::postgresql::sql::Statement;

namespace {

void check(const Statement& statement, size_t text_size) {
  FUZZ_REQUIRE(!statement.verb.empty() && statement.verb == statement.verbs.front());
  FUZZ_REQUIRE(statement.effects >> static_cast<uint32_t>(statement.effect) == 1);
  FUZZ_REQUIRE(statement.has(Effect::escape) == !statement.escapes.empty());
  FUZZ_REQUIRE(statement.offset + statement.size <= text_size);
  for (const Statement& inner : statement.inner) check(inner, text_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Classifier classifier;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Classification result = classifier.classify(text);
  FUZZ_REQUIRE(!result.statements.empty());
  FUZZ_REQUIRE(result.parsed == (result.statements.front().verb != "UNPARSED"));
  for (const Statement& statement : result.statements) check(statement, size);
  return 0;
}
