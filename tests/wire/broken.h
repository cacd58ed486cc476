// A tiny sound plugin with one fault built in on purpose, so that the kit can be shown to find it. Lines, as
// the skeleton's: the first is the login, each later one a request; replies pass line by line. broken_NAME.cc
// picks the fault; broken_none.cc has none and must be found sound.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include "plugins/plugin.h"

enum class Fault {
  none,
  loses_byte,      // drops the last byte of a long request
  needs_chunks,    // takes whatever comes in one feed for one request
  passes_unasked,  // passes a request before it is asked for
  asks_after,      // passes on a verdict of the request before
  emits_in_unit,   // marks no open unit, and speaks in the middle of one
  keeps_pointer,   // reads lent memory after `feed`
  asks_twice,      // asks anew at each feed while it waits
  acts_at_end,     // lets a half request pass when the peer goes away
  passes_denied,   // ignores the verdict
  never_rests,     // makes progress for ever
  leaks_credit,    // passes one byte more than the reply has
};

namespace broken {

extern const Fault fault;

inline sp_text text(const char* string) { return {string, strlen(string)}; }

struct Session {
  const sp_host* host;
  sp_session* session;
  int stage = 0;  // 0 login, 1 connecting, 2 open
  uint64_t ticket = 0;
  bool waiting = false;
  bool partial = false;  // half a reply is held
  const uint8_t* pointer = nullptr;
  size_t pointer_size = 0;

  void say(uint32_t leg, const char* string) {
    host->emit(session, leg, reinterpret_cast<const uint8_t*>(string), strlen(string));
  }

  void login(const sp_input* input) {
    const auto* end = static_cast<const uint8_t*>(memchr(input->data, '\n', input->data_size));
    if (!end) return;
    const sp_login login = {sizeof login, text("target"), text(""), text("")};
    sp_identity identity = {};
    identity.size = sizeof identity;
    host->login(session, &login);
    const size_t size = static_cast<size_t>(end - input->data);
    if (host->prove(session, SP_PROOF_PASSWORD, {input->data, size}, &identity) != SP_ALLOW) return;
    host->drop(session, 0, size + 1);
    host->connect(session, 1);
    stage = 1;
  }

  int ask(const uint8_t* data, size_t size) {
    sp_command command = {};
    command.size = sizeof command;
    command.verb = size != 0 && data[0] == 'W'   ? text("WAIT")
                   : size != 0 && data[0] == 'D' ? text("DENY")
                                                 : text("RUN");
    sp_ask ask = {};
    ask.size = sizeof ask;
    if (!waiting || fault == Fault::asks_twice) ++ticket;
    ask.ticket = ticket;
    ask.stage = SP_STAGE_EXECUTE;
    ask.commands = &command;
    ask.command_count = 1;
    ask.text = {reinterpret_cast<const char*>(data), size};
    ask.binding = {data, size};
    sp_answer answer = {};
    answer.size = sizeof answer;
    const int verdict = host->ask(session, &ask, &answer);
    waiting = verdict == SP_WAIT;
    return verdict;
  }

  // Returns false when the next request must wait.
  bool request(const uint8_t* data, size_t size) {
    if (fault == Fault::passes_unasked && size > 6) {
      host->pass(session, 0, 1, size, 0);
      (void)ask(data, size);
      return true;
    }
    if (fault == Fault::asks_after && size == 4) {
      host->pass(session, 0, 1, size, 0);
      return true;
    }
    const int verdict = ask(data, size);
    if (verdict == SP_WAIT) return false;
    if (verdict == SP_DENY && fault != Fault::passes_denied) {
      host->drop(session, 0, size);
      say(0, "denied\n");
      return true;
    }
    if (fault == Fault::loses_byte && size > 12) {
      host->pass(session, 0, 1, size - 1, 0);
      host->drop(session, 0, 1);
      return true;
    }
    host->pass(session, 0, 1, size, 0);
    return true;
  }

  void requests(const sp_input* input) {
    size_t at = 0;
    if (fault == Fault::acts_at_end && (input->events & SP_EVENT_END) && input->data_size != 0) {
      (void)ask(input->data, input->data_size);
      host->pass(session, 0, 1, input->data_size, 0);
      return;
    }
    while (at < input->data_size) {
      const auto* end = static_cast<const uint8_t*>(memchr(input->data + at, '\n', input->data_size - at));
      size_t size = end ? static_cast<size_t>(end - input->data) - at + 1 : 0;
      if (fault == Fault::needs_chunks) size = input->data_size - at;
      if (size == 0 || !request(input->data + at, size)) return;
      at += size;
    }
  }

  void replies(const sp_input* input) {
    if (fault == Fault::emits_in_unit && input->data_size != 0) {
      // Passes what is there, however much of the line that is, without saying that the unit is open.
      const bool whole = input->data[input->data_size - 1] == '\n';
      host->pass(session, 1, 0, input->data_size, 0);
      if (!whole) say(0, "more to come\n");
      return;
    }
    size_t at = 0;
    while (at < input->data_size) {
      const auto* end = static_cast<const uint8_t*>(memchr(input->data + at, '\n', input->data_size - at));
      if (!end) return;
      const size_t size = static_cast<size_t>(end - input->data) - at + 1;
      if (fault == Fault::leaks_credit && at + size == input->data_size) {
        host->pass(session, 1, 0, size + 1, 0);
        return;
      }
      host->pass(session, 1, 0, size, 0);
      at += size;
    }
  }

  void feed(const sp_input* input) {
    if (fault == Fault::keeps_pointer) {
      if (pointer && input->leg == 1 && pointer_size != 0) {
        const std::string old(reinterpret_cast<const char*>(pointer), 1);
        host->name(session, text("first"), {old.data(), old.size()});
      }
      if (input->leg == 0) pointer = input->data, pointer_size = input->data_size;
    }
    if (input->leg == 1) partial = input->data_size != 0 && !memchr(input->data, '\n', input->data_size);
    if (fault == Fault::never_rests && waiting && partial) say(0, ".");
    if (input->leg == 0 && stage == 0) login(input);
    if (input->leg == 1 && (input->events & SP_EVENT_OPENED)) stage = 2;
    if (stage != 2) return;
    input->leg == 0 ? requests(input) : replies(input);
  }
};

inline void* open(const sp_host* host, sp_session* session, const sp_open*) {
  auto* s = new Session{};
  s->host = host;
  s->session = session;
  return s;
}
inline sp_status feed(void* state, const sp_input* input) {
  static_cast<Session*>(state)->feed(input);
  return SP_OK;
}
inline void close(void* state) { delete static_cast<Session*>(state); }
inline int classify(sp_text, void (*)(void*, const sp_ask*), void*) { return SP_ERROR_STATE; }

inline constexpr sp_fact facts[] = {{{"verb", 4}, {"RUN, WAIT or DENY", 17}}};
inline const sp_manifest manifest = {.size = sizeof(sp_manifest),
                                     .name = {"broken", 6},
                                     .version = {"0", 1},
                                     .summary = {"for tests", 9},
                                     .capabilities = SP_CAN_HOLD,
                                     .facts = facts,
                                     .fact_count = 1};

}  // namespace broken

// One fault a shared object.
#define BROKEN_PLUGIN(name)                                             \
  const Fault broken::fault = Fault::name;                              \
  extern "C" SP_EXPORT const sp_plugin sallyport_plugin = {             \
      SP_MAGIC,          SP_ABI_MAJOR,      SP_ABI_MINOR, 0,            \
      sizeof(sp_plugin), &broken::manifest, broken::open, broken::feed, \
      broken::close,     broken::classify,  nullptr};
