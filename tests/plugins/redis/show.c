/* show.c - commands and replies as text for people, as redis-cli writes them. */
#include <stdio.h>

#include "redis.h"

size_t quote_size_max(const struct request* request) {
  size_t size = 1;
  for (size_t i = 0; i < request->count; ++i) size += 4 * request->args[i].size + 3;
  return size;
}

/* A word that needs no quotes. Bytes beyond ASCII stand as they are: they may be UTF-8, which detectors read.
 */
static int is_plain(sp_text word) {
  for (size_t i = 0; i < word.size; ++i) {
    const unsigned char c = (unsigned char)word.data[i];
    if (c <= ' ' || c == '"' || c == '\\' || c == '\'' || c == 0x7f) return 0;
  }
  return word.size != 0;
}

static size_t quote_byte(unsigned char c, char* out) {
  static const char digits[] = "0123456789abcdef";
  switch (c) {
    case '\n': return memcpy(out, "\\n", 2), 2;
    case '\r': return memcpy(out, "\\r", 2), 2;
    case '\t': return memcpy(out, "\\t", 2), 2;
    case '"': return memcpy(out, "\\\"", 2), 2;
    case '\\': return memcpy(out, "\\\\", 2), 2;
    default: break;
  }
  if (c >= ' ' && c != 0x7f) return out[0] = (char)c, 1;
  const char hex[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};
  return memcpy(out, hex, 4), 4;
}

static size_t quote_word(sp_text word, char* out) {
  if (is_plain(word)) return memcpy(out, word.data, word.size), word.size;
  char* to = out;
  *to++ = '"';
  for (size_t i = 0; i < word.size; ++i) to += quote_byte((unsigned char)word.data[i], to);
  *to++ = '"';
  return (size_t)(to - out);
}

size_t quote(const struct request* request, char* out) {
  char* to = out;
  for (size_t i = 0; i < request->count; ++i) {
    if (i) *to++ = ' ';
    to += quote_word(request->args[i], to);
  }
  return (size_t)(to - out);
}

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* One escape behind a backslash at `at`; writes a byte, returns how many it read. */
static size_t unquote_byte(sp_text line, size_t at, char* out) {
  const char c = line.data[at];
  if (c == 'x' && at + 2 < line.size && hex(line.data[at + 1]) >= 0 && hex(line.data[at + 2]) >= 0) {
    *out = (char)(hex(line.data[at + 1]) * 16 + hex(line.data[at + 2]));
    return 3;
  }
  *out = c;
  if (c == 'n') *out = '\n';
  if (c == 'r') *out = '\r';
  if (c == 't') *out = '\t';
  return 1;
}

/* `quote`, backwards; `bytes` has room for the line. 0: no word, a quote that does not end, too many words.
 */
int split_line(sp_text line, sp_text* args, size_t* count, char* bytes) {
  size_t at = 0;
  *count = 0;
  for (;;) {
    while (at < line.size && (unsigned char)line.data[at] <= ' ') ++at;
    if (at == line.size) return *count != 0;
    if (*count == ARG_COUNT_MAX) return 0;
    char* word = bytes;
    if (line.data[at] == '"') {
      for (++at; at < line.size && line.data[at] != '"';) {
        if (line.data[at] == '\\' && at + 1 < line.size) {
          at += 1 + unquote_byte(line, at + 1, bytes++);
        } else {
          *bytes++ = line.data[at++];
        }
      }
      if (at++ >= line.size) return 0;
    } else {
      while (at < line.size && (unsigned char)line.data[at] > ' ') *bytes++ = line.data[at++];
    }
    args[(*count)++] = (sp_text){word, (size_t)(bytes - word)};
  }
}

/* Recorded bytes may begin or end within a value: what is no whole element any more is told as it is. */
static void render_rest(sp_bytes bytes, size_t at, sp_write write, void* to) {
  char out[4];
  for (; at < bytes.size; ++at) {
    if (bytes.data[at] == '\n') {
      write(to, "\n", 1);
    } else if (bytes.data[at] != '\r') {
      write(to, out, quote_byte(bytes.data[at], out));
    }
  }
}

static void render_value(const uint8_t* data, const struct token* token, sp_write write, void* to) {
  char head[48];
  char byte[4];
  if (is_aggregate(token->type)) {
    const char* what = token->type == '%'   ? "map"
                       : token->type == '~' ? "set"
                       : token->type == '>' ? "push"
                                            : "array";
    const long long count = token->type == '%' ? token->count / 2 : token->count;
    const int size = token->count < 0 ? snprintf(head, sizeof head, "(nil)")
                                      : snprintf(head, sizeof head, "(%s of %lld)", what, count);
    write(to, head, (size_t)size);
  } else if (token->count < 0 || token->type == '_') {
    write(to, "(nil)", 5);
  } else {
    if (token->type == '-' || token->type == '!') write(to, "(error) ", 8);
    if (token->type == ':' || token->type == '(') write(to, "(integer) ", 10);
    if (token->type == '$') write(to, "\"", 1);
    for (size_t i = 0; i < token->value_size; ++i) write(to, byte, quote_byte(data[token->value + i], byte));
    if (token->type == '$') write(to, "\"", 1);
  }
  write(to, "\n", 1);
}

/* An element a line, two blanks deeper for each aggregate around it. */
static void render_reply(sp_bytes bytes, sp_write write, void* to) {
  int64_t left[DEPTH_MAX];
  size_t depth = 0, at = 0;
  while (at < bytes.size) {
    struct token token;
    if (token_parse(bytes.data + at, bytes.size - at, 3, &token) != RESP_OK) break;
    for (size_t i = 0; i < depth; ++i) write(to, "  ", 2);
    render_value(bytes.data + at, &token, write, to);
    at += token.size;
    if (depth) --left[depth - 1];
    if (is_aggregate(token.type) && token.count > 0 && depth < DEPTH_MAX) left[depth++] = token.count;
    while (depth && left[depth - 1] == 0) --depth;
  }
  render_rest(bytes, at, write, to);
}

static void render_request(sp_bytes bytes, sp_write write, void* to) {
  size_t at = 0;
  struct request request;
  while (at < bytes.size &&
         request_parse(bytes.data + at, bytes.size - at, scratch_args(), &request) == RESP_OK) {
    for (size_t i = 0; i < request.count; ++i) {
      char byte[4];
      const sp_text word = request.args[i];
      const int plain = is_plain(word);
      if (i) write(to, " ", 1);
      if (!plain) write(to, "\"", 1);
      for (size_t k = 0; k < word.size; ++k) write(to, byte, quote_byte((unsigned char)word.data[k], byte));
      if (!plain) write(to, "\"", 1);
    }
    write(to, "\n", 1);
    at += request.size;
  }
  render_rest(bytes, at, write, to);
}

int redis_render(sp_direction direction, sp_bytes bytes, sp_write write, void* to) {
  (direction == SP_REQUEST ? render_request : render_reply)(bytes, write, to);
  return 0;
}
