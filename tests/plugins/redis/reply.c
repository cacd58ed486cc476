/* reply.c - what comes back: found element by element, masked in batches, passed without a copy. */
#include <stdio.h>

#include "redis.h"

#define BATCH_MAX 128u /* elements that are masked with one call */

struct item {
  struct token token;
  size_t offset; /* in `data` */
  int span;      /* -1: nothing in it can be masked */
};

struct batch {
  struct item items[BATCH_MAX];
  sp_span spans[BATCH_MAX];
  sp_masked masked[BATCH_MAX];
  size_t count, span_count, run; /* run: bytes that are to be passed with the next ones */
  int is_over;                   /* the last item ends its reply */
  int looks;                     /* a mask could apply at all */
};

/* ---- What a mask made of an element ---- */

static void flush(struct redis* s, struct batch* b) {
  if (b->run) s->host->pass(s->session, SP_LEG_TARGET, SP_LEG_CLIENT, b->run, 0);
  b->run = 0;
}

static void say_nothing(struct redis* s, uint8_t type) {
  if (type == '+') return say(s, SP_LEG_CLIENT, "+[withheld]\r\n", 13);
  if (type == '-') return say(s, SP_LEG_CLIENT, "-ERR [withheld]\r\n", 17);
  if (type == '!') return say(s, SP_LEG_CLIENT, "!14\r\nERR [withheld]\r\n", 21);
  if (s->proto == 3) return say(s, SP_LEG_CLIENT, "_\r\n", 3);
  say(s, SP_LEG_CLIENT, "$-1\r\n", 5);
}

/* Whether what a mask left is still what its type says. */
static int is_valid(uint8_t type, const uint8_t* data, size_t size) {
  int64_t number = 0;
  size_t digits = 0;
  switch (type) {
    case ':': return number_parse((const char*)data, size, &number);
    case ',':
    case '(':
      for (size_t i = 0; i < size; ++i) {
        digits += data[i] >= '0' && data[i] <= '9';
        if (!memchr(type == ',' ? "0123456789+-.eE" : "0123456789+-", data[i], type == ',' ? 15 : 12))
          return 0;
      }
      return digits != 0;
    case '+':
    case '-': return size == 0 || (!memchr(data, '\r', size) && !memchr(data, '\n', size));
    default: return 1;
  }
}

static void say_value(struct redis* s, const uint8_t* old, const struct token* token, const uint8_t* data,
                      size_t size) {
  char head[32];
  if (token->type == '$' || token->type == '!' || token->type == '=') {
    const int is_verbatim = token->type == '=';
    say(s, SP_LEG_CLIENT, head,
        (size_t)snprintf(head, sizeof head, "%c%zu\r\n", token->type, size + (is_verbatim ? 4 : 0)));
    if (is_verbatim) say(s, SP_LEG_CLIENT, (const char*)old + token->value - 4, 4);
  } else {
    say(s, SP_LEG_CLIENT, (const char*)&token->type, 1);
  }
  say(s, SP_LEG_CLIENT, (const char*)data, size);
  say(s, SP_LEG_CLIENT, "\r\n", 2);
}

static void put(struct redis* s, const uint8_t* data, struct batch* b, const struct item* item) {
  const struct token* token = &item->token;
  const uint8_t* at = data + item->offset;
  const struct pending* front = oldest(s);
  if (front && front->kind == PENDING_DROPPED && !is_push(s)) {
    flush(s, b);
    s->host->drop(s->session, SP_LEG_TARGET, token->size);
    return;
  }
  sp_mask_outcome outcome = item->span < 0 ? SP_MASK_UNCHANGED : b->masked[item->span].outcome;
  const sp_bytes other = item->span < 0 ? (sp_bytes){NULL, 0} : b->masked[item->span].replacement;
  if (outcome == SP_MASK_EDITED && !is_valid(token->type, at + token->value, token->value_size))
    outcome = SP_MASK_WITHHELD;
  if (outcome == SP_MASK_REPLACED && !is_valid(token->type, other.data, other.size))
    outcome = SP_MASK_WITHHELD;
  if (outcome == SP_MASK_UNCHANGED || outcome == SP_MASK_EDITED) {
    b->run += token->size;
    return;
  }
  flush(s, b);
  s->host->drop(s->session, SP_LEG_TARGET, token->size);
  if (outcome == SP_MASK_REPLACED) return say_value(s, at, token, other.data, other.size);
  say_nothing(s, token->type);
}

/* ---- Batches ---- */

/* The next element; RESP_OK: it is in the batch. */
static enum resp_found collect(struct redis* s, const sp_input* input, size_t at, struct batch* b) {
  struct item* item = &b->items[b->count];
  const uint8_t* data = input->data + at;
  const enum resp_found found = token_parse(data, input->data_size - at, s->proto, &item->token);
  if (found != RESP_OK) return found;
  const struct token* token = &item->token;
  if (s->depth == 0) {
    begin_value(s, token);
    if (token->type != '>' && !s->maybe_push && s->pending_count == 0) return RESP_BAD;
  }
  item->offset = at;
  item->span = -1;
  const int has_value = !is_aggregate(token->type) && token->count >= 0 && token->type != '_';
  if (b->looks && has_value) {
    const sp_field_id field = name_value(s, data, token);
    if (field != SP_FIELD_CLEAR) {
      item->span = (int)b->span_count;
      b->spans[b->span_count++] =
          (sp_span){.offset = at + token->value, .size = token->value_size, .field = field};
    }
  }
  look_at(s, data, token);
  const int over = step(s, token);
  if (over < 0) return RESP_BAD;
  ++b->count;
  b->is_over = over == 1;
  return RESP_OK;
}

/* A value that is larger than anybody looks into: passed as credit where no mask can apply, else withheld. */
static void stream(struct redis* s, const uint8_t* data, const struct token* token, int looks) {
  if (s->depth == 0) begin_value(s, token);
  const int is_clear = !looks || name_value(s, data, token) == SP_FIELD_CLEAR;
  const struct pending* front = oldest(s);
  const int is_dropped = front && front->kind == PENDING_DROPPED;
  const uint64_t size = token->size + token->value_size;
  s->tail = is_clear && !is_dropped ? TAIL_PASSED : TAIL_DROPPED;
  s->name_size = NAME_SIZE_MAX + 1;
  if (s->tail == TAIL_PASSED) {
    s->host->pass(s->session, SP_LEG_TARGET, SP_LEG_CLIENT, size, 0);
  } else {
    s->host->drop(s->session, SP_LEG_TARGET, size);
    if (!is_dropped) say_nothing(s, '$');
  }
}

/* The CRLF behind a streamed value. */
static enum resp_found end_stream(struct redis* s, const sp_input* input, size_t at, int* is_over) {
  if (input->data_size - at < 2) return RESP_MORE;
  if (memcmp(input->data + at, "\r\n", 2) != 0) return RESP_BAD;
  if (s->tail == TAIL_PASSED) {
    s->host->pass(s->session, SP_LEG_TARGET, SP_LEG_CLIENT, 2, 0);
  } else {
    s->host->drop(s->session, SP_LEG_TARGET, 2);
  }
  s->tail = TAIL_NONE;
  const struct token token = {.type = '$'};
  *is_over = step(s, &token) == 1;
  return RESP_OK;
}

sp_status replies(struct redis* s, const sp_input* input, size_t at) {
  const sp_field any = {.size = sizeof any};
  while (s->stage == STAGE_READY) {
    struct batch b;
    b.count = b.span_count = b.run = 0;
    b.is_over = 0;
    s->host->fields_reset(s->session);
    b.looks = s->host->field(s->session, &any) != SP_FIELD_CLEAR;
    enum resp_found found = RESP_OK;
    if (s->tail != TAIL_NONE) {
      found = end_stream(s, input, at, &b.is_over);
      if (found == RESP_OK) at += 2;
    } else {
      size_t to = at;
      while (found == RESP_OK && b.count < BATCH_MAX && !b.is_over) {
        found = collect(s, input, to, &b);
        if (found == RESP_OK) to += b.items[b.count - 1].token.size;
      }
      if (b.span_count && s->host->mask(s->session, b.spans, b.span_count, b.masked) < 0) return SP_FAULT;
      for (size_t i = 0; i < b.count; ++i) put(s, input->data, &b, &b.items[i]);
      flush(s, &b);
      at = to;
    }
    if (b.is_over && end_value(s) != SP_OK) return SP_FAULT;
    if (b.count == 0 && found == RESP_LARGE) {
      struct token token;
      token_parse(input->data + at, input->data_size - at, s->proto, &token);
      if (s->depth == 0 && s->pending_count == 0) return SP_FAULT;
      stream(s, input->data + at, &token, b.looks);
      if (token.size + token.value_size > input->data_size - at)
        return SP_OK; /* credit: behind it we are fed again */
      at += token.size + token.value_size;
      continue;
    }
    if (found == RESP_BAD) return SP_FAULT;
    if (found == RESP_MORE) return SP_OK;
  }
  return SP_OK;
}
