/* plugin.c - a plugin for the echo protocol (echo.h says what it is), built from plugin.h and plugin.md
 * alone. */
#include <stdio.h>
#include <stdlib.h>

#include "echo.h"

static void* echo_open(const sp_host* host, sp_session* session, const sp_open* info) {
  struct echo* s = calloc(1, sizeof *s);
  if (!s) return NULL;
  (void)info; /* it has no TLS of its own, and no options */
  s->host = host;
  s->session = session;
  s->ticket = 1;
  return s;
}

static void echo_close(void* state) {
  struct echo* s = state;
  for (size_t i = 0; i < s->kept_count; ++i) free(s->kept[i]);
  free(s);
}

static void end_with(struct echo* s, const char* head, sp_text why, const char* reason) {
  say_text(s, 0, head, why, text(""));
  s->host->finish(s->session, SP_LEG_CLIENT, text(reason));
  s->stage = STAGE_OVER;
}

static sp_status client_event(struct echo* s, const sp_input* input) {
  if (input->events & SP_EVENT_END) { /* nothing may run any more for who has gone */
    s->host->finish(s->session, SP_LEG_CLIENT, text("the client has closed"));
    s->stage = STAGE_OVER;
    return SP_OK;
  }
  if (input->events & SP_EVENT_SHUTDOWN) {
    end_with(s, "ERR ", input->reason, "shutdown");
    return SP_OK;
  }
  if ((input->events & SP_EVENT_ANSWER) && s->credential_due && target_login(s) != SP_OK) return SP_FAULT;
  size_t at = 0;
  if (s->stage == STAGE_LOGIN) {
    const sp_status status = client_login(s, input, &at);
    if (status != SP_OK) return status;
  }
  if (s->stage != STAGE_READY) return SP_OK;
  if (input->events & SP_EVENT_TIMER) tick(s);
  if (input->events & SP_EVENT_ANSWER) go_on(s);
  return requests(s, input, at);
}

static sp_status target_event(struct echo* s, const sp_input* input) {
  if (input->events & SP_EVENT_FAILED) {
    end_with(s, "ERR cannot reach the target: ", input->reason, "target unreachable");
    return SP_OK;
  }
  sp_status status = SP_OK;
  size_t at = 0;
  if (input->events & SP_EVENT_OPENED) {
    s->is_open[input->leg - 1] = 1;
    status = target_login(s);
  }
  if (status == SP_OK && s->stage == STAGE_TARGETS && !s->is_ready[input->leg - 1])
    status = target_greeting(s, input, &at);
  if (status == SP_OK && s->stage == STAGE_READY) status = replies(s, input, at);
  if (status == SP_OK && (input->events & SP_EVENT_END) && s->stage != STAGE_OVER)
    end_with(s, "ERR the target has closed the connection", text(""), "the target has closed");
  return status;
}

static sp_status echo_feed(void* state, const sp_input* input) {
  struct echo* s = state;
  if (s->stage == STAGE_OVER) return SP_OK;
  return input->leg == SP_LEG_CLIENT ? client_event(s, input) : target_event(s, input);
}

static int echo_render(sp_direction direction, sp_bytes bytes, sp_write write, void* to) {
  size_t at = 0;
  struct frame frame;
  (void)direction;
  while (at < bytes.size && frame_parse(bytes.data + at, bytes.size - at, &frame) > 0) {
    char head[24];
    write(to, head, (size_t)snprintf(head, sizeof head, "[%u] ", frame.id));
    write(to, (const char*)frame.payload, frame.size);
    write(to, "\n", 1);
    at += HEAD_SIZE + frame.size;
  }
  if (at < bytes.size) write(to, (const char*)bytes.data + at, bytes.size - at);
  return 0;
}

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

static const sp_fact facts[] = {
    {TEXT("verb"), TEXT("the first word, or UNPARSED")},
    {TEXT("object"), TEXT("the text behind it")},
    {TEXT("field.size"), TEXT("bytes of the payload")},
};

static const sp_manifest manifest = {
    .size = sizeof(sp_manifest),
    .name = TEXT("echo"),
    .version = TEXT("1.0.0"),
    .summary = TEXT("a small multiplexed protocol"),
    .capabilities = SP_CAN_MASK | SP_CAN_HOLD | SP_CAN_MULTIPLEX,
    .facts = facts,
    .fact_count = sizeof facts / sizeof facts[0],
};

const sp_plugin sallyport_plugin = {
    .magic = SP_MAGIC,
    .abi_major = SP_ABI_MAJOR,
    .abi_minor = SP_ABI_MINOR,
    .size = sizeof(sp_plugin),
    .manifest = &manifest,
    .open = echo_open,
    .feed = echo_feed,
    .close = echo_close,
    .classify = echo_classify,
    .render = echo_render,
};
