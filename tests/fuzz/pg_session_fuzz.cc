// The PostgreSQL plugin from the first byte to the end: a client and a target that say what the input makes
// up, most of it well framed, some of it anything, and a target that answers as a server would.
#include "plugins/plugin.h"
#include "plugins/postgresql/login/scram.h"
#include "tests/fuzz/pg_server.h"
#include "tests/fuzz/session_machine.h"
#include "tests/unit/postgresql/login_peers.h"

using namespace sallyport;
using namespace sallyport::pg;
using namespace sallyport::pg::test;

namespace {

constexpr uint8_t masked = 1, judged = 2, logged_in = 4, permitted = 64;

// The key derivation takes milliseconds; what comes out is the same each time.
sp_host quick_host;
int (*slow_verifier)(sp_session*, sp_scram_verifier*);

int quick_verifier(sp_session* session, sp_scram_verifier* out) {
  static sp_scram_verifier kept{};
  if (kept.size != 0 && out != nullptr && out->size >= sizeof kept) {
    *out = kept;
    return 0;
  }
  const int status = slow_verifier(session, out);
  if (status == 0) kept = *out;
  return status;
}

sp_plugin quick_plugin() {
  sp_plugin plugin = sallyport_plugin;
  plugin.open = [](const sp_host* host, sp_session* session, const sp_open* info) {
    quick_host = *host;
    slow_verifier = host->verifier;
    quick_host.verifier = quick_verifier;
    return sallyport_plugin.open(&quick_host, session, info);
  };
  return plugin;
}

std::string name_of(uint8_t bits) {
  constexpr std::string_view names[] = {"", "a", "b", "secret"};
  return std::string(names[bits & 3]);
}

std::string statement(fuzz::Source& source) {
  constexpr std::string_view texts[] = {"SELECT 1",
                                        "SELECT a FROM t",
                                        "BEGIN",
                                        "COMMIT",
                                        "ROLLBACK",
                                        "DROP TABLE a",
                                        "UPDATE t SET a = 1",
                                        "INSERT INTO t VALUES (1)",
                                        "SELECT 1; DROP TABLE a",
                                        "PREPARE p AS DROP TABLE a",
                                        "EXECUTE p",
                                        "DECLARE c CURSOR FOR SELECT a FROM t",
                                        "FETCH 1 FROM c",
                                        "SET search_path = s",
                                        "COPY t TO STDOUT",
                                        "COPY t FROM STDIN",
                                        "SELECT 1; COPY t FROM STDIN; COPY t TO STDOUT",
                                        ""};
  const uint8_t bits = source.u8();
  return (bits & 0x80) != 0 ? source.text(bits & 0x7f) : std::string(texts[bits % std::size(texts)]);
}

std::string of_client(fuzz::Source& source) {
  const uint8_t bits = source.u8();
  const std::string name = name_of(bits >> 4);
  const std::string other = name_of(bits >> 6);
  Writer out;
  switch (bits & 15) {
    case 0:
    case 1: return message('Q', text(statement(source)));
    case 2:
    case 3: return bytes_of(out.begin('P').text(name).text(statement(source)).u16(0).end());
    case 4:
    case 5: {
      out.begin('B').text(other).text(name).u16(0);
      const uint8_t count = source.u8() % 3;
      out.u16(count);
      for (uint8_t i = 0; i < count; ++i) {
        const std::string value = source.text(source.u8() % 8);
        out.u32(static_cast<uint32_t>(value.size())).bytes(as_bytes(value));
      }
      return bytes_of(out.u16(0).end());
    }
    case 6: return message('D', (source.flag() ? "S" : "P") + text(name));
    case 7:
    case 8: return message('E', text(name) + u32(source.u8() & 1));
    case 9: return message('C', (source.flag() ? "S" : "P") + text(name));
    case 10:
    case 11: return message('S', "");
    case 12: return message('H', "");
    case 13: return message(static_cast<char>(source.u8()), source.text());
    case 14: return message("XdcfFp"[source.u8() % 6], source.text(source.u8() % 8));
    default: return source.text();
  }
}

// What only a login may that was permitted it: calls, and a walsender's commands.
std::string of_permitted(fuzz::Source& source) {
  constexpr std::string_view commands[] = {
      "IDENTIFY_SYSTEM", "START_REPLICATION 0/0",   "START_REPLICATION SLOT s LOGICAL 0/0",
      "BASE_BACKUP",     "DROP_REPLICATION_SLOT a", "SHOW a",
      "SELECT 1"};
  const uint8_t bits = source.u8();
  Writer out;
  switch (bits & 7) {
    case 0:
    case 1: return message('Q', text(commands[(bits >> 3) % std::size(commands)]));
    case 2: return message('d', source.text(bits >> 3));
    case 3: return message("cfS"[(bits >> 3) % 3], "");
    case 4: return message('F', source.text(bits >> 3));
    default:
      out.begin('F').u32((bits & 8) != 0 ? 952 : bits).u16(1).u16(bits >> 7).u16(1);
      out.u32(bits >> 4).bytes(as_bytes(std::string(bits >> 4, 'v')));
      return bytes_of(out.u16(1).end());
  }
}

std::string of_target(fuzz::Source& source) {
  const uint8_t bits = source.u8();
  switch (bits & 15) {
    case 0: return message('Z', std::string(1, "ITE"[bits >> 4 & 1]));
    case 1: return message('C', text("SELECT 1"));
    case 2: return failure("22P02");
    case 3: return row_shape();
    case 4: return data_row("the secret");
    case 5: return message("123nsIt"[bits >> 5], (bits >> 5) == 6 ? std::string(2, '\0') : "");
    case 6: return status("client_encoding", source.flag() ? "UTF8" : "LATIN1");
    case 7: return message('N', source.text());
    case 8: return message('A', u32(1) + text("secret") + text("x"));
    case 9: return message("GHWVdcKRv"[source.u8() % 9], source.text(source.u8() % 16));
    case 10: return message(static_cast<char>(source.u8()), source.text());
    default: return source.text(source.u8() % 32);
  }
}

// As psql would; the proof's bytes are the same each time, because the kit's randomness is.
void log_in(fuzz::SessionMachine& machine, const char* replication) {
  static std::string proof;
  ScramClient client{ScramClient::Binding::None, ""};
  machine.receive(0, startup({{"user", "orders-db"}, {"database", "shop"}, {"replication", replication}}));
  machine.receive(0,
                  sasl_initial(scram_name, client.first(as_bytes(std::string_view("client-random-0001")))));
  if (proof.empty()) {
    const auto challenge = client.challenge(last_body(machine.host().output(0)).substr(4));
    FUZZ_REQUIRE(challenge.has_value());
    proof = message(
        'p', client.final(as_bytes(salted_password("password", challenge->salt, challenge->iterations))));
  }
  machine.receive(0, proof);
  machine.both([](KitHost& host) { return host.opened(1); });
  machine.receive(1, target_greeting());
  FUZZ_REQUIRE(!machine.host().ended() && types(machine.host().output(0)).ends_with('Z'));
}

// No row, no copied line, and no report of the target's, shows what is masked; a gateway's own may name what
// the client said.
void check_masked(const std::string& output) {
  MessageReader reader(as_bytes(output));
  Message next;
  while (reader.next(next) == Frame::message) {
    if (next.type == 'D' || next.type == 'd' || next.type == 'V')
      FUZZ_REQUIRE(as_text(next.body).find("secret") == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const sp_plugin plugin = quick_plugin();
  fuzz::Source source(data, size);
  const uint8_t mode = source.u8();
  KitScript script;
  if ((mode & masked) != 0)
    script.masks = {{.text = "secret", .replacement = (mode & 8) != 0 ? "******" : "[x]"}};
  if ((mode & judged) != 0) {
    script.answers = {{.verb = "DROP", .verdict = SP_DENY}, {.verb = "UPDATE", .verdict = SP_WAIT}};
  }
  if ((mode & 16) != 0) script.credential = SP_WAIT;
  if ((mode & 32) != 0) script.target_tls = SP_TARGET_TLS_REQUIRE;
  if ((mode & permitted) != 0) script.permissions = {"function-call", "replication"};
  fuzz::SessionMachine machine(plugin, script);
  const bool walsender = (mode & permitted) != 0 && (mode & 128) != 0;
  const char* const replication = !walsender ? "off" : (mode & 8) != 0 ? "database" : "on";
  if ((mode & logged_in) != 0 && (mode & 48) == 0) log_in(machine, replication);
  (void)machine.take(1);
  Server server;
  for (size_t steps = 0; steps < 100 && !source.empty() && !machine.host().ended(); ++steps) {
    switch (source.u8() % 8) {
      case 0:
      case 1:
      case 2: machine.receive(0, of_client(source)); break;
      case 3: machine.receive(1, of_target(source)); break;
      case 4: machine.receive(0, (mode & permitted) != 0 ? of_permitted(source) : source.text()); break;
      case 5: machine.event(source); break;
      default: machine.receive(1, server.answer(machine.take(1)));
    }
  }
  if ((mode & masked) != 0 && (mode & logged_in) != 0) check_masked(machine.host().output(0));
  return 0;
}
