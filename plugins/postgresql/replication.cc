#include "plugins/postgresql/replication.h"

#include <algorithm>
#include <array>
#include <string>

namespace sallyport::pg {

namespace {

// What follows the command's word and is its object.
enum class Names : uint8_t { Nothing, Slot, AfterSlot };

struct Command {
  std::string_view verb;
  uint32_t effects;
  Names names = Names::Nothing;
  bool copies_in = false;   // the server will ask for data, or for copy-both
  bool copies_out = false;  // the server sends data
};

constexpr std::string_view start_replication = "START_REPLICATION";
constexpr uint32_t reads = sql::effect_bit(sql::Effect::read);
// It takes out whole tables, whatever a rule may say of them.
constexpr uint32_t escapes = sql::effect_bit(sql::Effect::escape);

constexpr std::array commands = {
    Command{"ALTER_REPLICATION_SLOT", sql::effect_bit(sql::Effect::schema) | escapes, Names::Slot},
    Command{"BASE_BACKUP", escapes, Names::Nothing, false, true},
    Command{"CREATE_REPLICATION_SLOT", sql::effect_bit(sql::Effect::schema) | escapes, Names::Slot},
    Command{"DROP_REPLICATION_SLOT", sql::effect_bit(sql::Effect::destroy) | escapes, Names::Slot},
    Command{"IDENTIFY_SYSTEM", reads},
    Command{"READ_REPLICATION_SLOT", reads, Names::Slot},
    Command{start_replication, escapes, Names::AfterSlot, true},
    Command{"TIMELINE_HISTORY", escapes},
    Command{"UPLOAD_MANIFEST", escapes, Names::Nothing, true},
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<uint8_t>(c) >= 0x80;
}

bool is_more(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '$'; }

std::string mapped(std::string_view text, char from, char to) {
  std::string out(text);
  for (char& c : out) c = c >= from && c <= from + 25 ? static_cast<char>(c - from + to) : c;
  return out;
}

// The next word, in the server's sense of one: repl_scanner.l. Empty: something else comes.
std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\r\f\v"), text.size()));
  if (text.empty() || !is_letter(text.front())) return {};
  const auto end = std::ranges::find_if_not(text, is_more);
  const std::string_view word = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  return word;
}

// An identifier: a word, which is folded, or anything in double quotes.
std::string next_name(std::string_view& text) {
  if (const std::string_view word = next_word(text); !word.empty()) return mapped(word, 'A', 'a');
  std::string out;
  if (!text.starts_with('"')) return out;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"' && (i + 1 == text.size() || text[++i] != '"')) return out;
    out += text[i];
  }
  return {};
}

std::string object_of(const Command& command, std::string_view rest) {
  switch (command.names) {
    case Names::Nothing: return {};
    case Names::Slot: return next_name(rest);
    case Names::AfterSlot: return mapped(next_word(rest), 'a', 'A') == "SLOT" ? next_name(rest) : "";
  }
  return {};
}

}  // namespace

std::shared_ptr<const Facts> replication_facts(std::string_view text) {
  std::string_view rest = text;
  const std::string word = mapped(next_word(rest), 'a', 'A');
  const auto* command = std::ranges::find(commands, word, &Command::verb);
  if (command == commands.end()) return nullptr;
  sql::Statement statement;
  statement.verb = command->verb;
  statement.effects = command->effects;
  statement.effect = (command->effects & escapes) != 0 ? sql::Effect::escape : sql::Effect::read;
  if ((command->effects & escapes) != 0) statement.escapes.emplace_back("replication");
  if (std::string name = object_of(*command, rest); !name.empty()) {
    statement.objects.push_back({.kind = sql::ObjectKind::other, .catalog = {}, .schema = {}, .name = name});
  }
  statement.size = text.size();
  statement.copies_in = command->copies_in;
  statement.copies_out = command->copies_out;
  auto classification = std::make_shared<sql::Classification>();
  classification->parsed = true;
  classification->statements.push_back(std::move(statement));
  return Facts::of(std::move(classification));
}

bool is_show(const Facts& facts) {
  return facts.parsed() && facts.statements().size() == 1 &&
         facts.statements().front().statement->verb == "SHOW";
}

bool starts_replication(const sql::Statement& statement) { return statement.verb == start_replication; }

}  // namespace sallyport::pg
