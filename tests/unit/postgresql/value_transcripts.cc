// Transcripts of rows of every built-in type; a part of session_transcripts.cc.
#include "tests/unit/postgresql/rows_bench.h"
#include "tests/unit/postgresql/session_script.h"
#include "tests/unit/postgresql/value_bench.h"
#include "tests/unit/postgresql/value_vectors.h"

namespace sallyport::pg::test {

void values(const std::string& to) {
  KitScript script;
  script.masks = {{.field = "", .text = "jane", .replacement = "[name]"},
                  {.field = "", .text = "4111111111111111", .replacement = "0000000000000000"}};
  Script play("Every built-in type that can spell something, in text and in binary, where masks apply.",
              std::move(script));
  play.line("mask * \"jane\" with \"[name]\"");
  play.line("mask * \"4111111111111111\" with \"0000000000000000\"");
  play.log_in();
  for (const int16_t format : {int16_t{0}, int16_t{1}}) {
    std::vector<Col> described;
    Values values;
    uint32_t last = 0;
    for (const Vector& vector : vectors) {
      const std::string_view sql = vector.sql;
      const bool planted = sql.find("jane") != std::string_view::npos ||
                           sql.find("4111111111111111") != std::string_view::npos;
      if (vector.oid >= first_user_oid || (!planted && vector.oid == last)) continue;
      last = vector.oid;
      described.push_back({.name = "c", .type = vector.oid, .format = format});
      values.emplace_back(format == 0 ? std::string(vector.text) : unhex(vector.binary));
    }
    play.client(parse("", "SELECT a FROM c") + bind("", "") + describe('P', "") + execute("") + sync());
    play.target(parsed() + bound() + row_description(described) + data_row(values) +
                data_row(Values(values.size())) + complete("SELECT 2") + ready());
  }
  play.client(terminate());
  play.save(to, "values");
}

}  // namespace sallyport::pg::test
