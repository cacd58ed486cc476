// A session of the kit's host whose plugin does what the test says.
#pragma once

#include "core/path/kit_host.h"

#include <gtest/gtest.h>

#include <functional>

#include <optional>

namespace sallyport {

// A plugin whose feed is the test's own function.
struct Puppet {
  const sp_host* host = nullptr;
  sp_session* session = nullptr;
};
inline Puppet puppet;
inline std::function<sp_status(const sp_input&)> on_feed;

inline sp_text text(const char* string) { return {string, strlen(string)}; }

inline const sp_fact facts[] = {{{"verb", 4}, {"", 0}}, {{"field.rows", 10}, {"", 0}}};
inline const sp_manifest manifest = {.size = sizeof(sp_manifest),
                                     .name = {"puppet", 6},
                                     .version = {"1", 1},
                                     .summary = {"", 0},
                                     .capabilities = SP_CAN_MASK | SP_CAN_HOLD | SP_CAN_TLS,
                                     .facts = facts,
                                     .fact_count = 2};
inline const sp_plugin plugin = {
    .magic = SP_MAGIC,
    .abi_major = SP_ABI_MAJOR,
    .abi_minor = SP_ABI_MINOR,
    .size = sizeof(sp_plugin),
    .manifest = &manifest,
    .open = [](const sp_host* host, sp_session* session, const sp_open*) -> void* {
      puppet = {host, session};
      return &puppet;
    },
    .feed = [](void*, const sp_input* input) { return on_feed(*input); },
    .close = [](void*) {},
    .classify = [](sp_text, void (*)(void*, const sp_ask*), void*) { return 0; },
};

inline void log_in() {
  const sp_login login = {sizeof login, text("target"), text(""), text("")};
  sp_identity identity = {};
  identity.size = sizeof identity;
  ASSERT_EQ(puppet.host->login(puppet.session, &login), 0);
  ASSERT_EQ(puppet.host->prove(puppet.session, SP_PROOF_PASSWORD,
                               {reinterpret_cast<const uint8_t*>("password"), 8}, &identity),
            SP_ALLOW);
}

inline sp_verdict ask(const char* verb, uint64_t ticket, const char* field = nullptr) {
  const sp_pair pair = {text(field ? field : ""), text("1")};
  sp_command command = {};
  command.size = sizeof command;
  command.verb = text(verb);
  command.fields = &pair;
  command.field_count = field ? 1 : 0;
  sp_ask request = {};
  request.size = sizeof request;
  request.ticket = ticket;
  request.stage = SP_STAGE_EXECUTE;
  request.commands = &command;
  request.command_count = 1;
  sp_answer answer = {};
  answer.size = sizeof answer;
  return static_cast<sp_verdict>(puppet.host->ask(puppet.session, &request, &answer));
}

inline void emit(uint32_t to, const char* string) {
  puppet.host->emit(puppet.session, to, reinterpret_cast<const uint8_t*>(string), strlen(string));
}

// A session whose target leg is open; the login took one byte.
class KitHostTest : public testing::Test {
 protected:
  void start(KitScript script = {}) {
    on_feed = [](const sp_input& input) {
      if (input.events & SP_EVENT_OPENED) return SP_OK;
      log_in();
      puppet.host->connect(puppet.session, 1);
      puppet.host->drop(puppet.session, 0, 1);
      return SP_OK;
    };
    host.emplace(plugin, std::move(script));
    ASSERT_TRUE(host->receive(0, "L"));
    ASSERT_TRUE(host->opened(1));
  }
  [[nodiscard]] std::string violation() const {
    return host->violations().empty() ? "" : host->violations().front();
  }
  std::optional<KitHost> host;
};

}  // namespace sallyport
