#include "core/path/kit_transcript.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "core/path/kit_line.h"

namespace sallyport {
namespace {

using Kind = KitStep::Kind;

std::optional<sp_state> state_named(std::string_view name) {
  if (name == "decided") return SP_STATE_DECIDED;
  if (name == "pending") return SP_STATE_PENDING;
  if (name == "approved") return SP_STATE_APPROVED;
  if (name == "refused") return SP_STATE_REFUSED;
  if (name == "expired") return SP_STATE_EXPIRED;
  if (name == "cancelled") return SP_STATE_CANCELLED;
  return std::nullopt;
}

using Change = std::function<void(KitScript&)>;

Change read_target_tls(KitLine& line) {
  const uint32_t mode = line.choice<uint32_t>(
      std::to_array<std::pair<const char*, uint32_t>>(
          {{"off", SP_TARGET_TLS_OFF}, {"require", SP_TARGET_TLS_REQUIRE}, {"verify", SP_TARGET_TLS_VERIFY}}),
      "off, require or verify");
  return [mode](KitScript& script) { script.target_tls = mode; };
}

Change read_client_tls(KitLine& line) {
  const int mode = line.choice<int>(
      std::to_array<std::pair<const char*, int>>({{"off", 0}, {"offered", 1}, {"required", 2}}),
      "off, offered or required");
  return [mode](KitScript& script) {
    script.client_tls_offered = mode != 0;
    script.client_tls_required = mode == 2;
  };
}

// set KEY VALUE
Change read_set(KitLine& line) {
  const std::string key = line.word("what to set");
  static constexpr std::pair<const char*, std::string KitScript::*> texts[] = {
      {"who", &KitScript::who},
      {"target", &KitScript::target},
      {"login", &KitScript::login},
      {"database", &KitScript::database},
      {"password", &KitScript::password},
      {"deny_message", &KitScript::deny_message},
      {"target_user", &KitScript::target_user},
      {"target_password", &KitScript::target_password},
  };
  for (const auto& [name, member] : texts) {
    if (key != name) continue;
    return [member, value = line.value("a value")](KitScript& script) { script.*member = value; };
  }
  if (key == "seed") return [seed = line.number("a seed")](KitScript& script) { script.seed = seed; };
  if (key == "prove") return [verdict = line.verdict()](KitScript& script) { script.prove = verdict; };
  if (key == "credential")
    return [verdict = line.verdict()](KitScript& script) { script.credential = verdict; };
  if (key == "target_tls") return read_target_tls(line);
  if (key == "client_tls") return read_client_tls(line);
  if (key == "permit") {
    return [name = line.value("a permission")](KitScript& script) { script.permissions.push_back(name); };
  }
  if (key == "option") {
    const std::string name = line.value("an option's name");
    return [name, value = line.value("a value")](KitScript& script) {
      script.options.emplace_back(name, value);
    };
  }
  line.complain("nothing named `" + key + "` can be set");
  return {};
}

// answer VERB allow|deny|wait [once] [state=..] [rule=..] [message=".."] [detail=".."]
Change read_answer(KitLine& line) {
  KitAnswer answer;
  answer.verb = line.value("a verb or *");
  answer.verdict = line.verdict();
  while (!line.at_end() && line.error.empty()) {
    if (line.accept("once")) {
      answer.once = true;
      continue;
    }
    const size_t equals = line.rest.find('=');
    const std::string key(line.rest.substr(0, std::min(equals, line.rest.size())));
    if (equals == std::string_view::npos) {
      line.complain("expected once, state=, rule=, message= or detail=");
      break;
    }
    line.rest.remove_prefix(equals + 1);
    const std::string value = line.value("a value");
    const std::optional<sp_state> state = state_named(value);
    if (key == "rule") {
      answer.rule = value;
    } else if (key == "message") {
      answer.message = value;
    } else if (key == "detail") {
      answer.detail = value;
    } else if (key == "state" && state) {
      answer.state = *state;
    } else {
      line.complain("unknown `" + key + "=" + value + "`");
    }
  }
  return [answer](KitScript& script) { script.answers.insert(script.answers.begin(), answer); };
}

// mask FIELD|* TEXT|* with REPLACEMENT, or mask FIELD|* TEXT|* withhold
Change read_mask(KitLine& line) {
  KitMask mask;
  mask.field = line.value("a field or *");
  if (mask.field == "*") mask.field.clear();
  const bool all = line.accept("*");
  if (!all) mask.text = line.value("a text or *");
  if (line.accept("withhold")) {
    mask.withhold = true;
  } else if (line.accept("with")) {
    mask.replacement = line.value("a replacement");
  } else {
    line.complain("expected `with REPLACEMENT` or `withhold`");
  }
  return [mask](KitScript& script) { script.masks.push_back(mask); };
}

// screen TEXT [rule=..] [message=".."]
Change read_screen(KitLine& line) {
  KitScreen screen;
  screen.text = line.value("a text");
  while (!line.at_end() && line.error.empty()) {
    const bool is_rule = line.rest.starts_with("rule=");
    if (!is_rule && !line.rest.starts_with("message=")) {
      line.complain("expected rule= or message=");
      break;
    }
    line.rest.remove_prefix(line.rest.find('=') + 1);
    (is_rule ? screen.rule : screen.message) = line.value("a value");
  }
  return [screen](KitScript& script) { script.screens.push_back(screen); };
}

KitStep read_expect(KitLine& line) {
  KitStep step;
  if (line.accept("ended")) {
    step.kind = Kind::kExpectEnded;
    if (!line.at_end()) step.bytes = line.bytes();
    return step;
  }
  static constexpr std::pair<const char*, Kind> traces[] = {{"ask", Kind::kExpectAsk},
                                                            {"note", Kind::kExpectNote},
                                                            {"name", Kind::kExpectName},
                                                            {"control", Kind::kExpectControl}};
  for (const auto& [word, kind] : traces) {
    if (!line.accept(word)) continue;
    step.kind = kind;
    step.bytes = line.bytes();
    return step;
  }
  if (line.accept("held")) {
    step.kind = Kind::kExpectHeld;
    step.leg = line.leg();
    step.number = line.number("a count of bytes");
    return step;
  }
  step.kind = Kind::kExpectOutput;
  step.leg = line.leg();
  if (line.accept("nothing")) return step;
  if (!line.accept(">")) line.complain("expected `> BYTES` or `nothing`");
  step.bytes = line.bytes();
  return step;
}

KitStep read_decide(KitLine& line) {
  KitStep step = {.kind = Kind::kDecide};
  if (!line.peek().empty() && isdigit(static_cast<unsigned char>(line.peek()[0])))
    step.number = line.number("a ticket");
  (void)line.accept("ticket");
  step.verdict = line.verdict();
  if (step.verdict == SP_WAIT) line.complain("expected allow or deny");
  step.state = step.verdict == SP_ALLOW ? SP_STATE_APPROVED : SP_STATE_REFUSED;
  if (const auto state = state_named(line.peek())) {
    step.state = *state;
    (void)line.word("a state");
  }
  if (!line.at_end()) step.bytes = line.bytes();
  return step;
}

KitStep read_leg_step(KitLine& line, Kind kind) {
  KitStep step = {.kind = kind};
  if (kind == Kind::kEnd || line.peek() == "client" || line.peek() == "leg") {
    step.leg = line.leg();
  } else {
    step.leg = static_cast<uint32_t>(line.number("a leg's number"));
    if (step.leg >= SP_LEG_COUNT_MAX) line.complain("a leg's number is 0 to 7");
  }
  if (kind == Kind::kFailed) step.bytes = line.at_end() ? "connection refused" : line.bytes();
  return step;
}

KitStep read_step(KitLine& line) {
  const std::string_view verb = line.peek();
  if (verb == "client" || verb == "leg") {
    KitStep step = {.kind = Kind::kInput, .leg = line.leg()};
    if (!line.accept("<")) line.complain("expected `< BYTES`");
    step.bytes = line.bytes();
    return step;
  }
  if (line.accept("expect")) return read_expect(line);
  if (line.accept("set")) return {.kind = Kind::kScript, .change = read_set(line)};
  if (line.accept("answer")) return {.kind = Kind::kScript, .change = read_answer(line)};
  if (line.accept("mask")) return {.kind = Kind::kScript, .change = read_mask(line)};
  if (line.accept("screen")) return {.kind = Kind::kScript, .change = read_screen(line)};
  if (line.accept("opened")) return read_leg_step(line, Kind::kOpened);
  if (line.accept("failed")) return read_leg_step(line, Kind::kFailed);
  if (line.accept("tls")) return read_leg_step(line, Kind::kTls);
  if (line.accept("end")) return read_leg_step(line, Kind::kEnd);
  if (line.accept("decide")) return read_decide(line);
  if (line.accept("ready"))
    return {.kind = Kind::kReady, .verdict = line.at_end() ? SP_ALLOW : line.verdict()};
  if (line.accept("advance")) return {.kind = Kind::kAdvance, .number = line.number("milliseconds")};
  if (line.accept("signal")) return {.kind = Kind::kSignal};
  if (line.accept("policy")) return {.kind = Kind::kPolicy};
  if (line.accept("shutdown")) {
    return {.kind = Kind::kShutdown, .bytes = line.at_end() ? "the gateway is shutting down" : line.bytes()};
  }
  line.complain("unknown step `" + std::string(verb) + "`");
  return {};
}

}  // namespace

Result<KitTranscript> parse_transcript(std::string name, std::string_view text) {
  KitTranscript transcript;
  transcript.name = std::move(name);
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    KitLine line = {.rest = text.substr(0, end), .error = {}};
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.rest.ends_with('\r')) line.rest.remove_suffix(1);
    if (line.at_end()) continue;
    KitStep step = read_step(line);
    if (line.error.empty() && !line.at_end()) line.complain("unexpected `" + std::string(line.rest) + "`");
    if (!line.error.empty()) {
      return fail(transcript.name + ":" + std::to_string(number) + ": " + line.error);
    }
    step.line = number;
    transcript.names_output |= step.kind == Kind::kExpectOutput;
    if (step.kind == Kind::kScript && transcript.steps.empty()) {
      step.change(transcript.script);
    } else if (step.kind == Kind::kInput && !transcript.steps.empty() &&
               transcript.steps.back().kind == Kind::kInput && transcript.steps.back().leg == step.leg) {
      transcript.steps.back().bytes += step.bytes;
    } else {
      transcript.steps.push_back(std::move(step));
    }
  }
  return transcript;
}

}  // namespace sallyport
