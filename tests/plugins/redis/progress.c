/* progress.c - where a reply stands, and what its end means for the next command. */
#include "redis.h"

/* Their sizes tell: (UN)SUBSCRIBE has 9 or 11 letters, the other two have one more. */
int subscription_kind(sp_text word) {
  if (word.size % 2 != 0) return 0;
  return *word.data == 'P' || *word.data == 'p' ? 1 : 2;
}

/* ---- Where a reply stands ---- */

void begin_value(struct redis* s, const struct token* token) {
  const struct pending* front = oldest(s);
  s->first_type = (char)token->type;
  s->word_size = 0;
  s->units = 0;
  s->count = -1;
  s->name_size = 0;
  const int may_be_push = s->channels > 0 || (front && front->kind == PENDING_SUBSCRIPTION);
  s->maybe_push = s->proto == 2 && token->type == '*' && may_be_push;
}

int is_push(const struct redis* s) { return s->first_type == '>' || s->maybe_push; }

/* Remembers what the end of the reply has to know. */
void look_at(struct redis* s, const uint8_t* data, const struct token* token) {
  const int in_push = s->depth == 1 && is_push(s);
  if ((s->depth == 0 && (token->type == '+' || token->type == '-')) || (in_push && s->frames[0].index == 0)) {
    s->word_size = token->value_size < sizeof s->word ? token->value_size : sizeof s->word;
    if (s->word_size) memcpy(s->word, data + token->value, s->word_size);
  }
  if (in_push && s->frames[0].index == 2 && token->type == ':')
    number_parse((const char*)data + token->value, token->value_size, &s->count);
}

/* Behind an element: 1 when the whole value is over, -1 when it is nested too deep. */
int step(struct redis* s, const struct token* token) {
  if (is_aggregate(token->type) && token->count > 0) {
    if (s->depth == DEPTH_MAX || (token->type == '>' && s->depth != 0)) return -1;
    s->frames[s->depth++] = (struct frame){.type = token->type, .left = token->count};
    return 0;
  }
  ++s->units;
  while (s->depth != 0) {
    struct frame* frame = &s->frames[s->depth - 1];
    ++frame->index;
    if (--frame->left != 0) return 0;
    --s->depth;
  }
  return 1;
}

/* ---- The end of a reply ---- */

static void follow(struct redis* s, struct pending* front) {
  const int is_ok = s->first_type == '+' && s->word_size == 2 && memcmp(s->word, "OK", 2) == 0;
  const int is_error = s->first_type == '-' || s->first_type == '!';
  switch (front->kind) {
    case PENDING_SELECT:
      if (is_ok) s->db = front->number;
      break;
    case PENDING_MULTI:
      if (is_ok) s->transaction = ++s->transactions;
      break;
    case PENDING_QUEUED: s->dirty |= is_error; break;
    case PENDING_EXEC: end_transaction(s); break;
    case PENDING_HELLO: s->proto = is_error ? s->proto_before : (int)front->number; break;
    case PENDING_ASKED:
    case PENDING_NOTED:
    case PENDING_SUBSCRIPTION:
    case PENDING_DROPPED: break;
  }
}

/* 1: it was a push, and nothing that is owed. */
static int end_push(struct redis* s) {
  const sp_text kind = {s->word, s->word_size};
  const char* const messages[] = {"MESSAGE", "PMESSAGE", "SMESSAGE", "INVALIDATE"};
  struct pending* front = oldest(s);
  for (size_t i = 0; i < sizeof messages / sizeof messages[0]; ++i) {
    if (same_word(kind, messages[i])) return 1;
  }
  const char* const confirmations[] = {"SUBSCRIBE",   "PSUBSCRIBE",   "SSUBSCRIBE",
                                       "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"};
  int is_confirmation = 0;
  for (size_t i = 0; i < sizeof confirmations / sizeof confirmations[0]; ++i)
    is_confirmation |= same_word(kind, confirmations[i]);
  if (!is_confirmation) return s->first_type == '>';
  if (s->count >= 0) {
    /* A count is of channels and patterns together, or of shard channels alone. */
    const int which = subscription_kind(kind);
    s->channels_of[which] = which == 2 ? s->count : s->count - s->channels_of[1 - which];
    if (s->channels_of[which] < 0) s->channels_of[which] = 0;
    s->channels = s->channels_of[0] + s->channels_of[1] + s->channels_of[2];
  }
  return !front || front->kind != PENDING_SUBSCRIPTION;
}

sp_status end_value(struct redis* s) {
  if (is_push(s) && end_push(s)) return SP_OK;
  struct pending* front = oldest(s);
  if (!front) return SP_FAULT;
  const int is_error = s->first_type == '-' || s->first_type == '!';
  if (front->kind == PENDING_QUEUED && !is_error &&
      !(s->first_type == '+' && same_word((sp_text){s->word, s->word_size}, "QUEUED")))
    return SP_FAULT; /* it ran what was to be queued */
  if (front->due > 1 && !is_error) {
    --front->due;
    return SP_OK;
  }
  follow(s, front);
  if (front->judged) s->host->reply_end(s->session, s->units, text(is_error ? "error" : "ok"));
  settle(s);
  tell_activity(s);
  return SP_OK;
}
