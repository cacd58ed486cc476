/* redis.h - one session, and what its parts share.
 *
 * A command is judged whole and passed as it came; several may be at the target (pipelining), and what is
 * owed for them stands in `pending`, oldest first. A command whose answer changes what the next ones mean
 * (SELECT, MULTI, EXEC, HELLO, SUBSCRIBE) goes alone: nothing is at the target when it is passed, and nothing
 * follows until its answer. An answer of the gateway's own waits until nothing is owed, so that answers keep
 * the order of their commands.
 */
#ifndef REDIS_H
#define REDIS_H

#include <string.h>

#include "commands.h"

#define PENDING_COUNT_MAX 1024u
#define QUEUED_COUNT_MAX 128u         /* commands of one MULTI */
#define QUEUED_SIZE_MAX (256u * 1024) /* their bytes */
#define NAMES_SIZE_MAX (512u * 1024)  /* of all origins that a session keeps */
#define DEPTH_MAX 32u
#define NAME_SIZE_MAX 512u
#define REFUSAL_SIZE_MAX 1024u
#define LOGIN_SIZE_MAX (SP_TOKEN_SIZE_MAX + 2048u)
#define LOGIN_TIME_MS 10000u

/* login -> connecting -> (target_tls) -> target_login -> ready -> over */
enum stage {
  STAGE_LOGIN,
  STAGE_CLIENT_TLS,
  STAGE_CONNECTING,
  STAGE_TARGET_TLS,
  STAGE_TARGET_LOGIN,
  STAGE_READY,
  STAGE_OVER
};

/* Where a reply's values come from. `names`: a size (4 bytes) and the bytes, one by one: key, then fields or
 * keys. */
struct origin {
  enum shape shape;
  char* names; /* NULL: not kept */
  uint32_t names_size;
  uint32_t at_index, at; /* a cursor: replies ask in ascending order */
};

enum pending_kind {
  PENDING_ASKED,
  PENDING_NOTED,
  PENDING_QUEUED, /* +QUEUED, or an error */
  PENDING_SUBSCRIPTION,
  PENDING_SELECT,
  PENDING_MULTI,
  PENDING_EXEC,
  PENDING_HELLO,
  PENDING_DROPPED /* the answer to a command of the gateway's own */
};

struct pending {
  enum pending_kind kind;
  int judged; /* the record has a request that wants its reply_end */
  uint32_t due;
  int64_t number; /* the database of SELECT, the version of HELLO */
  struct origin origin;
};

struct queued {
  size_t offset, size; /* in queue_bytes */
  struct origin origin;
};

struct frame {
  uint8_t type;
  int64_t left, index;
};

struct redis {
  const sp_host* host;
  sp_session* session;
  enum stage stage;
  int tls_offered, tls_required, tls;

  /* The login. */
  int login_named, credential_due, select_sent;
  int64_t hello; /* the version that the client's HELLO named; 0: it came by AUTH */
  uint32_t target_tls;
  int may_script, may_select;

  /* What the next command means. */
  int proto, proto_before; /* of replies; before the last HELLO */
  int64_t db, login_db;
  int64_t channels; /* subscriptions, as the target has confirmed them */
  int64_t channels_of[3];
  uint64_t ticket;
  int waiting;                    /* the command in front waits for a person */
  char refusal[REFUSAL_SIZE_MAX]; /* for the command in front; it is answered once nothing is owed */
  size_t refusal_size, refused_size;
  int refusal_ends;

  /* MULTI. */
  uint64_t transaction, transactions; /* 0: none is open */
  int dirty;
  struct queued queue[QUEUED_COUNT_MAX];
  size_t queue_count, queue_size;
  char* queue_bytes;

  /* What is owed. */
  struct pending pending[PENDING_COUNT_MAX];
  size_t pending_first, pending_count;
  size_t names_size;

  /* The reply that is under way. */
  struct frame frames[DEPTH_MAX];
  size_t depth;
  int maybe_push; /* a push of RESP2, or a reply */
  int tail;       /* behind a streamed value its CRLF comes: TAIL_* */
  char first_type;
  char word[32]; /* the first word of a line, the kind of a push */
  size_t word_size;
  int64_t count; /* of a push that tells the number of subscriptions */
  char name[NAME_SIZE_MAX];
  size_t name_size; /* of the hash's field whose value comes next, of a message's channel */
  uint64_t units;
};
enum { TAIL_NONE, TAIL_PASSED, TAIL_DROPPED };

static inline sp_text text(const char* string) { return (sp_text){string, strlen(string)}; }
static inline void say(struct redis* s, uint32_t leg, const char* data, size_t size) {
  s->host->emit(s->session, leg, (const uint8_t*)data, size);
}
static inline void end_session(struct redis* s, const char* reason) {
  s->host->finish(s->session, SP_LEG_CLIENT, text(reason));
  s->stage = STAGE_OVER;
}
static inline struct pending* oldest(struct redis* s) {
  return s->pending_count == 0 ? NULL : &s->pending[s->pending_first];
}

/* plugin.c */
void tell_activity(struct redis* s);
/* login.c */
sp_status client_login(struct redis* s, const sp_input* input);
sp_status target_opened(struct redis* s);
sp_status target_login(struct redis* s);
sp_status target_greeting(struct redis* s, const sp_input* input, size_t* at);
/* request.c */
sp_status requests(struct redis* s, const sp_input* input);
void refuse(struct redis* s, size_t size, const char* head, sp_text message, sp_text detail);
/* judge.c */
int judge(struct redis* s, const struct request* request, const struct command* command, sp_stage stage,
          sp_answer* answer);
int judge_exec(struct redis* s, sp_answer* answer);
int note(struct redis* s, const struct request* request);
int redis_classify(sp_text line, void (*found)(void* to, const sp_ask* ask), void* to);
sp_text* scratch_args(void); /* ARG_COUNT_MAX of them, this thread's */
/* multi.c: answers 1 when the command was consumed, 0 when it waits, -1 for a fault */
int exec(struct redis* s, const struct request* request);
int discard(struct redis* s, const struct request* request);
int keep_queued(struct redis* s, const struct request* request, const struct command* command);
void end_transaction(struct redis* s);
/* pending.c */
struct pending* owe(struct redis* s, enum pending_kind kind);
void settle(struct redis* s);
void keep_origin(struct redis* s, struct origin* origin, const struct command* command,
                 const struct request* request);
void free_origin(struct redis* s, struct origin* origin);
int origin_name(struct origin* origin, uint32_t index, sp_text* out);
/* value.c */
sp_field_id name_value(struct redis* s, const uint8_t* data, const struct token* token);
/* progress.c */
void begin_value(struct redis* s, const struct token* token);
void look_at(struct redis* s, const uint8_t* data, const struct token* token);
int step(struct redis* s, const struct token* token); /* 1: the value is over; -1: nested too deep */
int is_push(const struct redis* s);
sp_status end_value(struct redis* s);
int subscription_kind(sp_text word); /* 0: channels, 1: patterns, 2: shard channels */
/* reply.c */
sp_status replies(struct redis* s, const sp_input* input, size_t at);
/* show.c */
size_t quote_size_max(const struct request* request);
size_t quote(const struct request* request, char* out);
int split_line(sp_text line, sp_text* args, size_t* count, char* bytes);
int redis_render(sp_direction direction, sp_bytes bytes, sp_write write, void* to);

#endif
