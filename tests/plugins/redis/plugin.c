/* plugin.c - a plugin for Redis (RESP2 and RESP3), built from plugin.h and plugin.md alone:
 *
 *   cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden -I DIRECTORY_OF_PLUGIN_H -o redis.so *.c
 *
 * Read on in redis.h (a session's memory), login.c, request.c, judge.c, reply.c. The manifest stands at the
 * end.
 */
#include <stdlib.h>

#include "redis.h"

static void* redis_open(const sp_host* host, sp_session* session, const sp_open* info) {
  struct redis* s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->host = host;
  s->session = session;
  s->tls_offered = info->client_tls_offered != 0 || info->client_tls_required != 0;
  s->tls_required = info->client_tls_required != 0;
  s->proto = 2;
  s->ticket = 1;
  return s;
}

static void redis_close(void* state) {
  struct redis* s = state;
  end_transaction(s);
  while (s->pending_count != 0) settle(s);
  free(s);
}

void tell_activity(struct redis* s) {
  const int idle = s->pending_count == 0 && !s->waiting;
  s->host->activity(s->session, !idle ? SP_BUSY : s->transaction ? SP_IDLE_IN_TRANSACTION : SP_IDLE);
}

static void last_words(struct redis* s, const char* head, sp_text why, const char* reason) {
  /* Not into the middle of a reply. */
  if (s->depth == 0 && s->tail == TAIL_NONE) {
    say(s, SP_LEG_CLIENT, head, strlen(head));
    for (size_t i = 0; i < why.size; ++i)
      say(s, SP_LEG_CLIENT, why.data[i] == '\r' || why.data[i] == '\n' ? " " : why.data + i, 1);
    say(s, SP_LEG_CLIENT, "\r\n", 2);
  }
  end_session(s, reason);
}

/* Redis speaks TLS from the first byte on, or not at all. 0: the first byte is not here yet, or a handshake
 * began. */
static int settle_client_tls(struct redis* s, const sp_input* input) {
  if (s->tls || !s->tls_offered || input->data_size == 0) return input->data_size != 0;
  if (input->data[0] == 0x16) {
    s->stage = STAGE_CLIENT_TLS;
    s->host->tls(s->session, SP_LEG_CLIENT, 1);
    return 0;
  }
  if (!s->tls_required) return 1;
  last_words(s, "-ERR this listener takes TLS alone", text(""), "plaintext where TLS is required");
  return 0;
}

static sp_status client_event(struct redis* s, const sp_input* input) {
  if (input->events & SP_EVENT_END) { /* nothing more to answer, nothing may run any more */
    end_session(s, "the client has closed");
    return SP_OK;
  }
  if (input->events & SP_EVENT_SHUTDOWN) {
    last_words(s, "-ERR ", input->reason, "shutdown");
    return SP_OK;
  }
  if (input->events & SP_EVENT_FAILED) return SP_FAULT;
  if (input->events & SP_EVENT_TLS) {
    s->tls = 1;
    s->stage = STAGE_LOGIN;
  }
  if ((input->events & SP_EVENT_ANSWER) && s->credential_due) {
    const sp_status status = target_login(s);
    if (status != SP_OK) return status;
  }
  switch (s->stage) {
    case STAGE_LOGIN: return settle_client_tls(s, input) ? client_login(s, input) : SP_OK;
    case STAGE_READY: return requests(s, input);
    case STAGE_CLIENT_TLS:
    case STAGE_CONNECTING: /* a client that does not wait: its bytes stay unconsumed until we are ready */
    case STAGE_TARGET_TLS:
    case STAGE_TARGET_LOGIN: s->host->pause(s->session, SP_LEG_CLIENT); return SP_OK;
    case STAGE_OVER: return SP_OK;
  }
  return SP_FAULT;
}

static sp_status target_event(struct redis* s, const sp_input* input) {
  if (input->events & SP_EVENT_FAILED) {
    last_words(s, "-ERR cannot reach the target: ", input->reason, "target unreachable");
    return SP_OK;
  }
  sp_status status = SP_OK;
  if (input->events & (SP_EVENT_OPENED | SP_EVENT_TLS)) status = target_opened(s);
  size_t at = 0;
  if (status == SP_OK && s->stage == STAGE_TARGET_LOGIN && !s->credential_due)
    status = target_greeting(s, input, &at);
  if (status == SP_OK && s->stage == STAGE_READY) status = replies(s, input, at);
  if (status == SP_OK && (input->events & SP_EVENT_END) && s->stage != STAGE_OVER)
    last_words(s, "-ERR the target has closed the connection", text(""), "the target has closed");
  return status;
}

static sp_status redis_feed(void* state, const sp_input* input) {
  struct redis* s = state;
  if (s->stage == STAGE_OVER) return SP_OK;
  return input->leg == SP_LEG_CLIENT ? client_event(s, input) : target_event(s, input);
}

/* ---- What the plugin says of itself ---- */

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static const sp_fact facts[] = {
    {TEXT("verb"), TEXT("the command in capitals, a subcommand behind a space (CONFIG SET), or UNPARSED")},
    {TEXT("object"), TEXT("the keys, or the channels of SUBSCRIBE and PUBLISH")},
    {TEXT("field.effect"), TEXT("read, write or admin; none of what is UNPARSED")},
    {TEXT("field.db"), TEXT("the number of the database")},
    {TEXT("field.keys"), TEXT("how many keys")},
};

static const sp_text read_effect[] = {TEXT("read")};
static const sp_text admin_effect[] = {TEXT("admin")};
static const sp_text removing[] = {TEXT("DEL"),      TEXT("UNLINK"),  TEXT("GETDEL"),
                                   TEXT("FLUSHALL"), TEXT("FLUSHDB"), TEXT("RENAME"),
                                   TEXT("MOVE"),     TEXT("LTRIM"),   TEXT("XTRIM")};
static const sp_condition reading[] = {{TEXT("field.effect"), read_effect, 1}};
static const sp_condition administering[] = {{TEXT("field.effect"), admin_effect, 1}};
static const sp_condition destroying[] = {{TEXT("verb"), removing, sizeof removing / sizeof removing[0]}};
static const sp_clause read_only[] = {{reading, 1}};
static const sp_clause dangerous[] = {{administering, 1}};
static const sp_clause destructive[] = {{destroying, 1}};
static const sp_rule_set sets[] = {
    {TEXT("redis/read-only"), TEXT("commands that change nothing"), read_only, 1},
    {TEXT("redis/dangerous"), TEXT("FLUSHALL, CONFIG, EVAL, ACL and what else is an operator's"), dangerous,
     1},
    {TEXT("redis/destructive"), TEXT("commands that remove keys"), destructive, 1},
};

static const sp_permission permissions[] = {
    {TEXT("scripts"), TEXT("EVAL, FCALL, SCRIPT and FUNCTION: what they compute cannot be masked"),
     SP_PERMISSION_UNMASKED},
    {TEXT("databases"), TEXT("SELECT, MOVE and SWAPDB: other databases than the target's"), 0},
};

static const sp_manifest manifest = {
    .size = sizeof(sp_manifest),
    .name = TEXT("redis"),
    .version = TEXT("1.0.0"),
    .summary = TEXT("Redis: RESP2 and RESP3"),
    .capabilities = SP_CAN_MASK | SP_CAN_HOLD | SP_CAN_TLS,
    .facts = facts,
    .fact_count = sizeof facts / sizeof facts[0],
    .sets = sets,
    .set_count = sizeof sets / sizeof sets[0],
    .permissions = permissions,
    .permission_count = sizeof permissions / sizeof permissions[0],
};

const sp_plugin sallyport_plugin = {
    .magic = SP_MAGIC,
    .abi_major = SP_ABI_MAJOR,
    .abi_minor = SP_ABI_MINOR,
    .size = sizeof(sp_plugin),
    .manifest = &manifest,
    .open = redis_open,
    .feed = redis_feed,
    .close = redis_close,
    .classify = redis_classify,
    .render = redis_render,
};
