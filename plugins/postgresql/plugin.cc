// The plugin's one exported symbol, and the C functions behind it.
#include "plugins/plugin.h"

#include <new>

#include "plugins/postgresql/judge.h"
#include "plugins/postgresql/manifest.h"
#include "plugins/postgresql/render.h"
#include "plugins/postgresql/session.h"
#include "plugins/postgresql/sql/classify.h"

namespace sallyport::pg {

namespace {

void* open(const sp_host* host, sp_session* session, const sp_open* info) {
  return new (std::nothrow) Session({host, session}, *info);
}

sp_status feed(void* state, const sp_input* input) { return static_cast<Session*>(state)->feed(*input); }

void close(void* state) { delete static_cast<Session*>(state); }

int classify(sp_text text, void (*found)(void* to, const sp_ask* ask), void* to) {
  if (found == nullptr) return SP_ERROR_ARGUMENT;
  sql::Classifier classifier;
  const std::string_view statement = view_of(text);
  const auto facts = Facts::of(std::make_shared<const sql::Classification>(classifier.classify(statement)));
  Judge judge;
  const Ledger nothing;
  if (!judge.build({.facts = facts, .text = statement}, nothing, {})) return SP_ERROR_STATE;
  const sp_ask ask = judge.ask(SP_STAGE_EXECUTE, 1, 0);
  found(to, &ask);
  return 0;
}

int render(sp_direction direction, sp_bytes bytes, sp_write write, void* to) {
  if (write == nullptr) return SP_ERROR_ARGUMENT;
  render_text(direction, Bytes(bytes.data, bytes.size), write, to);
  return 0;
}

}  // namespace

}  // namespace sallyport::pg

constinit const sp_plugin sallyport_plugin = {
    .magic = SP_MAGIC,
    .abi_major = SP_ABI_MAJOR,
    .abi_minor = SP_ABI_MINOR,
    .reserved = 0,
    .size = sizeof(sp_plugin),
    .manifest = &sallyport::pg::manifest,
    .open = sallyport::pg::open,
    .feed = sallyport::pg::feed,
    .close = sallyport::pg::close,
    .classify = sallyport::pg::classify,
    .render = sallyport::pg::render,
};
