// The PostgreSQL plugin with one fault: it takes every column as one that no mask touches. Rows pass as the
// target sent them.
#include "plugins/plugin.h"

#define sallyport_plugin sound_plugin
#include "plugins/postgresql/plugin.cc"  // all of it but the name
#undef sallyport_plugin

namespace sallyport::pg {

namespace {

sp_field_id no_field(sp_session*, const sp_field*) { return SP_FIELD_CLEAR; }

void* open_leaky(const sp_host* host, sp_session* session, const sp_open* info) {
  // One host for all sessions of a process, which lives as long.
  static const sp_host leaky = [host] {
    sp_host made = *host;
    made.field = no_field;
    return made;
  }();
  return sound_plugin.open(&leaky, session, info);
}

}  // namespace

}  // namespace sallyport::pg

const sp_plugin sallyport_plugin = [] {
  sp_plugin made = sound_plugin;
  made.open = sallyport::pg::open_leaky;
  return made;
}();
