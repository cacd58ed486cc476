/* request.c - frames of the client: asked one by one, each under a ticket of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "echo.h"

struct facts {
  sp_command command;
  sp_text object;
  sp_pair size;
  char digits[16];
};

/* The verb is the first word, in capitals; anything else is UNPARSED. */
static void read_facts(sp_text payload, struct facts* out) {
  memset(out, 0, sizeof *out);
  size_t word = 0;
  while (word < payload.size && payload.data[word] >= 'A' && payload.data[word] <= 'Z') ++word;
  const int is_known = word != 0 && word <= 16 && (word == payload.size || payload.data[word] == ' ');
  out->command.size = sizeof out->command;
  out->command.verb = is_known ? (sp_text){payload.data, word} : text("UNPARSED");
  if (is_known && word + 1 < payload.size) {
    out->object = (sp_text){payload.data + word + 1, payload.size - word - 1};
    out->command.objects = &out->object;
    out->command.object_count = 1;
  }
  snprintf(out->digits, sizeof out->digits, "%zu", payload.size);
  out->size = (sp_pair){text("size"), text(out->digits)};
  out->command.fields = &out->size;
  out->command.field_count = 1;
}

/* The stream's number is no part of the binding: it changes by accident. */
static sp_ask ask_of(const struct facts* facts, sp_text payload, uint64_t ticket) {
  return (sp_ask){.size = sizeof(sp_ask),
                  .ticket = ticket,
                  .stage = SP_STAGE_EXECUTE,
                  .commands = &facts->command,
                  .command_count = 1,
                  .text = payload,
                  .binding = {(const uint8_t*)payload.data, payload.size}};
}

static int judge(struct echo* s, sp_text payload, uint64_t ticket, sp_answer* answer) {
  struct facts facts;
  read_facts(payload, &facts);
  const sp_ask ask = ask_of(&facts, payload, ticket);
  return s->host->ask(s->session, &ask, answer);
}

static void tell_activity(struct echo* s) {
  int is_busy = s->kept_count != 0;
  for (size_t i = 0; i < STREAM_COUNT_MAX; ++i) is_busy |= s->streams[i].id != 0 && s->streams[i].is_owed;
  s->host->activity(s->session, is_busy ? SP_BUSY : SP_IDLE);
}

/* 0: no memory. The caller has made sure that there is room in the table. */
static int keep(struct echo* s, const struct frame* frame, uint64_t ticket) {
  struct kept* kept = malloc(sizeof *kept);
  if (!kept) return 0;
  kept->ticket = ticket;
  kept->id = frame->id;
  kept->size = frame->size;
  memcpy(kept->payload, frame->payload, frame->size);
  s->kept[s->kept_count++] = kept;
  return 1;
}

static void forget(struct echo* s, size_t index) {
  free(s->kept[index]);
  memmove(&s->kept[index], &s->kept[index + 1], (--s->kept_count - index) * sizeof s->kept[0]);
}

static int has_kept(const struct echo* s, uint32_t id) {
  for (size_t i = 0; i < s->kept_count; ++i) {
    if (s->kept[i]->id == id) return 1;
  }
  return 0;
}

/* A frame as it has come; nothing of its stream is before it. Returns -1 for a fault, 0 where it has to be
 * kept. */
static int send_now(struct echo* s, struct stream* stream, const struct frame* frame) {
  const uint64_t size = HEAD_SIZE + frame->size;
  if (frame->size == 0) { /* the stream's end: recorded, passed, not answered */
    if (s->host->note(s->session, text("close"), (sp_bytes){NULL, 0}) < 0) return -1;
    s->host->pass(s->session, SP_LEG_CLIENT, leg_of(frame->id), size, 0);
    *stream = (struct stream){0};
    return 1;
  }
  sp_answer answer = {.size = sizeof answer};
  const uint64_t ticket = s->ticket++;
  const int verdict = judge(s, (sp_text){(const char*)frame->payload, frame->size}, ticket, &answer);
  if (verdict < 0) return -1;
  if (verdict == SP_ALLOW) {
    s->host->pass(s->session, SP_LEG_CLIENT, leg_of(frame->id), size, 0);
    stream->is_owed = 1;
    return 1;
  }
  if (verdict == SP_WAIT) {
    if (!keep(s, frame, ticket)) return -1;
    stream->is_held = 1;
  }
  s->host->drop(s->session, SP_LEG_CLIENT, size);
  say_text(s, frame->id, verdict == SP_WAIT ? "WAIT " : "ERR ", answer.message, answer.detail);
  return 1;
}

sp_status requests(struct echo* s, const sp_input* input, size_t at) {
  while (s->stage == STAGE_READY) {
    struct frame frame;
    const int found = frame_parse(input->data + at, input->data_size - at, &frame);
    if (found == 0) break;
    if (found < 0 || frame.id == 0) return SP_FAULT;
    /* Memory is full: everybody waits, until a stream goes on. */
    if (s->kept_count == KEPT_COUNT_MAX) {
      s->host->pause(s->session, SP_LEG_CLIENT);
      break;
    }
    struct stream* stream = stream_make(s, frame.id);
    if (!stream) {
      s->host->drop(s->session, SP_LEG_CLIENT, HEAD_SIZE + frame.size);
      say_text(s, frame.id, "ERR too many streams", text(""), text(""));
    } else if (stream->is_owed || has_kept(s, frame.id)) {
      if (!keep(s, &frame, 0)) return SP_FAULT;
      s->host->drop(s->session, SP_LEG_CLIENT, HEAD_SIZE + frame.size);
    } else if (send_now(s, stream, &frame) < 0) {
      return SP_FAULT;
    }
    at += HEAD_SIZE + frame.size;
  }
  tell_activity(s);
  return SP_OK;
}

/* The first kept frame of a stream that owes nothing. 1: it is no longer kept. */
static int try_kept(struct echo* s, size_t index) {
  struct kept* kept = s->kept[index];
  struct stream* stream = stream_find(s, kept->id);
  if (!stream || stream->is_owed) return 0;
  if (kept->size == 0) {
    /* Without `pass` there is no unit to note: what is emitted is on the record as the gateway's own. */
    say_frame(s, leg_of(kept->id), kept->id, "", 0);
    *stream = (struct stream){0};
    forget(s, index);
    return 1;
  }
  const int is_new = kept->ticket == 0;
  if (is_new) kept->ticket = s->ticket++;
  sp_answer answer = {.size = sizeof answer};
  const int verdict = judge(s, (sp_text){(const char*)kept->payload, kept->size}, kept->ticket, &answer);
  if (verdict < 0) return 0;
  stream->is_held = verdict == SP_WAIT;
  if (verdict == SP_WAIT) {
    if (is_new) say_text(s, kept->id, "WAIT ", answer.message, answer.detail);
    return 0;
  }
  if (verdict == SP_ALLOW) {
    say_frame(s, leg_of(kept->id), kept->id, kept->payload, kept->size);
    stream->is_owed = 1;
  } else {
    say_text(s, kept->id, "ERR ", answer.message, answer.detail);
  }
  forget(s, index);
  return 1;
}

/* An answer came, or a reply was over: each stream's oldest kept frame is tried. */
void go_on(struct echo* s) {
  for (size_t i = 0; i < s->kept_count;) {
    int is_first = 1;
    for (size_t k = 0; k < i; ++k) is_first &= s->kept[k]->id != s->kept[i]->id;
    if (!is_first || !try_kept(s, i)) ++i;
  }
  tell_activity(s);
}

int echo_classify(sp_text line, void (*found)(void* to, const sp_ask* ask), void* to) {
  struct facts facts;
  if (line.size > FRAME_SIZE_MAX) return SP_ERROR_LIMIT;
  if (line.size == 0) line = text("");
  read_facts(line, &facts);
  const sp_ask ask = ask_of(&facts, line, 1);
  found(to, &ask);
  return 0;
}
