// The tutorial's plugin: lines from both sides and all that may happen to a session.
#include "plugins/plugin.h"
#include "tests/fuzz/session_machine.h"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Source source(data, size);
  const uint8_t mode = source.u8();
  KitScript script;
  if ((mode & 1) != 0)
    script.answers = {{.verb = "DEL", .verdict = SP_WAIT}, {.verb = "PUT", .verdict = SP_DENY}};
  if ((mode & 2) != 0) script.masks = {{.text = "secret", .replacement = (mode & 4) != 0 ? "******" : "-"}};
  if ((mode & 8) != 0) script.credential = SP_WAIT;
  fuzz::SessionMachine machine(sallyport_plugin, script);
  if ((mode & 16) == 0) {
    machine.receive(0, "store password\n");
    machine.both([](KitHost& host) { return host.opened(1); });
    machine.receive(1, "OK\n");
  }
  for (size_t steps = 0; steps < 200 && !source.empty(); ++steps) {
    const uint8_t what = source.u8();
    constexpr std::string_view commands[] = {"GET ", "PUT ", "DEL ", "LIST", ""};
    constexpr std::string_view replies[] = {"OK ", "VALUE ", "DATA ", "ERR ", ""};
    switch (what & 3) {
      case 0:
        machine.receive(0, std::string(commands[(what >> 2) % 5]) + source.text(what >> 5) + "\n");
        break;
      case 1:
        machine.receive(1, std::string(replies[(what >> 2) % 5]) + source.text(what >> 5) + "\n");
        break;
      case 2: machine.receive(what >> 2 & 1, source.text()); break;
      default: machine.event(source);
    }
  }
  if ((mode & 2) != 0 && (mode & 16) == 0) {
    FUZZ_REQUIRE(machine.host().output(0).find("VALUE a secret") == std::string::npos);
  }
  return 0;
}
