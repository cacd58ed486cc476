/* frame.c - frames, streams and their clock. */
#include "echo.h"

static uint32_t read_u32(const uint8_t* at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_u32(uint8_t* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

int frame_parse(const uint8_t* data, size_t size, struct frame* out) {
  if (size < HEAD_SIZE) return 0;
  *out = (struct frame){read_u32(data), read_u32(data + 4), data + HEAD_SIZE};
  if (out->size > FRAME_SIZE_MAX) return -1;
  return size - HEAD_SIZE >= out->size;
}

void say_frame(struct echo* s, uint32_t leg, uint32_t id, const void* data, size_t size) {
  uint8_t head[HEAD_SIZE];
  write_u32(head, id);
  write_u32(head + 4, (uint32_t)size);
  s->host->emit(s->session, leg, head, sizeof head);
  if (size) s->host->emit(s->session, leg, data, size);
}

void say_text(struct echo* s, uint32_t id, const char* head, sp_text message, sp_text detail) {
  char out[1024];
  size_t size = 0;
  const sp_text parts[] = {text(head), message, text(detail.size ? " " : ""), detail};
  for (size_t i = 0; i < 4; ++i) {
    const size_t room = sizeof out - size;
    const size_t take = parts[i].size < room ? parts[i].size : room;
    if (take) memcpy(out + size, parts[i].data, take);
    size += take;
  }
  say_frame(s, SP_LEG_CLIENT, id, out, size);
}

struct stream* stream_find(struct echo* s, uint32_t id) {
  for (size_t i = 0; i < STREAM_COUNT_MAX; ++i) {
    if (s->streams[i].id == id) return &s->streams[i];
  }
  return NULL;
}

/* The stream, new where there was none; NULL: too many. The clock runs while a stream could become idle. */
struct stream* stream_make(struct echo* s, uint32_t id) {
  struct stream* stream = stream_find(s, id);
  if (!stream) {
    stream = stream_find(s, 0);
    if (!stream) return NULL;
    *stream = (struct stream){.id = id};
    size_t others = 0;
    for (size_t i = 0; i < STREAM_COUNT_MAX; ++i)
      others += s->streams[i].id != 0 && s->streams[i].id != id && !s->streams[i].is_told;
    if (others == 0) s->host->wake_after(s->session, TICK_MS);
  } else if (stream->is_told) {
    s->host->wake_after(s->session, TICK_MS);
  }
  stream->ticks = 0;
  stream->is_told = 0;
  return stream;
}

/* A plugin has no clock: it counts its timer's ticks. */
void tick(struct echo* s) {
  int runs = 0;
  for (size_t i = 0; i < STREAM_COUNT_MAX; ++i) {
    struct stream* stream = &s->streams[i];
    if (stream->id == 0 || stream->is_told) continue;
    if (stream->is_owed || stream->is_held) stream->ticks = 0;
    if (++stream->ticks > IDLE_TICKS) {
      stream->is_told = 1;
      say_frame(s, SP_LEG_CLIENT, stream->id, "IDLE", 4);
    }
    runs |= !stream->is_told;
  }
  s->host->wake_after(s->session, runs ? TICK_MS : 0);
}
