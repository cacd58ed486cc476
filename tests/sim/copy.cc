#include "tests/sim/copy.h"

#include "core/io/sim_random.h"

namespace sallyport::sim {

namespace {

// Three shapes of each, by the tag.
uint32_t shape_of(const Tag& tag) { return (tag.client + tag.segment + tag.index) % 3; }

SimRandom random_of(const Tag& tag) {
  return SimRandom((uint64_t{tag.segment} << 40) ^ (uint64_t{tag.client} << 20) ^ (tag.index + 7));
}

bool has_header(const Tag& tag) { return tag.kind == Kind::copy_out && shape_of(tag) == 2; }

// With what either format has to escape.
std::string note_of(SimRandom& random) {
  constexpr std::string_view hard = "\t\n\r\\\"',; .N";
  std::string text;
  for (size_t size = random.below(random.chance(100) ? 4'000 : 60); text.size() < size;) {
    text += random.chance(200) ? hard[random.below(hard.size())] : static_cast<char>('a' + random.below(26));
  }
  return text;
}

std::string as_text(std::string_view value) {
  std::string out;
  for (const char c : value) {
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      default: out += c;
    }
  }
  return out;
}

std::string as_csv(std::string_view value) {
  if (!value.empty() && value.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(value);
  std::string out = "\"";
  for (const char c : value) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

std::string line_of(const Tag& tag, const std::vector<std::string>& values) {
  std::string line;
  for (const std::string& value : values) {
    if (&value != &values.front()) line += in_csv(tag) ? ',' : '\t';
    if (value == null_value) {
      line += in_csv(tag) ? "" : "\\N";
    } else {
      line += in_csv(tag) ? as_csv(value) : as_text(value);
    }
  }
  return line + "\n";
}

std::vector<std::string> text_values(std::string_view line) {
  std::vector<std::string> values(1);
  bool null = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\t') {
      values.emplace_back();
    } else if (line[i] != '\\' || i + 1 == line.size()) {
      values.back() += line[i];
    } else {
      constexpr std::string_view letters = "tnrbfv", controls = "\t\n\r\b\f\v";
      const size_t letter = letters.find(line[++i]);
      null = line[i] == 'N' && values.back().empty();
      if (null) values.back() = null_value;
      if (!null) values.back() += letter == std::string_view::npos ? line[i] : controls[letter];
    }
  }
  return values;
}

std::vector<std::string> csv_values(std::string_view line) {
  std::vector<std::string> values(1);
  bool inside = false, quoted = false;
  for (size_t i = 0; i <= line.size(); ++i) {
    const bool over = i == line.size();
    if (over || (!inside && line[i] == ',')) {
      if (values.back().empty() && !quoted) values.back() = null_value;
      quoted = false;
      if (!over) values.emplace_back();
    } else if (line[i] == '"') {
      if (inside && i + 1 < line.size() && line[i + 1] == '"') {
        values.back() += line[++i];
      } else {
        inside = !inside;
        quoted = true;
      }
    } else {
      values.back() += line[i];
    }
  }
  return values;
}

}  // namespace

bool takes_copy_data(const Tag& tag) {
  return tag.kind == Kind::copy_in ||
         ((tag.kind == Kind::approve || tag.kind == Kind::denied) && shape_of(tag) == 0);
}

bool in_csv(const Tag& tag) { return shape_of(tag) != 0; }

std::string copy_statement(const Tag& tag) {
  const std::string csv = in_csv(tag) ? " (FORMAT csv)" : "";
  if (tag.kind == Kind::approve) return "COPY ledger FROM STDIN" + csv;
  if (tag.kind == Kind::denied) return "COPY vault FROM STDIN" + csv;
  if (tag.kind == Kind::copy_in) return "COPY people (id, email, note) FROM STDIN" + csv;
  if (has_header(tag)) return "COPY (SELECT id, email, note FROM people) TO STDOUT (FORMAT csv, HEADER)";
  return (in_csv(tag) ? "COPY people (id, email, note) TO STDOUT" : "COPY people TO STDOUT") + csv;
}

std::string copy_completion(const Tag& tag) {
  return "COPY " + std::to_string(copy_lines(tag).size() - (has_header(tag) ? 1 : 0));
}

std::string copy_begin_message(const Tag& tag) {
  pg::Writer out;
  out.begin(takes_copy_data(tag) ? pg::back::copy_in : pg::back::copy_out).u8(0).u16(3).u16(0).u16(0).u16(0);
  return std::string(pg::as_text(out.end().view()));
}

std::vector<std::string> copy_lines(const Tag& tag) {
  SimRandom random = random_of(tag);
  std::vector<std::string> lines;
  if (has_header(tag)) lines.emplace_back("id,email,note\n");
  const size_t count = random.below(8);
  for (uint32_t i = 0; i < count; ++i) {
    std::string note = note_of(random);
    if (random.chance(300)) note += "\n\"" + planted_value(tag, 1000 + i) + "\", said\t" + note_of(random);
    if (random.chance(100)) note = null_value;
    lines.push_back(line_of(tag, {std::to_string(i), planted_value(tag, i), note}));
  }
  return lines;
}

std::string copy_data(const Tag& tag) {
  std::string data;
  for (const std::string& line : copy_lines(tag)) data += line;
  return data;
}

std::vector<std::string> copy_values(const Tag& tag, std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  return in_csv(tag) ? csv_values(line) : text_values(line);
}

}  // namespace sallyport::sim
