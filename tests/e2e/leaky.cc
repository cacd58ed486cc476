// The PostgreSQL plugin with one fault: it takes every column as one that no mask touches. Rows pass as the
// target sent them.
#include <new>

#include "plugins/plugin.h"
#include "plugins/postgresql/judge.h"
#include "plugins/postgresql/manifest.h"
#include "plugins/postgresql/session.h"
#include "plugins/postgresql/sql/classify.h"

namespace sallyport::pg {

namespace {

sp_field_id no_field(sp_session* session, const sp_field* field) {
  (void)session;
  (void)field;
  return SP_FIELD_CLEAR;
}

void* open(const sp_host* host, sp_session* session, const sp_open* info) {
  // One host for all sessions of a process, which lives as long.
  static sp_host leaky = [host] {
    sp_host made = *host;
    made.field = no_field;
    return made;
  }();
  return new (std::nothrow) Session({&leaky, session}, *info);
}

sp_status feed(void* state, const sp_input* input) { return static_cast<Session*>(state)->feed(*input); }

void close(void* state) { delete static_cast<Session*>(state); }

int classify(sp_text text, void (*found)(void* to, const sp_ask* ask), void* to) {
  sql::Classifier classifier;
  const std::string_view statement(text.data, text.size);
  const auto facts = Facts::of(std::make_shared<const sql::Classification>(classifier.classify(statement)));
  Judge judge;
  const Ledger nothing;
  if (!judge.build({.facts = facts, .text = statement}, nothing, {})) return SP_ERROR_STATE;
  const sp_ask ask = judge.ask(SP_STAGE_EXECUTE, 1, 0);
  found(to, &ask);
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
    .render = nullptr,
};
