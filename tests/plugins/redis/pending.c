/* pending.c - what the target still owes, and where its values come from. */
#include "redis.h"

#include <stdlib.h>

/* The caller has made sure that there is room. */
struct pending* owe(struct redis* s, enum pending_kind kind) {
  struct pending* one = &s->pending[(s->pending_first + s->pending_count++) % PENDING_COUNT_MAX];
  *one = (struct pending){.kind = kind, .due = 1, .origin = {.shape = SHAPE_NONE}};
  return one;
}

void settle(struct redis* s) {
  free_origin(s, &oldest(s)->origin);
  s->pending_first = (s->pending_first + 1) % PENDING_COUNT_MAX;
  --s->pending_count;
}

void free_origin(struct redis* s, struct origin* origin) {
  s->names_size -= origin->names_size;
  free(origin->names);
  origin->names = NULL;
  origin->names_size = 0;
}

static void add_name(struct origin* origin, sp_text name) {
  const uint32_t size = (uint32_t)name.size;
  memcpy(origin->names + origin->names_size, &size, sizeof size);
  if (size) memcpy(origin->names + origin->names_size + sizeof size, name.data, size);
  origin->names_size += (uint32_t)sizeof size + size;
}

/* Only where a mask could apply, and while there is room: what is not kept is of unknown origin. */
void keep_origin(struct redis* s, struct origin* origin, const struct command* command,
                 const struct request* request) {
  *origin = (struct origin){.shape = command ? command->shape : SHAPE_UNKNOWN};
  size_t first = 1, last = 1;
  switch (origin->shape) {
    case SHAPE_NONE:
    case SHAPE_BLIND:
    case SHAPE_UNKNOWN: return;
    case SHAPE_KEY:
    case SHAPE_MAP:
    case SHAPE_SCAN_MAP: break;
    case SHAPE_KEYS:
    case SHAPE_FIELDS: last = request->count - 1; break;
  }
  const sp_field any = {.size = sizeof any};
  size_t size = 0;
  for (size_t i = first; i <= last; ++i) size += sizeof(uint32_t) + request->args[i].size;
  const int is_wanted = s->host->field(s->session, &any) != SP_FIELD_CLEAR;
  if (is_wanted && s->names_size + size <= NAMES_SIZE_MAX) origin->names = malloc(size);
  if (!origin->names) {
    origin->shape = SHAPE_UNKNOWN;
    return;
  }
  for (size_t i = first; i <= last; ++i) add_name(origin, request->args[i]);
  s->names_size += origin->names_size;
}

/* The name at `index`; 0 when there is none. */
int origin_name(struct origin* origin, uint32_t index, sp_text* out) {
  if (!origin->names) return 0;
  if (index < origin->at_index) origin->at_index = origin->at = 0;
  while (origin->at < origin->names_size) {
    uint32_t size = 0;
    memcpy(&size, origin->names + origin->at, sizeof size);
    *out = (sp_text){origin->names + origin->at + sizeof size, size};
    if (origin->at_index == index) return 1;
    ++origin->at_index;
    origin->at += (uint32_t)sizeof size + size;
  }
  return 0;
}
