// The plugin's one exported symbol, and the C functions behind it.
#include "plugins/plugin.h"

#include <new>

#include "plugins/http/facts.h"
#include "plugins/http/manifest.h"
#include "plugins/http/session.h"

namespace sallyport::http {

namespace {

void* open(const sp_host* host, sp_session* session, const sp_open* info) {
  return new (std::nothrow) Session(host, session, *info);
}

sp_status feed(void* state, const sp_input* input) { return static_cast<Session*>(state)->feed(*input); }

void close(void* state) { delete static_cast<Session*>(state); }

int classify(sp_text text, void (*found)(void* to, const sp_ask* ask), void* to) {
  if (found == nullptr) return SP_ERROR_ARGUMENT;
  const auto written = parse_written(view_of(text));
  if (!written) return SP_ERROR_ARGUMENT;
  auto facts = Facts::of(written->head, written->head.path, written->body, true);
  if (!facts) return SP_ERROR_ARGUMENT;
  found(to, &facts->ask(1, 0));
  return 0;
}

// Both directions are text but for bodies that are none.
int render(sp_direction, sp_bytes bytes, sp_write write, void* to) {
  if (write == nullptr) return SP_ERROR_ARGUMENT;
  write(to, reinterpret_cast<const char*>(bytes.data), bytes.size);
  return 0;
}

}  // namespace

}  // namespace sallyport::http

constinit const sp_plugin sallyport_plugin = {
    .magic = SP_MAGIC,
    .abi_major = SP_ABI_MAJOR,
    .abi_minor = SP_ABI_MINOR,
    .reserved = 0,
    .size = sizeof(sp_plugin),
    .manifest = &sallyport::http::manifest,
    .open = sallyport::http::open,
    .feed = sallyport::http::feed,
    .close = sallyport::http::close,
    .classify = sallyport::http::classify,
    .render = sallyport::http::render,
};
