/* reply.c - frames of the target: masked, and passed to the stream that they are for. */
#include "echo.h"

static int put(struct echo* s, uint32_t leg, const struct frame* frame, const sp_masked* masked) {
  switch (masked->outcome) {
    case SP_MASK_UNCHANGED:
    case SP_MASK_EDITED: return s->host->pass(s->session, leg, SP_LEG_CLIENT, HEAD_SIZE + frame->size, 0);
    case SP_MASK_REPLACED:
    case SP_MASK_WITHHELD: break;
  }
  s->host->drop(s->session, leg, HEAD_SIZE + frame->size);
  if (masked->outcome == SP_MASK_WITHHELD || masked->replacement.size > FRAME_SIZE_MAX) {
    say_frame(s, SP_LEG_CLIENT, frame->id, "[withheld]", 10);
  } else {
    say_frame(s, SP_LEG_CLIENT, frame->id, masked->replacement.data, masked->replacement.size);
  }
  return 0;
}

sp_status replies(struct echo* s, const sp_input* input, size_t at) {
  struct frame frame;
  int found = 0;
  while (s->stage == STAGE_READY &&
         (found = frame_parse(input->data + at, input->data_size - at, &frame)) > 0) {
    struct stream* stream = frame.id == 0 ? NULL : stream_find(s, frame.id);
    if (!stream || !stream->is_owed || leg_of(frame.id) != input->leg) return SP_FAULT;
    s->host->fields_reset(s->session);
    const sp_field field = {
        .size = sizeof field, .kind = SP_KIND_TEXT, .label = text("text"), .path = text("echo.text")};
    const sp_span span = {
        .offset = at + HEAD_SIZE, .size = frame.size, .field = s->host->field(s->session, &field)};
    sp_masked masked;
    if (s->host->mask(s->session, &span, 1, &masked) < 0 || put(s, input->leg, &frame, &masked) < 0)
      return SP_FAULT;
    s->host->reply_end(s->session, 1, text("ok"));
    stream->is_owed = 0;
    stream->ticks = 0;
    at += HEAD_SIZE + frame.size;
    go_on(s);
  }
  return found < 0 ? SP_FAULT : SP_OK;
}
