// Any bytes at the admin socket of a running control thread: a line gets one answer, an object that says
// whether it was done, and the control thread serves on.
#include <nlohmann/json.hpp>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/control/running_control.h"

using namespace sallyport;
using nlohmann::json;

namespace {

// With an approval and a session to speak of.
RunningControl& control() {
  static auto* running = [] {
    auto* made = new RunningControl();
    made->send(SessionStarted{.session = {}, .session_id = 7, .identity = "ann", .target = "db"});
    return made;
  }();
  return *running;
}

void ask_for_approval(RunningControl& running, uint64_t ticket) {
  ApprovalWanted wanted;
  wanted.session_id = 7;
  wanted.ticket = ticket;
  wanted.digest[0] = static_cast<uint8_t>(ticket);
  wanted.identity = "ann";
  wanted.target = "db";
  wanted.demands.emplace_back().terms.quorums = {{{"dba"}, 1}};
  wanted.text = "DROP TABLE a";
  wanted.timeout_ms = 60'000;
  running.send(std::move(wanted));
}

std::string request(fuzz::Source& source, const std::string& approval) {
  constexpr std::string_view acts[] = {"approvals", "approve", "deny",   "sessions", "kill", "status",
                                       "reload",    "revoke",  "reveal", "plan",     ""};
  constexpr std::string_view keys[] = {"all", "id", "reason", "as", "secret", "session", "act", "requests"};
  json made = {{"act", acts[source.u8() % std::size(acts)]}};
  while (!source.empty()) {
    const uint8_t bits = source.u8();
    const std::string key(keys[bits & 7]);
    switch (bits >> 3 & 7) {
      case 0: made[key] = source.flag(); break;
      case 1: made[key] = source.u16(); break;
      case 2: made[key] = source.text(); break;
      case 3: made[key] = json::array({source.u8()}); break;
      case 4: made[key] = nullptr; break;
      case 5: made[key] = approval; break;
      case 6: made[key] = 7; break;
      default: made[key] = -1.5; break;
    }
  }
  return made.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

void check(const std::string& answer) {
  FUZZ_REQUIRE(answer.ends_with('\n'));
  const json read = json::parse(answer, nullptr, false);
  FUZZ_REQUIRE(read.is_object() && read.contains("ok") && read["ok"].is_boolean());
  FUZZ_REQUIRE(read["ok"] || (read.contains("error") && read["error"].is_string()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  RunningControl& running = control();
  static uint64_t ticket = 0;
  static std::string approval;
  while (std::optional<ToCore> message = running.to_core->pop()) {
    if (const auto* answer = std::get_if<ApprovalAnswer>(&*message)) approval = answer->approval;
  }
  if (++ticket % 16 == 1) ask_for_approval(running, ticket);
  fuzz::Source source(data, size);
  if (source.flag()) {
    check(running.ask(request(source, approval)));
    return 0;
  }
  const std::string bytes = source.rest();
  const std::string answer = running.ask(bytes);
  // Without a whole line there is nothing to answer.
  if (bytes.find('\n') != std::string::npos) {
    if (bytes.size() < 60'000) check(answer);
  } else {
    FUZZ_REQUIRE(answer.empty());
  }
  return 0;
}
