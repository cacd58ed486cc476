/* SPDX-License-Identifier: MIT-0
 *
 * lines.h - one session of the toy protocol (skeleton.c says what it is), and what its parts share.
 * Everything is static inline or declared hidden: a plugin exports one symbol only.
 */
#ifndef LINES_H
#define LINES_H

#include <string.h>

#include "plugin.h"

#define LINE_SIZE_MAX 4096u /* without it a peer could make the host hold bytes for ever */

/* login -> connecting -> target_login -> ready -> over; `over` is reached from everywhere. */
enum stage { STAGE_LOGIN, STAGE_CONNECTING, STAGE_TARGET_LOGIN, STAGE_READY, STAGE_OVER };

/* One session. All memory is here: what a peer sends can never make it grow. */
struct lines {
  const sp_host* host;
  sp_session* session;
  enum stage stage;
  int login_named;      /* host->login was called */
  int credential_due;   /* the target's login waits for its secret */
  int reply_due;        /* a command is at the target, its reply is not over */
  uint64_t reply_units; /* VALUE and DATA of this reply */
  uint64_t ticket;      /* of the command in front; kept while it waits */
  int told_to_wait;     /* the client knows that this ticket waits */
};

static inline sp_text text(const char* string) { return (sp_text){string, strlen(string)}; }

static inline int is(sp_text a, const char* b) {
  return a.size == strlen(b) && memcmp(a.data, b, a.size) == 0;
}

/* Emits text of our own. Literals and what the host answered only: bytes of a peer go through `mask` first.
 */
static inline void say(struct lines* s, uint32_t leg, sp_text part) {
  s->host->emit(s->session, leg, (const uint8_t*)part.data, part.size);
}

static inline void say_line(struct lines* s, const char* head, sp_text body, sp_text more) {
  say(s, SP_LEG_CLIENT, text(head));
  say(s, SP_LEG_CLIENT, body);
  if (more.size != 0) {
    say(s, SP_LEG_CLIENT, text(" "));
    say(s, SP_LEG_CLIENT, more);
  }
  say(s, SP_LEG_CLIENT, text("\n"));
}

/* Size of the first line, its \n included; 0: not whole yet; -1: too long, whatever follows. */
static inline long first_line(const uint8_t* data, size_t size) {
  const size_t seen = size < LINE_SIZE_MAX ? size : LINE_SIZE_MAX;
  const uint8_t* end = seen == 0 ? NULL : memchr(data, '\n', seen);
  if (end) return (long)(end - data) + 1;
  return size >= LINE_SIZE_MAX ? -1 : 0;
}

/* Cuts the part before the first space off `rest`. Without a space: all of it, and `rest` is empty. */
static inline sp_text cut_word(sp_text* rest) {
  const char* space = rest->size == 0 ? NULL : memchr(rest->data, ' ', rest->size);
  sp_text word = *rest;
  if (!space) {
    *rest = (sp_text){rest->data + rest->size, 0};
    return word;
  }
  word.size = (size_t)(space - rest->data);
  *rest = (sp_text){space + 1, rest->size - word.size - 1};
  return word;
}

static inline int is_key(sp_text key) {
  for (size_t i = 0; i < key.size; ++i) {
    const char c = key.data[i];
    const int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') return 0;
  }
  return key.size != 0;
}

/* The client's leg ends the session: what is queued is sent, then all legs close. */
static inline void end_session(struct lines* s, const char* reason) {
  s->host->finish(s->session, SP_LEG_CLIENT, text(reason));
  s->stage = STAGE_OVER;
}

/* login.c */
sp_status client_login(struct lines* s, const sp_input* input);
sp_status target_login(struct lines* s);
sp_status target_greeting(struct lines* s, const sp_input* input, size_t* at);
/* request.c */
sp_status requests(struct lines* s, const sp_input* input);
int lines_classify(sp_text line, void (*found)(void* to, const sp_ask* ask), void* to);
/* reply.c */
sp_status replies(struct lines* s, const sp_input* input, size_t at);

#endif
