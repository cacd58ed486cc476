/* resp.h - the Redis serialization protocol (RESP2 and RESP3) as pure functions of bytes: no state, no
 * memory, no length that a peer declares is ever trusted beyond the constants here. Source: the RESP
 * specification. */
#ifndef RESP_H
#define RESP_H

#include <stddef.h>
#include <stdint.h>

#include "plugin.h"

#define REQUEST_SIZE_MAX (256u * 1024) /* bytes of one command; it is judged whole */
#define ARG_COUNT_MAX 16384u           /* words of one command */
#define LINE_SIZE_MAX (64u * 1024)     /* bytes of a simple string, an error, a number */
#define LOOK_SIZE_MAX (512u * 1024)    /* a larger value streams, or is withheld where a mask could apply */

enum resp_found { RESP_BAD = -1, RESP_MORE = 0, RESP_OK = 1, RESP_LARGE = 2 };

/* One command: an array of bulk strings, as every client library sends it. */
struct request {
  sp_text* args; /* into the bytes that were parsed */
  size_t count;
  const uint8_t* whole;
  size_t size; /* bytes of the whole command */
};

/* RESP_OK, RESP_MORE, RESP_BAD, or RESP_LARGE for what exceeds the constants above. `args` has room for
 * ARG_COUNT_MAX. Strict: no inline commands, no empty or null array, lengths in their shortest form. */
enum resp_found request_parse(const uint8_t* data, size_t size, sp_text* args, struct request* out);

/* One element of a reply: a line, a whole string, or the head of an aggregate. */
struct token {
  uint8_t type; /* the RESP type's first byte */
  size_t size;  /* of all of it, terminator included; of a RESP_LARGE value its head alone */
  size_t value; /* offset of its value from its first byte */
  size_t value_size;
  int64_t count; /* elements of an aggregate, pairs counted as two; -1: null */
};

/* RESP_LARGE: a string of more than LOOK_SIZE_MAX bytes; its head is whole, `value_size` bytes and CRLF
 * follow. */
enum resp_found token_parse(const uint8_t* data, size_t size, int proto, struct token* out);

/* A decimal number in its shortest form that fits 64 bits. */
int number_parse(const char* data, size_t size, int64_t* out);
int is_aggregate(uint8_t type);

#endif
