/* commands.h - what Redis commands are: their facts, the places of their keys, and what their replies hold.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "resp.h"

enum effect { EFFECT_READ, EFFECT_WRITE, EFFECT_ADMIN };

/* Where the keys stand. From FROM on: up to `last` (negative: from the end), every `step`th. */
enum keys { KEYS_NONE, KEYS_FROM, KEYS_COUNTED, KEYS_COUNTED_AND_FIRST, KEYS_STREAMS };

/* What a reply holds, so that masks by name find it. */
enum shape {
  SHAPE_NONE,     /* words of Redis' own, counts: no stored value */
  SHAPE_KEY,      /* values of the one key */
  SHAPE_KEYS,     /* the i-th element belongs to the i-th key */
  SHAPE_FIELDS,   /* of the key's hash, the i-th element to the i-th field that was asked for */
  SHAPE_MAP,      /* of the key's hash: names and values in turn */
  SHAPE_SCAN_MAP, /* the same, behind a cursor */
  SHAPE_BLIND,    /* a part or another spelling of a value, where nobody can see what it is */
  SHAPE_UNKNOWN   /* values of whatever origin */
};

/* What the session has to do itself. */
enum special {
  SPECIAL_NO,
  SPECIAL_REFUSED, /* never carried: its replies or its state could not be followed */
  SPECIAL_SCRIPT,  /* with the permission `scripts` alone */
  SPECIAL_OTHER_DB,
  SPECIAL_NOTE, /* a word about the session, without a verdict of its own */
  SPECIAL_HELLO,
  SPECIAL_AUTH,
  SPECIAL_QUIT,
  SPECIAL_SELECT,
  SPECIAL_MULTI,
  SPECIAL_EXEC,
  SPECIAL_DISCARD,
  SPECIAL_WATCH,
  SPECIAL_SUBSCRIBE,
  SPECIAL_UNSUBSCRIBE
};

struct command {
  const char* name; /* upper case, a subcommand behind a space: "CONFIG SET" */
  enum effect effect;
  int arg_count_min; /* its name included */
  enum keys keys;
  int first, last, step;
  enum shape shape;
  enum special special;
};

/* NULL: not known, too few words, or a form of it whose keys cannot be told. */
const struct command* command_find(const struct request* request);
/* Writes the keys (of SUBSCRIBE and PUBLISH: the channels) to `out`, which has room for ARG_COUNT_MAX.
 * Returns their number, or -1 when they cannot be told. */
long command_keys(const struct command* command, const struct request* request, sp_text* out);
int same_word(sp_text text, const char* upper);

#endif
