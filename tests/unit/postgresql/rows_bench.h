// Replies as bytes, and Rows on a FakeHost, for tests.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/rows/rows.h"
#include "tests/unit/postgresql/login_peers.h"

namespace sallyport::pg::test {

struct Col {
  std::string name;
  uint32_t table = 0;
  int16_t attribute = 0;
  uint32_t type = 25;
  int16_t format = 0;
};

inline std::string row_description(const std::vector<Col>& columns) {
  Writer out;
  out.begin('T').u16(static_cast<uint16_t>(columns.size()));
  for (const Col& one : columns) {
    out.text(one.name).u32(one.table).i16(one.attribute).u32(one.type).i16(-1).i32(-1).i16(one.format);
  }
  return bytes_of(out.end());
}

using Values = std::vector<std::optional<std::string>>;

inline std::string data_row(const Values& values) {
  Writer out;
  out.begin('D').u16(static_cast<uint16_t>(values.size()));
  for (const auto& value : values) {
    if (value) {
      out.i32(static_cast<int32_t>(value->size())).bytes(as_bytes(*value));
    } else {
      out.i32(-1);
    }
  }
  return bytes_of(out.end());
}

// Feeds replies on leg 1 through Rows to leg 0, as the session machine does: RowDescription, DataRow,
// ErrorResponse and NoticeResponse are looked at, the rest is passed.
struct RowsBench {
  FakeHost host;
  Catalogue catalogue{host.link()};
  Rows rows{host.link(), catalogue};
  std::shared_ptr<const RowShape> shape = std::make_shared<RowShape>();
  Reads reads;  // what is known of the statement that all rows come from
  bool ok = true;
  bool held = false;
  std::function<void()> completed;  // at a CommandComplete, before the feed is finished

  RowsBench() {
    host.handler = [this](const sp_input& input) {
      if (input.leg == catalogue_leg) {
        if (catalogue.feed(input)) held = false;
      } else if (input.leg == SP_LEG_TARGET && ok) {
        reply({input.data, input.data_size});
      }
    };
  }

  void reply(Bytes data) {
    rows.begin();
    MessageReader reader(data);
    Message next;
    size_t end = 0;
    while (ok && reader.next(next) == Frame::message) {
      const size_t offset = end;
      if (next.type == 'T') {
        auto read = std::make_shared<RowShape>();
        const Described described = rows.describe(next.whole, *read, reads);
        ok = described != Described::Fault;
        held = described == Described::Waiting;
        if (described != Described::Done) break;
        shape = std::move(read);
        ok = rows.collect_names(data, offset, next.whole.size(), *shape);
      }
      if (next.type == 'D' && !rows.clear(*shape))
        ok = rows.collect_row(data, offset, next.whole.size(), shape);
      if (next.type == 'E' || next.type == 'N') ok = rows.collect_report(data, offset, next.whole.size());
      if (next.type == 'C' && completed) completed();
      end += next.whole.size();
    }
    ok = ok && rows.finish() && rows.deliver(1, 0, 0, end);
  }

  // Masks `text` wherever it stands, with a replacement of any length; empty `text`: the whole value. Not
  // in columns' names.
  void mask(std::string text, std::string replacement) {
    host.masked_field = [](const sp_field& field) { return view_of(field.label) != "column name"; };
    host.mask_value = [text, replacement,
                       kept = std::make_shared<std::vector<std::unique_ptr<std::string>>>()](
                          sp_field_id, std::string_view value, uint8_t* at) {
      const size_t found = text.empty() ? 0 : value.find(text);
      if (found == std::string_view::npos) return sp_masked{SP_MASK_UNCHANGED, {}};
      const size_t size = text.empty() ? value.size() : text.size();
      if (size == replacement.size()) {
        std::copy(replacement.begin(), replacement.end(), at + found);
        return sp_masked{SP_MASK_EDITED, {}};
      }
      kept->push_back(std::make_unique<std::string>(value));
      kept->back()->replace(found, size, replacement);
      return sp_masked{SP_MASK_REPLACED, {as_bytes(*kept->back()).data(), kept->back()->size()}};
    };
  }

  // Answers what the catalogue asks: `rows` as oid, attnum, schema, table, column,
  // derived, generated.
  void open_catalogue() {
    host.event(catalogue_leg, SP_EVENT_OPENED);
    host.receive(catalogue_leg, target_greeting());
  }
  void answer_catalogue(const std::vector<Values>& answer) {
    std::string bytes = row_description(
        {{"oid"}, {"attnum"}, {"nspname"}, {"relname"}, {"attname"}, {"derived"}, {"generated"}});
    for (Values row : answer) {
      if (row.size() == 6) row.push_back("f");  // not generated
      bytes += data_row(row);
    }
    host.receive(catalogue_leg, bytes + message('C', text("SELECT 1")) + message('Z', "I"));
  }
  // `rows` as oid, kind, name, element, columns.
  void answer_types(const std::vector<Values>& answer) {
    std::string bytes =
        row_description({{"oid"}}) + message('C', text("SELECT 0")) + row_description({{"oid"}});
    for (const Values& row : answer) bytes += data_row(row);
    host.receive(catalogue_leg, bytes + message('C', text("SELECT 1")) + message('Z', "I"));
  }
  // The host feeds the held reply again.
  void again() { host.event(1, SP_EVENT_TIMER); }
};

}  // namespace sallyport::pg::test
