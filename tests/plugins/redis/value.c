/* value.c - which place of the target a value of a reply comes from. */
#include "redis.h"

static int is_string(uint8_t type) { return type == '$' || type == '+' || type == '='; }

static sp_field_id name_field(struct redis* s, const uint8_t* data, const struct token* token, sp_text label,
                              sp_text path, uint32_t flags) {
  sp_kind kind = SP_KIND_TEXT;
  if (token->type == ':' || token->type == '(') kind = SP_KIND_DIGITS;
  if (token->type == '#') kind = SP_KIND_PLAIN;
  /* What looks like a JSON value is one: its strings are looked at decoded. */
  if (token->type == '$' && token->size >= token->value + token->value_size && token->value_size >= 2) {
    const uint8_t first = data[token->value], last = data[token->value + token->value_size - 1];
    if ((first == '{' && last == '}') || (first == '[' && last == ']')) kind = SP_KIND_JSON;
  }
  const sp_field field = {.size = sizeof field, .kind = kind, .flags = flags, .label = label, .path = path};
  return s->host->field(s->session, &field);
}

static sp_field_id name_unknown(struct redis* s, const uint8_t* data, const struct token* token) {
  return name_field(s, data, token, text("value"), text(""), SP_FIELD_NO_ORIGIN);
}

static sp_field_id name_blind(struct redis* s) {
  const sp_field field = {
      .size = sizeof field, .kind = SP_KIND_OPAQUE, .flags = SP_FIELD_NO_ORIGIN, .label = text("part")};
  return s->host->field(s->session, &field);
}

/* KEY.FIELD; what does not fit is of unknown origin. */
static sp_field_id name_hash_value(struct redis* s, const uint8_t* data, const struct token* token,
                                   sp_text key, sp_text name) {
  char path[2 * NAME_SIZE_MAX + 1];
  if (key.size > NAME_SIZE_MAX || name.size > NAME_SIZE_MAX) return name_unknown(s, data, token);
  memcpy(path, key.data, key.size);
  path[key.size] = '.';
  if (name.size) memcpy(path + key.size + 1, name.data, name.size);
  return name_field(s, data, token, name, (sp_text){path, key.size + 1 + name.size}, 0);
}

/* Keeps the name whose value comes next. */
static void keep_name(struct redis* s, const uint8_t* data, const struct token* token) {
  const int fits = is_string(token->type) && token->value_size < NAME_SIZE_MAX && token->count == 0;
  s->name_size = fits ? token->value_size : NAME_SIZE_MAX + 1; /* too long: of no name that is known */
  if (fits && token->value_size) memcpy(s->name, data + token->value, token->value_size);
}

/* Names and values in turn, within the aggregate at `depth`. */
static sp_field_id name_pair(struct redis* s, const uint8_t* data, const struct token* token, sp_text key,
                             const struct frame* frame) {
  if (frame->index % 2 == 0) {
    keep_name(s, data, token);
    return name_field(s, data, token, key, key, 0);
  }
  return name_hash_value(s, data, token, key, (sp_text){s->name, s->name_size});
}

/* Pushes: their kind, the channel (and before it a pattern), at the end what was said there. */
static sp_field_id name_push(struct redis* s, const uint8_t* data, const struct token* token) {
  const struct frame* frame = &s->frames[0];
  if (s->depth != 1 || frame->index == 0) return name_unknown(s, data, token);
  if (frame->left > 1) {
    keep_name(s, data, token);
    return name_field(s, data, token, text("channel"), text("channel"), 0);
  }
  const sp_text channel = {s->name, s->name_size};
  return s->name_size > NAME_SIZE_MAX ? name_unknown(s, data, token)
                                      : name_field(s, data, token, channel, channel, 0);
}

/* The origin of the element that comes next, and how many aggregates are around what the origin speaks of. */
static struct origin* origin_here(struct redis* s, size_t* base) {
  struct pending* pending = oldest(s);
  *base = 0;
  if (!pending) return NULL;
  if (pending->kind != PENDING_EXEC || s->depth == 0) return &pending->origin;
  *base = 1;
  const int64_t index = s->frames[0].index;
  return index < (int64_t)s->queue_count ? &s->queue[index].origin : NULL;
}

sp_field_id name_value(struct redis* s, const uint8_t* data, const struct token* token) {
  size_t base = 0;
  struct origin* origin = origin_here(s, &base);
  const uint8_t outer = s->depth ? s->frames[0].type : 0;
  if (outer == '>' || (s->maybe_push && s->depth)) return name_push(s, data, token);
  if (!origin) return name_unknown(s, data, token);
  const size_t depth = s->depth - base;
  const struct frame* frame = depth ? &s->frames[s->depth - 1] : NULL;
  const int is_error = token->type == '-' || token->type == '!';
  sp_text key, name;
  if (is_error && origin->shape != SHAPE_UNKNOWN)
    return name_field(s, data, token, text("error"), text(""), 0);
  const int has_key = origin_name(origin, 0, &key);
  switch (origin->shape) {
    case SHAPE_NONE: return name_field(s, data, token, text("reply"), text(""), 0);
    case SHAPE_BLIND: return name_blind(s);
    case SHAPE_UNKNOWN: break;
    case SHAPE_KEY:
      if (has_key) return name_field(s, data, token, key, key, 0);
      break;
    case SHAPE_KEYS:
      if (depth == 1 && origin_name(origin, (uint32_t)frame->index, &name))
        return name_field(s, data, token, name, name, 0);
      break;
    case SHAPE_FIELDS:
      if (has_key && depth <= 1 && origin_name(origin, depth ? (uint32_t)frame->index + 1 : 1, &name)) {
        sp_text again;
        origin_name(origin, 0, &again);
        return name_hash_value(s, data, token, again, name);
      }
      break;
    case SHAPE_MAP:
      if (has_key && depth == 1) return name_pair(s, data, token, key, frame);
      break;
    case SHAPE_SCAN_MAP:
      if (has_key && depth == 1) return name_field(s, data, token, text("cursor"), text(""), 0);
      if (has_key && depth == 2) return name_pair(s, data, token, key, frame);
      break;
  }
  return name_unknown(s, data, token);
}
