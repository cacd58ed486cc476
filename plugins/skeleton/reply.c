/* SPDX-License-Identifier: MIT-0
 *
 * reply.c - what comes back: found line by line, masked in batches, passed without a copy.
 */
#include "lines.h"

#define BATCH_MAX 64u /* reply lines that are masked with one call */

struct reply {
  size_t offset, size; /* of the line in `data`, \n included */
  uint64_t blob;       /* raw bytes behind a DATA line */
  sp_text head;        /* what stands before the value: "VALUE key ", "OK " */
  int end;             /* OK or ERR: the reply is over */
};

/* Reads the line at `offset`. Returns 0, or -1 when the target broke the protocol. */
static int parse_reply(const uint8_t* data, size_t offset, size_t size, struct reply* out, sp_text* label) {
  const sp_text line = {(const char*)data + offset, size - 1};
  sp_text rest = line;
  const sp_text word = cut_word(&rest);
  memset(out, 0, sizeof *out);
  out->offset = offset;
  out->size = size;
  out->end = is(word, "OK") || is(word, "ERR");
  *label = word;
  if (is(word, "VALUE")) {
    *label = cut_word(&rest);
    if (!is_key(*label)) return -1;
  } else if (is(word, "DATA")) {
    if (rest.size == 0 || rest.size > 10) return -1;
    for (size_t i = 0; i < rest.size; ++i) {
      if (rest.data[i] < '0' || rest.data[i] > '9') return -1;
      out->blob = out->blob * 10 + (uint64_t)(rest.data[i] - '0');
    }
  } else if (!out->end) {
    return -1;
  }
  out->head = (sp_text){line.data, (size_t)(rest.data - line.data)};
  return 0;
}

static sp_field_id name_field(struct lines* s, sp_text label, sp_kind kind) {
  const sp_field field = {.size = sizeof field, .kind = kind, .label = label};
  return s->host->field(s->session, &field);
}

/* Bytes that nobody may look into, or need look into. With a mask that could apply they are withheld. Else
 * `pass` takes the line and the blob at once: what has not come yet is credit, and flows without us. */
static void pass_blob(struct lines* s, const struct reply* reply) {
  ++s->reply_units;
  if (name_field(s, text("DATA"), SP_KIND_OPAQUE) == SP_FIELD_CLEAR) {
    s->host->pass(s->session, SP_LEG_TARGET, SP_LEG_CLIENT, reply->size + reply->blob, 0);
    return;
  }
  s->host->drop(s->session, SP_LEG_TARGET, reply->size + reply->blob);
  say_line(s, "DATA ", text("0"), text(""));
}

/* One reply line after `mask` has spoken. Everything that a target says is masked, OK and ERR lines too. */
static void pass_reply(struct lines* s, const struct reply* reply, const sp_masked* masked) {
  switch (masked->outcome) {
    case SP_MASK_UNCHANGED:
    case SP_MASK_EDITED: /* same length, already in `data` */
      s->host->pass(s->session, SP_LEG_TARGET, SP_LEG_CLIENT, reply->size, 0);
      break;
    case SP_MASK_REPLACED: /* another length: the line is made anew */
    case SP_MASK_WITHHELD: /* LINES has a word for "no value": nothing */
      say(s, SP_LEG_CLIENT, reply->head);
      if (masked->outcome == SP_MASK_REPLACED) {
        say(s, SP_LEG_CLIENT, (sp_text){(const char*)masked->replacement.data, masked->replacement.size});
      }
      say(s, SP_LEG_CLIENT, text("\n"));
      s->host->drop(s->session, SP_LEG_TARGET, reply->size);
      break;
  }
  s->reply_units += !reply->end;
  if (!reply->end) return;
  s->host->reply_end(s->session, s->reply_units, reply->head);
  s->reply_due = 0;
  s->host->activity(s->session, SP_IDLE);
}

/* Up to BATCH_MAX whole lines from `*at` on: found first, masked with one call, then passed in order. Moves
 * `*at` behind what it consumed. Returns 1 when there may be more, 0 when not, -1 when the target broke the
 * protocol; what stands before the break has passed by then, as it would have if it had come alone. */
static int reply_batch(struct lines* s, const sp_input* input, size_t* at) {
  struct reply replies[BATCH_MAX];
  sp_span spans[BATCH_MAX];
  sp_masked masked[BATCH_MAX];
  size_t count = 0;
  int more = 1, blob = 0;
  s->host->fields_reset(s->session);
  while (more == 1 && !blob && count < BATCH_MAX && (count == 0 || !replies[count - 1].end)) {
    struct reply* reply = &replies[count];
    sp_text label;
    const long size = first_line(input->data + *at, input->data_size - *at);
    if (size == 0) {
      more = 0;
    } else if (size < 0 || !s->reply_due || parse_reply(input->data, *at, (size_t)size, reply, &label) != 0) {
      more = -1;
    } else if (is(label, "DATA") && reply->head.size == 5) {
      blob = 1;
    } else {
      const size_t value = *at + reply->head.size;
      *at += reply->size;
      spans[count++] =
          (sp_span){.offset = value, .size = *at - 1 - value, .field = name_field(s, label, SP_KIND_TEXT)};
    }
  }
  if (count != 0 && s->host->mask(s->session, spans, count, masked) < 0) return -1;
  for (size_t i = 0; i < count; ++i) pass_reply(s, &replies[i], &masked[i]);
  if (!blob) return more;
  pass_blob(s, &replies[count]);
  const size_t here = input->data_size - *at - replies[count].size;
  if (replies[count].blob > here) return 0; /* the rest is credit: behind it we are fed again */
  *at += replies[count].size + (size_t)replies[count].blob;
  return 1;
}

sp_status replies(struct lines* s, const sp_input* input, size_t at) {
  int more = 1;
  while (more == 1) more = reply_batch(s, input, &at);
  return more < 0 ? SP_FAULT : SP_OK;
}
