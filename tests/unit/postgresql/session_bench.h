// A serving session (the login is past) on a FakeHost, and messages as bytes, for tests of the session
// machine. Answers to `ask` are scripted by verb.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgresql/backend.h"
#include "plugins/postgresql/frontend.h"
#include "tests/unit/postgresql/fake_host.h"

namespace sallyport::pg::test {

inline std::string taken(const Writer& out) { return std::string(as_text(out.view())); }
inline std::string plain(uint8_t type) {
  Writer out;
  return taken(out.begin(type).end());
}

// ---- What a client says.
inline std::string query(std::string_view text) {
  Writer out;
  return taken(out.begin(front::query).text(text).end());
}
inline std::string parse(std::string_view name, std::string_view text,
                         const std::vector<uint32_t>& types = {}) {
  Writer out;
  out.begin(front::parse).text(name).text(text).u16(static_cast<uint16_t>(types.size()));
  for (const uint32_t type : types) out.u32(type);
  return taken(out.end());
}
inline std::string bind(std::string_view portal, std::string_view name,
                        const std::vector<std::string>& values = {}, uint16_t format = 0) {
  Writer out;
  out.begin(front::bind).text(portal).text(name).u16(1).u16(format).u16(static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) out.u32(static_cast<uint32_t>(value.size())).bytes(as_bytes(value));
  return taken(out.u16(0).end());
}
inline std::string describe(char what, std::string_view name) {
  Writer out;
  return taken(out.begin(front::describe).u8(static_cast<uint8_t>(what)).text(name).end());
}
inline std::string execute(std::string_view portal, uint32_t row_count_max = 0) {
  Writer out;
  return taken(out.begin(front::execute).text(portal).u32(row_count_max).end());
}
inline std::string close(char what, std::string_view name) {
  Writer out;
  return taken(out.begin(front::close).u8(static_cast<uint8_t>(what)).text(name).end());
}
inline std::string sync() { return plain(front::sync); }
inline std::string flush() { return plain(front::flush); }
inline std::string terminate() { return plain(front::terminate); }
// Parse, Bind, Execute of the unnamed, without Sync.
inline std::string run(std::string_view text) { return parse("", text) + bind("", "") + execute(""); }

// ---- What a target says.
inline std::string ready(char status = 'I') {
  Writer out;
  write_ready(out, static_cast<uint8_t>(status));
  return taken(out);
}
inline std::string complete(std::string_view tag) {
  Writer out;
  return taken(out.begin(back::command_complete).text(tag).end());
}
inline std::string failure(std::string_view code, std::string_view message = "no",
                           std::string_view severity = "ERROR") {
  Writer out;
  write_error(out, {.severity = severity, .sqlstate = code, .message = message});
  return taken(out);
}
inline std::string notice(std::string_view message) {
  Writer out;
  write_notice(out, {.severity = "NOTICE", .sqlstate = "00000", .message = message});
  return taken(out);
}
inline std::string parsed() { return plain(back::parse_complete); }
inline std::string bound() { return plain(back::bind_complete); }
inline std::string closed() { return plain(back::close_complete); }
inline std::string no_data() { return plain(back::no_data); }
inline std::string suspended() { return plain(back::portal_suspended); }
inline std::string empty_query() { return plain(back::empty_query); }
inline std::string columns(const std::vector<std::string>& names, uint16_t format = 0) {
  Writer out;
  out.begin(back::row_description).u16(static_cast<uint16_t>(names.size()));
  for (const std::string& name : names)
    out.text(name).u32(0).u16(0).u32(25).u16(0xffff).u32(0xffffffff).u16(format);
  return taken(out.end());
}
inline std::string row(const std::vector<std::string>& values) {
  Writer out;
  out.begin(back::data_row).u16(static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) out.u32(static_cast<uint32_t>(value.size())).bytes(as_bytes(value));
  return taken(out.end());
}
inline std::string parameters(const std::vector<uint32_t>& types) {
  Writer out;
  out.begin(back::parameter_description).u16(static_cast<uint16_t>(types.size()));
  for (const uint32_t type : types) out.u32(type);
  return taken(out.end());
}
inline std::string parameter_status(std::string_view name, std::string_view value) {
  Writer out;
  return taken(out.begin(back::parameter_status).text(name).text(value).end());
}

// Types of the messages in `bytes`, e.g. "TDDCZ".
inline std::string kinds(std::string_view bytes) {
  std::string out;
  MessageReader reader(as_bytes(bytes));
  Message next;
  while (reader.next(next) == Frame::message) out.push_back(static_cast<char>(next.type));
  if (!reader.rest().empty()) out += "...";
  return out;
}
// A field of the first error or notice in `bytes`.
inline std::string said(std::string_view bytes, char field) {
  MessageReader reader(as_bytes(bytes));
  Message next;
  while (reader.next(next) == Frame::message) {
    if (next.type == back::error || next.type == back::notice) {
      return std::string(report_field(next.body, static_cast<uint8_t>(field)));
    }
  }
  return {};
}
// Status of the last ReadyForQuery in `bytes`.
inline char last_ready(std::string_view bytes) {
  char status = '-';
  MessageReader reader(as_bytes(bytes));
  Message next;
  while (reader.next(next) == Frame::message) {
    if (next.type == back::ready) status = static_cast<char>(next.body[0]);
  }
  return status;
}

// One `ask` as the host saw it.
struct Asked {
  uint64_t ticket = 0;
  sp_stage stage = SP_STAGE_EXECUTE;
  uint64_t transaction = 0;
  std::vector<std::string> verbs;
  std::vector<std::string> effects;  // effect of each command
  std::vector<std::string> fields;   // "name=value", of all commands
  std::vector<std::string> objects;
  std::string text;
  std::vector<std::string> values;  // "$1:int4=7"
  std::string binding;
};

class Bench {
 public:
  FakeHost host;
  std::map<std::string, sp_verdict> verdicts;  // by verb; else ALLOW
  std::vector<Asked> asked;
  bool faulted = false;

  Bench() : catalogue_(host.link()), wire(host.link(), catalogue_), frontend(wire), backend(wire) {
    wire.context.begin("shop", "app", "mark");
    wire.judge.begin("shop", "app");
    host.handler = [this](const sp_input& input) { feed(input); };
    host.answer = [this](const sp_ask& ask, sp_answer& out) { return answer(ask, out); };
  }

  // Bytes that arrive, in pieces of `piece`; 0: at once.
  void client(std::string_view bytes, size_t piece = 0) { arrive(SP_LEG_CLIENT, bytes, piece); }
  void target(std::string_view bytes, size_t piece = 0) { arrive(SP_LEG_TARGET, bytes, piece); }
  // A person decides what waits.
  void decide(sp_verdict verdict, sp_state state) {
    decision_ = {verdict, state};
    host.event(SP_LEG_CLIENT, SP_EVENT_ANSWER);
    settle();
  }
  std::string to_client() { return host.take(SP_LEG_CLIENT); }
  std::string to_target() { return host.take(SP_LEG_TARGET); }
  [[nodiscard]] size_t count_of(std::string_view call) const {
    size_t count = 0;
    for (const std::string& one : host.calls) count += one.starts_with(call) ? 1 : 0;
    return count;
  }
  [[nodiscard]] bool held() const { return frontend.holding(); }

 private:
  Catalogue catalogue_;

 public:
  Wire wire;
  Frontend frontend;
  Backend backend;

 private:
  void feed(const sp_input& input) {
    if (faulted || wire.ended) return;
    const Bytes data(input.data, input.data_size);
    if (input.leg == SP_LEG_CLIENT) {
      faulted = !frontend.feed(data, (input.events & SP_EVENT_ANSWER) != 0);
    } else {
      faulted = !backend.feed(data);
    }
    faulted = faulted || !wire.host.ok();
  }

  void arrive(uint32_t leg, std::string_view bytes, size_t piece) {
    if (piece == 0) piece = bytes.size();
    for (size_t at = 0; at < bytes.size(); at += piece) {
      host.receive(leg, bytes.substr(at, piece));
      settle();
    }
  }

  // As the host does: legs that hold bytes are fed again when another leg's news let them go on.
  void settle() {
    size_t seen = 0;
    do {
      seen = count_of("wake_after");
      if (seen == woken_) return;
      woken_ = seen;
      for (const uint32_t leg : {SP_LEG_CLIENT, SP_LEG_TARGET}) {
        if (!host.legs[leg].input.empty()) host.event(leg, SP_EVENT_TIMER);
      }
    } while (true);
  }

  sp_verdict answer(const sp_ask& ask, sp_answer& out) {
    Asked one{.ticket = ask.ticket, .stage = ask.stage, .transaction = ask.transaction};
    sp_verdict verdict = SP_ALLOW;
    for (size_t i = 0; i < ask.command_count; ++i) {
      const sp_command& command = ask.commands[i];
      const std::string verb(view_of(command.verb));
      one.verbs.push_back(verb);
      for (size_t j = 0; j < command.object_count; ++j) one.objects.emplace_back(view_of(command.objects[j]));
      for (size_t j = 0; j < command.field_count; ++j) {
        const std::string name(view_of(command.fields[j].name));
        const std::string value(view_of(command.fields[j].value));
        if (name == "effect") one.effects.push_back(value);
        one.fields.push_back(name + "=" + value);
      }
      const auto found = verdicts.find(verb);
      if (found == verdicts.end()) continue;
      if (found->second == SP_DENY) verdict = SP_DENY;
      if (found->second == SP_WAIT && verdict == SP_ALLOW) verdict = SP_WAIT;
    }
    one.text = view_of(ask.text);
    for (size_t i = 0; i < ask.value_count; ++i) {
      one.values.push_back(std::string(view_of(ask.values[i].name)) + "=" +
                           std::string(view_of(ask.values[i].value)));
    }
    one.binding.assign(reinterpret_cast<const char*>(ask.binding.data), ask.binding.size);
    asked.push_back(one);
    if (ask.stage == SP_STAGE_PREPARE && verdict == SP_WAIT) verdict = SP_ALLOW;
    out.state = SP_STATE_DECIDED;
    out.rule = text_of("test-rule");
    if (verdict == SP_WAIT && decision_.first != SP_WAIT && waiting_ == ask.ticket) {
      verdict = decision_.first;
      out.state = decision_.second;
    }
    if (verdict == SP_WAIT) {
      waiting_ = ask.ticket;
      decision_.first = host.called("cancel " + std::to_string(ask.ticket)) ? SP_DENY : SP_WAIT;
      out.state = SP_STATE_PENDING;
      out.detail = text_of("approval=7F3K state=pending");
      if (decision_.first == SP_DENY) {
        out.state = SP_STATE_CANCELLED;
        return SP_DENY;
      }
    }
    if (verdict == SP_DENY) {
      out.message = text_of("denied by rule \"test-rule\"");
      if (out.state == SP_STATE_PENDING) out.detail = text_of("approval=7F3K state=pending");
    }
    return verdict;
  }

  uint64_t waiting_ = 0;
  std::pair<sp_verdict, sp_state> decision_{SP_WAIT, SP_STATE_PENDING};
  size_t woken_ = 0;
};

}  // namespace sallyport::pg::test
