#include "tests/sim/statement.h"

#include <array>
#include <charconv>

#include "core/io/sim_random.h"
#include "tests/sim/copy.h"

namespace sallyport::sim {

namespace {

constexpr std::string_view letters = "rpwesfoibckadxu";
static_assert(letters.size() == kind_count);

constexpr uint32_t people_oid = 16'384;
constexpr uint32_t plain_oid = 16'385;
constexpr uint32_t int4_oid = 23;
constexpr uint32_t text_oid = 25;

SimRandom random_of(const Tag& tag) {
  return SimRandom((uint64_t{tag.client} << 40) ^ (uint64_t{tag.segment} << 20) ^ tag.index);
}

bool read_number(std::string_view& text, uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end == text.data() + text.size() || *end != '_') return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  return true;
}

std::string taken(const pg::Writer& out) { return std::string(pg::as_text(out.view())); }

std::string row(const std::vector<std::string>& values) {
  pg::Writer out;
  out.begin(pg::back::data_row).u16(static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) {
    out.u32(static_cast<uint32_t>(value.size())).bytes(pg::as_bytes(value));
  }
  return taken(out.end());
}

std::string filler(SimRandom& random, size_t size) {
  std::string text;
  while (text.size() < size) text += static_cast<char>('a' + random.below(26));
  for (size_t i = 7; i < text.size(); i += 8) text[i] = ' ';
  return text;
}

}  // namespace

std::string Tag::text() const {
  return "tag_" + std::to_string(client) + "_" + std::to_string(segment) + "_" + std::to_string(index) + "_" +
         letters[static_cast<size_t>(kind)] + "_";
}

std::optional<Tag> find_tag(std::string_view text) {
  const size_t at = text.find("tag_");
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + 4);
  Tag tag;
  if (!read_number(text, tag.client) || !read_number(text, tag.segment) || !read_number(text, tag.index)) {
    return std::nullopt;
  }
  const size_t letter = text.empty() ? std::string_view::npos : letters.find(text[0]);
  if (letter == std::string_view::npos) return std::nullopt;
  tag.kind = static_cast<Kind>(letter);
  return tag;
}

std::string planted_value(const Tag& tag, uint32_t number) {
  return std::string(planted_mark) + std::to_string(tag.client) + "x" + std::to_string(tag.segment) + "x" +
         std::to_string(tag.index) + "x" + std::to_string(number) + "@corp.example.com";
}

std::string statement_of(const Tag& tag) {
  const std::string mark = " /* " + tag.text() + " */";
  switch (tag.kind) {
    case Kind::read:
    case Kind::slow:
    case Kind::flood: return "SELECT id, note FROM plain" + mark;
    case Kind::people: return "SELECT id, email, note FROM people" + mark;
    case Kind::copy_out:
    case Kind::copy_in: return copy_statement(tag) + mark;
    case Kind::write: return "INSERT INTO plain VALUES (1, '" + planted_value(tag, 0) + "')" + mark;
    case Kind::error: return "SELECT fails FROM plain" + mark;
    case Kind::begin: return "BEGIN" + mark;
    case Kind::commit: return "COMMIT" + mark;
    case Kind::rollback: return "ROLLBACK" + mark;
    case Kind::approve:
      return (takes_copy_data(tag) ? copy_statement(tag) : "UPDATE ledger SET n = 1") + mark;
    case Kind::denied: return (takes_copy_data(tag) ? copy_statement(tag) : "DELETE FROM ledger") + mark;
    case Kind::unlisted: return "DROP TABLE ledger" + mark;
    case Kind::unparsed: return "FROBNICATE THE KNOB" + mark;
  }
  return {};
}

std::string description_of(Kind kind) {
  pg::Writer out;
  const bool people = kind != Kind::read && kind != Kind::slow && kind != Kind::flood;
  const uint32_t table = people ? people_oid : plain_oid;
  out.begin(pg::back::row_description).u16(people ? 3 : 2);
  const auto column = [&](std::string_view name, uint16_t number, uint32_t type) {
    out.text(name).u32(table).u16(number).u32(type).u16(0xffff).u32(0xffffffff).u16(0);
  };
  column("id", 1, int4_oid);
  if (people) column("email", 2, text_oid);
  column("note", people ? 3 : 2, text_oid);
  return taken(out.end());
}

std::vector<std::string> rows_of(const Tag& tag) {
  SimRandom random = random_of(tag);
  std::vector<std::string> rows;
  if (!has_rows(tag.kind)) return rows;
  const bool flood = tag.kind == Kind::flood;
  const size_t count = flood ? 160 : random.below(6);
  for (uint32_t i = 0; i < count; ++i) {
    const size_t size = flood ? 16'000 + random.below(4'000) : random.below(random.chance(100) ? 9'000 : 200);
    std::string note = filler(random, size);
    if (tag.kind == Kind::people) {
      if (random.chance(500)) note += " write to " + planted_value(tag, 1000 + i) + " today";
      rows.push_back(row({std::to_string(i), planted_value(tag, i), note}));
    } else {
      rows.push_back(row({std::to_string(i), note}));
    }
  }
  return rows;
}

std::string completion_of(const Tag& tag) {
  std::string text;
  switch (tag.kind) {
    case Kind::begin: text = "BEGIN"; break;
    case Kind::commit: text = "COMMIT"; break;
    case Kind::rollback: text = "ROLLBACK"; break;
    case Kind::write: text = "INSERT 0 1"; break;
    case Kind::approve: text = takes_copy_data(tag) ? copy_completion(tag) : "UPDATE 1"; break;
    case Kind::copy_out:
    case Kind::copy_in: text = copy_completion(tag); break;
    default: text = "SELECT " + std::to_string(rows_of(tag).size()); break;
  }
  pg::Writer out;
  return taken(out.begin(pg::back::command_complete).text(text).end());
}

std::string message(uint8_t type, std::string_view body) {
  pg::Writer out;
  return taken(out.begin(type).bytes(pg::as_bytes(body)).end());
}

std::string report_message(uint8_t kind, std::string_view severity, std::string_view code,
                           std::string_view text) {
  pg::Writer out;
  out.begin(kind);
  const auto field = [&out](char name, std::string_view value) {
    out.u8(static_cast<uint8_t>(name)).text(value);
  };
  field('S', severity);
  field('V', severity);
  field('C', code);
  field('M', text);
  field('F', "postgres.c");
  field('L', "1");
  field('R', "exec_simple_query");
  out.u8(0).end();
  return taken(out);
}

std::string error_message(std::string_view code, std::string_view text, std::string_view severity) {
  return report_message(pg::back::error, severity, code, text);
}

std::string ready_message(char status) {
  pg::Writer out;
  pg::write_ready(out, static_cast<uint8_t>(status));
  return taken(out);
}

std::vector<std::string_view> split_messages(std::string_view bytes, size_t& used) {
  std::vector<std::string_view> found;
  pg::MessageReader reader(pg::as_bytes(bytes), size_t{1} << 24);
  pg::Message next;
  while (reader.next(next) == pg::Frame::message) found.push_back(pg::as_text(next.whole));
  used = reader.offset();
  return found;
}

std::string_view body_of(std::string_view whole) { return whole.substr(pg::header_size); }

std::string_view report_text(std::string_view whole, char field) {
  return pg::report_field(pg::as_bytes(body_of(whole)), static_cast<uint8_t>(field));
}

}  // namespace sallyport::sim
