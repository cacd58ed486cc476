// Replies with values, made up from the input, through the masks: nothing masked comes out, messages keep
// their kinds and columns, values stay of their types, and what needs no change comes out as it went in. The
// catalogue gets made-up answers too.
#include "plugins/postgresql/rows/rows.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/postgresql/rows_bench.h"
#include "tests/unit/postgresql/value_bench.h"

using namespace sallyport;
using namespace sallyport::pg;
using namespace sallyport::pg::test;

namespace {

constexpr std::string_view hidden = "secret";
constexpr uint32_t types[] = {25, 23, 1700, 3802, 2950, 1009, 2249, 17, 1082, 16'385};
enum class Mode : uint8_t { None, Edit, Replace, Withhold };

std::string value_of(fuzz::Source& source) {
  constexpr std::string_view forms[] = {"secret", "{\"a\":\"secret\"}", "{secret,b}", "(secret,)", "12", ""};
  const uint8_t form = source.u8();
  return form < std::size(forms) ? std::string(forms[form]) : source.text(form % 24);
}

std::string any_message(fuzz::Source& source, size_t& column_count) {
  switch (source.u8() % 8) {
    case 0: {
      column_count = source.u8() % 5;
      std::vector<Col> columns;
      for (size_t i = 0; i < column_count; ++i) {
        const uint8_t bits = source.u8();
        columns.push_back({.name = source.text(source.u8() % 8),
                           .table = (bits & 0xc0) == 0xc0 ? 16'500u : 0u,
                           .attribute = static_cast<int16_t>(bits % 3),
                           .type = types[source.u8() % std::size(types)],
                           .format = static_cast<int16_t>((bits & 0x20) != 0 ? 1 : 0)});
      }
      return row_description(columns);
    }
    case 1: return message(source.flag() ? 'E' : 'N', source.text() + std::string(2, '\0'));
    case 2: {
      constexpr std::string_view codes = "SVCMDHWstcdnFLRPp";
      std::string body;
      for (size_t i = source.u8() % 6; i > 0; --i)
        body += codes[source.u8() % codes.size()] + text(value_of(source));
      return message(source.flag() ? 'E' : 'N', body + std::string(1, '\0'));
    }
    case 3: return source.text(source.u8() % 32);
    case 4: return message('T', source.text());
    default: {
      Values values;
      for (size_t i = 0; i < column_count; ++i) {
        if (source.u8() % 8 == 0) {
          values.push_back(std::nullopt);
        } else {
          values.push_back(value_of(source));
        }
      }
      return data_row(values);
    }
  }
}

void set_mask(RowsBench& bench, Mode mode) {
  if (mode == Mode::None) return;
  bench.host.masked_field = [](const sp_field&) { return true; };
  bench.host.mask_value = [mode, kept = std::make_shared<std::vector<std::unique_ptr<std::string>>>()](
                              sp_field_id, std::string_view value, uint8_t* at) {
    std::string changed(value);
    const std::string_view replacement = mode == Mode::Edit ? "******" : "[masked]";
    bool found = false;
    for (size_t i = 0; (i = changed.find(hidden, i)) != std::string::npos; i += replacement.size()) {
      changed.replace(i, hidden.size(), replacement);
      found = true;
    }
    if (!found) return sp_masked{SP_MASK_UNCHANGED, {}};
    if (mode == Mode::Withhold) return sp_masked{SP_MASK_WITHHELD, {}};
    if (mode == Mode::Edit) {
      std::ranges::copy(changed, at);
      return sp_masked{SP_MASK_EDITED, {}};
    }
    kept->push_back(std::make_unique<std::string>(std::move(changed)));
    return sp_masked{SP_MASK_REPLACED, {as_bytes(*kept->back()).data(), kept->back()->size()}};
  };
}

// Values of a DataRow; nothing where it is not one.
std::optional<Values> values_of(const Message& row) {
  Cursor cursor(row.body);
  Values values;
  for (uint16_t left = cursor.u16(); left > 0 && cursor.ok(); --left) {
    const int32_t size = cursor.i32();
    if (size < 0) {
      values.push_back(std::nullopt);
    } else {
      values.emplace_back(as_text(cursor.bytes(static_cast<size_t>(size))));
    }
  }
  return cursor.at_end() ? std::optional(values) : std::nullopt;
}

void compare_rows(const Message& in, const Message& out, const RowShape& shape, Mode mode) {
  const auto before = values_of(in);
  const auto after = values_of(out);
  if (mode == Mode::None) {  // not even looked at
    FUZZ_REQUIRE(std::ranges::equal(in.whole, out.whole));
    return;
  }
  FUZZ_REQUIRE(before && after && before->size() == after->size() && before->size() == shape.columns.size());
  for (size_t i = 0; i < after->size(); ++i) {
    const auto& now = (*after)[i];
    if (!now || now == (*before)[i]) {
      FUZZ_REQUIRE(!now || now->find(hidden) == std::string::npos);
      continue;
    }
    FUZZ_REQUIRE((*before)[i] && now->find(hidden) == std::string::npos);
    static ValueBench& values_of_types = *new ValueBench;
    const Column& column = shape.columns[i];
    FUZZ_REQUIRE(values_of_types.pass(column.type_oid, column.binary(), *now).collected != Walked::Malformed);
  }
}

void compare(std::string_view input, std::string_view output, Mode mode) {
  MessageReader in(as_bytes(input));
  MessageReader out(as_bytes(output));
  Message from;
  Message to;
  RowShape shape;
  while (out.next(to) == Frame::message) {
    FUZZ_REQUIRE(in.next(from) == Frame::message && from.type == to.type);
    if (from.type == 'T') FUZZ_REQUIRE(parse_row_description(from.whole, shape));
    if (from.type == 'D') {
      compare_rows(from, to, shape, mode);
    } else if ((from.type != 'E' && from.type != 'N') || mode == Mode::None) {
      FUZZ_REQUIRE(std::ranges::equal(from.whole, to.whole));
    } else {
      FUZZ_REQUIRE(report_field(to.body, 'M').find(hidden) == std::string_view::npos);
      FUZZ_REQUIRE(report_field(to.body, 'D').find(hidden) == std::string_view::npos);
    }
  }
  FUZZ_REQUIRE(out.offset() == output.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Source source(data, size);
  const auto mode = static_cast<Mode>(source.u8() % 4);
  const size_t part_max = source.u8() + size_t{1};
  const uint8_t answers = source.u8();
  RowsBench bench;
  set_mask(bench, mode);
  size_t column_count = 0;
  std::string input = row_description({});
  for (size_t count = 0; count < 64 && !source.empty(); ++count) input += any_message(source, column_count);
  bool catalogue_open = false;
  for (size_t at = 0; at < input.size() && bench.ok; at += part_max) {
    bench.host.receive(1, std::string_view(input).substr(at, part_max));
    if (!bench.held || !bench.ok) continue;
    if (!catalogue_open && (answers & 1) != 0) bench.open_catalogue();
    catalogue_open = true;
    if ((answers & 2) != 0) {
      bench.answer_catalogue({{"16500", "1", "public", "people", "name", (answers & 4) != 0 ? "t" : "f"}});
    } else {
      bench.host.event(catalogue_leg, SP_EVENT_FAILED, "gone");
    }
    if (bench.held) return 0;
    bench.again();
  }
  compare(input, bench.host.legs[0].output, mode);
  return 0;
}
