#include "plugins/postgresql/settings.h"

#include <algorithm>
#include <array>

namespace sallyport::pg {

namespace {

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter; }

std::string folded(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

// Ascending, for binary search.
constexpr std::array<std::string_view, 46> harmless = {
    "application_name",
    "array_nulls",
    "bytea_output",
    "client_encoding",  // every value but UTF8 is refused before rules are asked
    "client_min_messages",
    "cursor_tuple_fraction",
    "datestyle",
    "deadlock_timeout",
    "default_statistics_target",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "enable_bitmapscan",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_indexonlyscan",
    "enable_indexscan",
    "enable_material",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_seqscan",
    "enable_sort",
    "escape_string_warning",
    "extra_float_digits",
    "geqo",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "plan_cache_mode",
    "quote_all_identifiers",
    "random_page_cost",
    "sallyport.reason",             // read by the gateway; to the server a placeholder of no effect
    "standard_conforming_strings",  // every value but on is refused before rules are asked
    "statement_timeout",
    "timezone",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "work_mem",
    "xmloption",
};
static_assert(std::ranges::is_sorted(harmless));

}  // namespace

bool harmless_setting(std::string_view name) { return std::ranges::binary_search(harmless, folded(name)); }

bool forbidden_setting(std::string_view name, std::string_view value) {
  const std::string parameter = folded(name);
  const std::string wanted = folded(value);
  if (parameter == "client_encoding") {
    // The server compares encoding names by their letters and digits alone: 'UTF-8' is 'utf8'.
    std::string letters;
    for (const char letter : wanted) {
      if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9')) letters += letter;
    }
    return !(wanted.empty() || letters == "utf8" || letters == "unicode");
  }
  // It would look as if it had an effect.
  if (parameter == on_behalf_setting) return !wanted.empty();
  if (parameter == "standard_conforming_strings") {
    return !(wanted.empty() || wanted == "on" || wanted == "true" || wanted == "1" || wanted == "yes");
  }
  return false;
}

bool binding_setting(std::string_view name) { return !harmless_setting(name); }

bool free_text_setting(std::string_view name, std::string_view value) {
  const std::string parameter = folded(name);
  // A zone that no file names is spelled out, "<any text>+3" included, and that takes a digit.
  if (parameter == "timezone") {
    return std::ranges::any_of(value, [](char c) { return c == '<' || (c >= '0' && c <= '9'); });
  }
  return parameter == "application_name" || parameter == "search_path";
}

}  // namespace sallyport::pg
