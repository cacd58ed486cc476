// Rows of every built-in type, as the server sends them, through Rows: however they are cut, the same comes
// out.
#include <gtest/gtest.h>

#include "tests/unit/postgresql/rows_bench.h"
#include "tests/unit/postgresql/value_bench.h"
#include "tests/unit/postgresql/value_vectors.h"

namespace sallyport::pg::test {
namespace {

// A row of all values in text, then one of all in binary, each described; and what closes them.
std::string replies() {
  std::string out;
  for (const int16_t format : {int16_t{0}, int16_t{1}}) {
    std::vector<Col> columns;
    Values row;
    for (const Vector& vector : vectors) {
      if (vector.oid >= first_user_oid) continue;
      columns.push_back({.name = "c", .type = vector.oid, .format = format});
      row.emplace_back(format == 0 ? std::string(vector.text) : unhex(vector.binary));
    }
    out += row_description(columns) + data_row(row) + data_row(Values(row.size())) + data_row(row) +
           message('C', text("SELECT 3"));
  }
  return out + message('Z', "I");
}

struct Sent {
  std::string output, emitted;
};

Sent send(const std::string& bytes, size_t chunk, const std::string& what, const std::string& with) {
  RowsBench bench;
  bench.mask(what, with);
  for (size_t at = 0; at < bytes.size(); at += chunk) bench.host.receive(1, bytes.substr(at, chunk));
  EXPECT_TRUE(bench.ok);
  EXPECT_EQ(bench.host.legs[1].input, "");
  return {bench.host.legs[0].output, bench.host.legs[0].emitted};
}

TEST(RowsValues, WhatHoldsNothingToMaskPassesWithoutACopy) {
  const std::string bytes = replies();
  for (const size_t chunk : {bytes.size(), size_t{1}, size_t{7}, size_t{1000}}) {
    const Sent sent = send(bytes, chunk, "nowhere in them", "x");
    EXPECT_EQ(sent.output, bytes) << chunk;
    EXPECT_EQ(sent.emitted, "");
  }
}

TEST(RowsValues, SplitInvariance) {
  const std::string bytes = replies();
  for (const char* const with : {"[name]", "****", ""}) {
    const std::string whole = send(bytes, bytes.size(), "jane", with).output;
    EXPECT_EQ(whole.find("jane"), std::string::npos);
    EXPECT_EQ(whole.find("6a616e65"), std::string::npos);
    for (const size_t chunk : {1, 2, 3, 5, 7, 11, 31, 509}) {
      EXPECT_EQ(send(bytes, chunk, "jane", with).output, whole) << chunk;
    }
  }
}

// FETCH completes, and may have changed the catalogue, in the feed that its rows came in: they are still of
// the types that they were looked into as.
TEST(RowsValues, ACatalogueThatChangesBehindRowsLeavesThem) {
  for (const int16_t format : {int16_t{0}, int16_t{1}}) {
    RowsBench bench;
    bench.mask("jane", "[name]");
    bench.catalogue.prepare(
        {.target = "orders-db", .database = "shop", .tls = SP_TARGET_TLS_OFF, .parameters = {}});
    bench.completed = [&] { bench.catalogue.invalidate(); };
    const Col column = {.name = "c", .type = citext_array_oid, .format = format};
    ValueBench values;
    const std::string value =
        format == 0 ? "{a,jane}"
                    : unhex("00000001000000000000409800000002000000010000000161000000046a616e65");
    bench.host.receive(1, row_description({column}) + data_row({value}) + message('C', text("FETCH 1")));
    bench.open_catalogue();
    bench.answer_types({{"16541", "b", "_citext", "16536", ""}});
    bench.answer_types({{"16536", "b", "citext", "0", ""}});
    EXPECT_FALSE(bench.held);
    bench.again();
    const std::string masked =
        values.pass(citext_array_oid, format != 0, value, replace("jane", "[name]")).said();
    EXPECT_EQ(bench.host.legs[0].output,
              row_description({column}) + data_row({masked}) + message('C', text("FETCH 1")));
  }
}

}  // namespace
}  // namespace sallyport::pg::test
