/* echo.h - a small multiplexed protocol: many streams on one connection, a held request of one while others
 * flow.
 *
 * A frame: stream id (4 bytes, big-endian), payload size (4 bytes, big-endian, at most FRAME_SIZE_MAX),
 * payload. stream 0    the connection's own: client "LOGIN user password", server "OK" or "ERR why" stream n
 * client "WORD text", answered by one frame with the same id; an empty frame closes the stream, without an
 * answer. The gateway says "WAIT ...", "ERR ...", "IDLE" there on its own. Odd streams go to target leg 1,
 * even ones to leg 2. One request of a stream is under way at a time; what comes for a stream in between
 * waits in the session's memory, as does what a person has to approve.
 */
#ifndef ECHO_H
#define ECHO_H

#include <string.h>

#include "plugin.h"

#define HEAD_SIZE 8u
#define FRAME_SIZE_MAX 4096u
#define STREAM_COUNT_MAX 64u
#define KEPT_COUNT_MAX 32u /* frames in memory */
#define TICK_MS 1000u
#define IDLE_TICKS 3u /* after as many ticks without a frame a stream is told */
#define LEG_COUNT 2u

enum stage { STAGE_LOGIN, STAGE_TARGETS, STAGE_READY, STAGE_OVER };

struct stream {
  uint32_t id; /* 0: free */
  uint32_t ticks;
  int is_told; /* that it is idle */
  int is_owed; /* its request is at the target */
  int is_held; /* its first kept frame waits for a person */
};

/* A frame that could not go on yet; those of one stream in the order in which they came. */
struct kept {
  uint64_t ticket; /* 0: not asked about yet */
  uint32_t id, size;
  uint8_t payload[FRAME_SIZE_MAX];
};

struct echo {
  const sp_host* host;
  sp_session* session;
  enum stage stage;
  int login_named, credential_due;
  int is_open[LEG_COUNT], is_ready[LEG_COUNT];
  uint64_t ticket;
  struct stream streams[STREAM_COUNT_MAX];
  struct kept* kept[KEPT_COUNT_MAX]; /* oldest first */
  size_t kept_count;
};

struct frame {
  uint32_t id, size;
  const uint8_t* payload;
};

static inline sp_text text(const char* string) { return (sp_text){string, strlen(string)}; }
static inline uint32_t leg_of(uint32_t id) { return id % 2 ? 1 : 2; }

/* frame.c */
int frame_parse(const uint8_t* data, size_t size, struct frame* out); /* 1, 0: more bytes, -1: too large */
void say_frame(struct echo* s, uint32_t leg, uint32_t id, const void* data, size_t size);
void say_text(struct echo* s, uint32_t id, const char* head, sp_text message, sp_text detail);
struct stream* stream_find(struct echo* s, uint32_t id);
struct stream* stream_make(struct echo* s, uint32_t id);
void tick(struct echo* s);
/* login.c */
sp_status client_login(struct echo* s, const sp_input* input, size_t* at);
sp_status target_login(struct echo* s);
sp_status target_greeting(struct echo* s, const sp_input* input, size_t* at);
/* request.c */
sp_status requests(struct echo* s, const sp_input* input, size_t at);
void go_on(struct echo* s);
int echo_classify(sp_text line, void (*found)(void* to, const sp_ask* ask), void* to);
/* reply.c */
sp_status replies(struct echo* s, const sp_input* input, size_t at);

#endif
