// What is known of functions and operators by name alone: PostgreSQL 15's pg_catalog.
#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::postgresql::sql {

enum class FunctionClass : uint8_t {
  harmless,  // reads its arguments, the catalogue or the session; changes nothing
  session,   // advisory locks
  write,     // sequences, notifications
  escape,    // runs text, touches files, network, large objects, settings or other sessions
  unknown,   // on no list: a user's, an extension's, or one that nobody vouches for
};

// `name` without its schema, as the server folds it. The caller judges the schema.
[[nodiscard]] FunctionClass function_class(std::string_view name);

// Operator of pg_catalog or of a common extension.
[[nodiscard]] bool is_known_operator(std::string_view name);

// A function that counts, ranks or sums: the numbers that it returns spell no text of its arguments. `name`
// as for function_class.
[[nodiscard]] bool only_counts(std::string_view name);

// Setting that takes any text: a value read from a table may have been put there. `name` in lower case.
[[nodiscard]] bool is_free_setting(std::string_view name);

// A harmless function that may show texts which other statements have stored outside tables, and that no
// column of the catalogue shows as well: settings, what sessions run. catalogue_functions.cc says which do
// not.
[[nodiscard]] bool shows_stored_text(std::string_view function);

// A harmless function of information_schema.
[[nodiscard]] bool is_standard_function(std::string_view name);

// Setting that changes how later text is read, whose rights it runs with, or what code is loaded; the values
// that everything here assumes (standard_conforming_strings on, client_encoding UTF8) are no escape. `name`
// in lower case.
[[nodiscard]] bool is_escaping_setting(std::string_view name, std::string_view value);

}  // namespace sallyport::postgresql::sql
