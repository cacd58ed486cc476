/* SPDX-License-Identifier: MIT-0
 *
 * A complete plugin for a toy protocol, as a tutorial. Copy it with `sallyport plugin new NAME`, and read it
 * beside plugins/plugin.md, which says why each step is as it is. It needs plugin.h and a C compiler:
 *
 *   cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden -I DIRECTORY_OF_PLUGIN_H -o skeleton.so *.c
 *
 * The protocol, LINES: every message is a line that ends with \n and has at most LINE_SIZE_MAX bytes.
 *   client: USER PASSWORD            then commands, one at a time or many at once:
 *           GET key | PUT key text | DEL key | LIST | QUIT
 *   server: OK ... or ERR ...        after the login, and as the end of each reply
 *           VALUE key text           any number of them before that end
 *           DATA size                followed by that many raw bytes, also before the end
 *           WAIT ...                 only the gateway says it: a person must approve first
 *
 * Read on in lines.h (a session's memory), login.c, request.c, reply.c; the plugin itself stands here, its
 * manifest at the end.
 */
#include <stdlib.h>

#include "lines.h"

static void* lines_open(const sp_host* host, sp_session* session, const sp_open* info) {
  struct lines* s = calloc(1, sizeof *s);
  if (!s) return NULL;
  (void)info; /* LINES has no TLS of its own, and no options */
  s->host = host;
  s->session = session;
  s->ticket = 1;
  return s;
}

static sp_status client_event(struct lines* s, const sp_input* input) {
  if (input->events & SP_EVENT_END) { /* nothing more to answer, nothing may run any more */
    end_session(s, "the client has closed");
    return SP_OK;
  }
  if ((input->events & SP_EVENT_ANSWER) && s->credential_due) {
    const sp_status status = target_login(s);
    if (status != SP_OK) return status;
  }
  if (input->events & SP_EVENT_SHUTDOWN) {
    say_line(s, "ERR ", input->reason, text(""));
    end_session(s, "shutdown");
  }
  switch (s->stage) {
    case STAGE_LOGIN: return client_login(s, input);
    case STAGE_READY: return requests(s, input);
    case STAGE_CONNECTING:   /* a client that does not wait for our OK: */
    case STAGE_TARGET_LOGIN: /* its bytes stay unconsumed until we are ready */
    case STAGE_OVER: return SP_OK;
  }
  return SP_FAULT;
}

static sp_status target_event(struct lines* s, const sp_input* input) {
  if (input->events & SP_EVENT_FAILED) {
    say_line(s, "ERR cannot reach the target: ", input->reason, text(""));
    end_session(s, "target unreachable");
    return SP_OK;
  }
  if (input->events & SP_EVENT_OPENED) {
    s->stage = STAGE_TARGET_LOGIN;
    const sp_status status = target_login(s);
    if (status != SP_OK) return status;
  }
  sp_status status = SP_OK;
  size_t at = 0;
  if (s->stage == STAGE_TARGET_LOGIN && !s->credential_due) status = target_greeting(s, input, &at);
  /* What stands behind the greeting is looked at now, as if it had come alone. */
  if (status == SP_OK && s->stage == STAGE_READY) status = replies(s, input, at);
  if (status == SP_OK && (input->events & SP_EVENT_END) && s->stage != STAGE_OVER) {
    say_line(s, "ERR ", text("the target has closed the connection"), text(""));
    end_session(s, "the target has closed");
  }
  return status;
}

static sp_status lines_feed(void* state, const sp_input* input) {
  struct lines* s = state;
  if (s->stage == STAGE_OVER) return SP_OK;
  return input->leg == SP_LEG_CLIENT ? client_event(s, input) : target_event(s, input);
}

static void lines_close(void* state) { free(state); }

/* For `sallyport replay` and `show`: LINES is readable as it is. */
static int lines_render(sp_direction direction, sp_bytes bytes, sp_write write, void* to) {
  (void)direction;
  write(to, (const char*)bytes.data, bytes.size);
  return 0;
}

/* ---- What the plugin says of itself ---- */

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static const sp_fact facts[] = {
    {TEXT("verb"), TEXT("GET, PUT, DEL, LIST, or UNPARSED")},
    {TEXT("object"), TEXT("the key")},
    {TEXT("field.size"), TEXT("bytes that a PUT stores")},
};

static const sp_text reading_verbs[] = {TEXT("GET"), TEXT("LIST")};
static const sp_text destructive_verbs[] = {TEXT("DEL")};
static const sp_condition reading[] = {{TEXT("verb"), reading_verbs, 2}};
static const sp_condition destructive[] = {{TEXT("verb"), destructive_verbs, 1}};
static const sp_clause reading_clause[] = {{reading, 1}};
static const sp_clause destructive_clause[] = {{destructive, 1}};
static const sp_rule_set sets[] = {
    {TEXT("lines/read-only"), TEXT("commands that change nothing"), reading_clause, 1},
    {TEXT("lines/destructive"), TEXT("commands that remove what was stored"), destructive_clause, 1},
};

static const sp_manifest manifest = {
    .size = sizeof(sp_manifest),
    .name = TEXT("lines"),
    .version = TEXT("1.0.0"),
    .summary = TEXT("the tutorial's line protocol"),
    .capabilities = SP_CAN_MASK | SP_CAN_HOLD,
    .facts = facts,
    .fact_count = sizeof facts / sizeof facts[0],
    .sets = sets,
    .set_count = sizeof sets / sizeof sets[0],
};

const sp_plugin sallyport_plugin = {
    .magic = SP_MAGIC,
    .abi_major = SP_ABI_MAJOR,
    .abi_minor = SP_ABI_MINOR,
    .size = sizeof(sp_plugin),
    .manifest = &manifest,
    .open = lines_open,
    .feed = lines_feed,
    .close = lines_close,
    .classify = lines_classify,
    .render = lines_render,
};
