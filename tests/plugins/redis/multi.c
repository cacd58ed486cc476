/* multi.c - MULTI: what is queued is judged when it is queued (it may be denied), and all of it once more, as
 * one batch, when EXEC would run it (it may have to wait). */
#include <stdlib.h>

#include "redis.h"

void end_transaction(struct redis* s) {
  for (size_t i = 0; i < s->queue_count; ++i) free_origin(s, &s->queue[i].origin);
  free(s->queue_bytes);
  s->queue_bytes = NULL;
  s->queue_count = s->queue_size = 0;
  s->transaction = 0;
  s->dirty = 0;
}

/* Kept before it is judged; a second time, after a wait, it is there already. 0: no room. */
int keep_queued(struct redis* s, const struct request* request, const struct command* command) {
  if (s->queue_count == QUEUED_COUNT_MAX || s->queue_size + request->size > QUEUED_SIZE_MAX) return 0;
  char* grown = realloc(s->queue_bytes, s->queue_size + request->size);
  if (!grown) return 0;
  s->queue_bytes = grown;
  struct queued* one = &s->queue[s->queue_count];
  *one = (struct queued){.offset = s->queue_size, .size = request->size};
  memcpy(grown + s->queue_size, request->whole, request->size);
  keep_origin(s, &one->origin, command, request);
  s->queue_size += request->size;
  ++s->queue_count;
  return 1;
}

/* EXEC is not run: the target forgets what it has queued, and answers us alone. */
static int give_up(struct redis* s, const struct request* request, const char* head,
                   const sp_answer* answer) {
  static const char command[] = "*1\r\n$7\r\nDISCARD\r\n";
  say(s, SP_LEG_TARGET, command, sizeof command - 1);
  end_transaction(s);
  refuse(s, request->size, head, answer->message, answer->detail);
  owe(s, PENDING_DROPPED);
  return 1;
}

int exec(struct redis* s, const struct request* request) {
  sp_answer answer = {.size = sizeof answer};
  if (s->dirty) {
    answer.message = text("Transaction discarded because of previous errors.");
    return give_up(s, request, "-EXECABORT ", &answer);
  }
  int verdict = SP_ALLOW;
  if (s->queue_count == 0) {
    if (note(s, request) < 0) return -1;
  } else {
    verdict = judge_exec(s, &answer);
    if (verdict < 0) return -1;
    s->waiting = verdict == SP_WAIT;
    if (s->waiting) return 0;
    ++s->ticket;
  }
  if (verdict != SP_ALLOW) return give_up(s, request, "-NOPERM ", &answer);
  s->host->pass(s->session, SP_LEG_CLIENT, SP_LEG_TARGET, request->size, 0);
  owe(s, PENDING_EXEC)->judged = s->queue_count != 0; /* its end ends the transaction */
  return 1;
}

int discard(struct redis* s, const struct request* request) {
  if (note(s, request) < 0) return -1;
  s->host->pass(s->session, SP_LEG_CLIENT, SP_LEG_TARGET, request->size, 0);
  end_transaction(s);
  owe(s, PENDING_NOTED);
  return 1;
}
