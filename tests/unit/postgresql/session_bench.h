// A serving session (the login is past) on a FakeHost, for tests of the session machine. Answers to `ask` are
// scripted by verb.
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
#include "plugins/postgresql/state_lookup.h"
#include "tests/unit/postgresql/fake_host.h"
#include "tests/unit/postgresql/login_peers.h"
#include "tests/unit/postgresql/session_messages.h"

namespace sallyport::pg::test {

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
  std::string state_row = "public";  // what the target answers a state look-up with; empty: nothing by itself
  size_t state_look_up_count = 0;
  bool faulted = false;

  Bench() : catalogue_(host.link()), wire(host.link(), catalogue_), frontend(wire), backend(wire) {
    wire.context.begin("shop", "app", "mark");
    wire.judge.begin("shop", "app");
    catalogue_.prepare(
        {.target = "orders-db", .database = "shop", .tls = SP_TARGET_TLS_OFF, .parameters = {}});
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
    answer_state();
  }
  // The catalogue leg's events and answers.
  void catalogue_opened() {
    host.event(catalogue_leg, SP_EVENT_OPENED);
    host.receive(catalogue_leg, target_greeting());
    settle();
  }
  void catalogue(std::string_view bytes) { arrive(catalogue_leg, bytes, 0); }
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
    if (input.leg == catalogue_leg) {
      if (catalogue_.feed(input)) wire.host.feed_again();
    } else if (input.leg == SP_LEG_CLIENT) {
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
    answer_state();
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

  // As the target does when it comes to the gateway's own question, which no test needs to see.
  void answer_state() {
    if (state_row.empty() || wire.ledger.empty() || wire.ledger.front().state_look_up == 0) return;
    for (const bool sync : {true, false}) {
      Writer question;
      write_state_lookup(question, sync);
      std::string& output = host.legs[SP_LEG_TARGET].output;
      const size_t at = output.rfind(as_text(question.view()));
      if (at == std::string::npos) continue;
      output.erase(at, question.view().size());
      ++state_look_up_count;
      std::string reply = parsed() + bound() + row({state_row}) + complete("SELECT 1") + closed() + closed();
      if (sync) reply += ready(static_cast<char>(wire.status));
      return target(reply);
    }
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
    const bool decided = decision_.first != SP_WAIT && waiting_ == ask.ticket;
    const bool begins = waiting_ != ask.ticket && ask.stage == SP_STAGE_EXECUTE;
    if (verdict == SP_WAIT && (ask.flags & SP_ASK_UNBOUND) != 0 &&
        (begins || (decided && decision_.first == SP_ALLOW))) {
      out.state = SP_STATE_UNBOUND;
      return SP_WAIT;
    }
    asked.push_back(one);
    if (ask.stage == SP_STAGE_PREPARE && verdict == SP_WAIT) verdict = SP_ALLOW;
    out.state = SP_STATE_DECIDED;
    out.rule = text_of("test-rule");
    if (verdict == SP_WAIT && decided) {
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
