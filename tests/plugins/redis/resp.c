/* resp.c - strict: what Redis itself never sends is refused, so that nobody reads it in another way. */
#include "resp.h"

#include <string.h>

int number_parse(const char* data, size_t size, int64_t* out) {
  const int negative = size != 0 && data[0] == '-';
  const char* digit = data + negative;
  const char* end = data + size;
  if (digit == end || end - digit > 19 || (*digit == '0' && size > 1)) return 0;
  uint64_t value = 0;
  for (; digit != end; ++digit) {
    if (*digit < '0' || *digit > '9') return 0;
    value = value * 10 + (uint64_t)(*digit - '0'); /* 19 digits fit */
  }
  if (value > (uint64_t)INT64_MAX + (uint64_t)negative) return 0;
  *out = negative ? (int64_t)(0 - value) : (int64_t)value;
  return 1;
}

/* The line at `data`, without its CRLF. */
static enum resp_found line_parse(const uint8_t* data, size_t size, size_t size_max, size_t* line) {
  const size_t seen = size < size_max ? size : size_max;
  for (size_t i = 0; i < seen; ++i) {
    if (data[i] == '\n') return RESP_BAD;
    if (data[i] != '\r') continue;
    if (i + 1 == size) return RESP_MORE;
    *line = i;
    return data[i + 1] == '\n' ? RESP_OK : RESP_BAD;
  }
  return size >= size_max ? RESP_BAD : RESP_MORE;
}

/* "*3\r\n" or "$5\r\n": what stands behind the type's byte. */
static enum resp_found length_parse(const uint8_t* data, size_t size, int64_t* length, size_t* head) {
  size_t line = 0;
  const enum resp_found found = line_parse(data, size, 24, &line);
  if (found != RESP_OK) return found;
  *head = line + 2;
  return line > 1 && number_parse((const char*)data + 1, line - 1, length) ? RESP_OK : RESP_BAD;
}

enum resp_found request_parse(const uint8_t* data, size_t size, sp_text* args, struct request* out) {
  if (size == 0) return RESP_MORE;
  int64_t count = 0;
  size_t at = 0;
  if (data[0] != '*') return RESP_BAD;
  enum resp_found found = length_parse(data, size, &count, &at);
  if (found != RESP_OK) return found;
  if (count < 1) return RESP_BAD;
  if (count > ARG_COUNT_MAX) return RESP_LARGE;
  for (int64_t i = 0; i < count; ++i) {
    int64_t length = 0;
    size_t head = 0;
    if (at == size) return RESP_MORE;
    if (data[at] != '$') return RESP_BAD;
    found = length_parse(data + at, size - at, &length, &head);
    if (found != RESP_OK) return found;
    if (length < 0) return RESP_BAD;
    if (length > REQUEST_SIZE_MAX || at + head + (size_t)length + 2 > REQUEST_SIZE_MAX) return RESP_LARGE;
    at += head;
    args[i] = (sp_text){(const char*)data + at, (size_t)length};
    at += (size_t)length;
    if ((at < size && data[at] != '\r') || (at + 1 < size && data[at + 1] != '\n')) return RESP_BAD;
    if (at + 2 > size) return RESP_MORE;
    at += 2;
  }
  *out = (struct request){args, (size_t)count, data, at};
  return RESP_OK;
}

int is_aggregate(uint8_t type) { return type == '*' || type == '%' || type == '~' || type == '>'; }

static enum resp_found aggregate_parse(const uint8_t* data, size_t size, int proto, struct token* out) {
  const enum resp_found found = length_parse(data, size, &out->count, &out->size);
  if (found != RESP_OK) return found;
  const int may_be_null = data[0] == '*';
  if (out->count < (may_be_null ? -1 : 0) || out->count > INT32_MAX) return RESP_BAD;
  if (proto == 2 && data[0] != '*') return RESP_BAD;
  if (data[0] == '>' && out->count == 0) return RESP_BAD;
  if (data[0] == '%') out->count *= 2;
  return RESP_OK;
}

static enum resp_found string_parse(const uint8_t* data, size_t size, int proto, struct token* out) {
  int64_t length = 0;
  const enum resp_found found = length_parse(data, size, &length, &out->value);
  if (found != RESP_OK) return found;
  if (length == -1 && data[0] == '$') {
    out->count = -1;
    out->size = out->value;
    return RESP_OK;
  }
  if (length < 0 || (proto == 2 && data[0] != '$')) return RESP_BAD;
  out->value_size = (size_t)length;
  if ((uint64_t)length > LOOK_SIZE_MAX) {
    out->size = out->value;
    return data[0] == '$' && length <= INT32_MAX ? RESP_LARGE : RESP_BAD;
  }
  out->size = out->value + out->value_size + 2;
  const size_t end = out->size - 2;
  if ((end < size && data[end] != '\r') || (end + 1 < size && data[end + 1] != '\n')) return RESP_BAD;
  if (size < out->size) return RESP_MORE;
  if (data[0] != '=') return RESP_OK;
  /* A verbatim string: three letters and a colon stand before its text. */
  if (length < 4 || data[out->value + 3] != ':') return RESP_BAD;
  out->value += 4;
  out->value_size -= 4;
  return RESP_OK;
}

static enum resp_found line_token(const uint8_t* data, size_t size, int proto, struct token* out) {
  size_t line = 0;
  const enum resp_found found = line_parse(data, size, LINE_SIZE_MAX, &line);
  if (found != RESP_OK) return found;
  const char* value = (const char*)data + 1;
  int64_t number = 0;
  out->size = line + 2;
  out->value = 1;
  out->value_size = line - 1;
  switch (data[0]) {
    case '+':
    case '-': return RESP_OK;
    case ':': return number_parse(value, line - 1, &number) ? RESP_OK : RESP_BAD;
    case '_': return proto == 3 && line == 1 ? RESP_OK : RESP_BAD;
    case '#': return proto == 3 && line == 2 && (*value == 't' || *value == 'f') ? RESP_OK : RESP_BAD;
    case ',':
    case '(': return proto == 3 && line > 1 ? RESP_OK : RESP_BAD;
    default: return RESP_BAD;
  }
}

enum resp_found token_parse(const uint8_t* data, size_t size, int proto, struct token* out) {
  *out = (struct token){0};
  if (size == 0) return RESP_MORE;
  out->type = data[0];
  if (is_aggregate(data[0])) return aggregate_parse(data, size, proto, out);
  if (data[0] == '$' || data[0] == '=' || data[0] == '!') return string_parse(data, size, proto, out);
  if (!memchr("+-:_#,(", data[0], 7)) return RESP_BAD;
  return line_token(data, size, proto, out);
}
