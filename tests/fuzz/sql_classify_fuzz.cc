// Any bytes as a query: an answer comes, it keeps its own rules, and the tree stays as flat as the limiter
// said.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/postgresql/sql/classify.h"

using sallyport::postgresql::sql::Classification;
using sallyport::postgresql::sql::Classifier;
using sallyport::postgresql::sql::Effect;
using sallyport::postgresql::sql::Statement;

namespace {

void require(bool condition) {
  if (!condition) abort();
}

void check(const Statement& statement, size_t text_size) {
  require(!statement.verb.empty() && statement.verb == statement.verbs.front());
  require(statement.effects >> static_cast<uint32_t>(statement.effect) == 1);
  require(statement.has(Effect::escape) == !statement.escapes.empty());
  require(statement.offset + statement.size <= text_size);
  for (const Statement& inner : statement.inner) check(inner, text_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Classifier classifier;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Classification result = classifier.classify(text);
  require(!result.statements.empty());
  require(result.parsed == (result.statements.front().verb != "UNPARSED"));
  for (const Statement& statement : result.statements) check(statement, size);
  return 0;
}
