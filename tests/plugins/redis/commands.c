/* commands.c - how commands are found, and their keys. data_commands.c and server_commands.c have them. */
#include "commands.h"

#include <string.h>

#include "table.h"

static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c; }

int same_word(sp_text text, const char* word) {
  for (size_t i = 0; i < text.size; ++i) {
    if (word[i] == 0 || upper(text.data[i]) != word[i]) return 0;
  }
  return word[text.size] == 0;
}

/* "CONFIG SET" against two words; "GET" against the first. */
static int names(const char* name, const struct request* request) {
  const char* space = strchr(name, ' ');
  const sp_text first = request->args[0];
  if (!space) return same_word(first, name);
  const size_t size = (size_t)(space - name);
  if (request->count < 2 || first.size != size) return 0;
  for (size_t i = 0; i < size; ++i) {
    if (upper(first.data[i]) != name[i]) return 0;
  }
  return same_word(request->args[1], space + 1);
}

/* Words by which a command touches what its table entry does not know of. */
static int has_hidden_keys(const struct command* command, const struct request* request) {
  static const char* const sorting[] = {"STORE", "BY", "GET", NULL};
  static const char* const storing[] = {"STORE", "STOREDIST", NULL};
  static const char* const copying[] = {"DB", NULL};
  const char* const* words = NULL;
  if (strncmp(command->name, "SORT", 4) == 0) words = sorting;
  if (strncmp(command->name, "GEORADIUS", 9) == 0) words = storing;
  if (strcmp(command->name, "COPY") == 0) words = copying;
  for (size_t i = 2; words && i < request->count; ++i) {
    for (const char* const* word = words; *word; ++word) {
      if (same_word(request->args[i], *word)) return 1;
    }
  }
  return 0;
}

const struct command* command_find(const struct request* request) {
  const struct command* command = data_commands;
  while (command->name && !names(command->name, request)) ++command;
  if (!command->name) {
    for (command = server_commands; command->name && !names(command->name, request);) ++command;
  }
  if (!command->name || request->count < (size_t)command->arg_count_min) return NULL;
  return has_hidden_keys(command, request) ? NULL : command;
}

/* "2 a b": the number at `at`, and that many keys behind it. */
static long counted(const struct request* request, size_t at, sp_text* out) {
  int64_t count = 0;
  if (at >= request->count || !number_parse(request->args[at].data, request->args[at].size, &count))
    return -1;
  if (count < 0 || (uint64_t)count > request->count - at - 1) return -1;
  for (int64_t i = 0; i < count; ++i) out[i] = request->args[at + 1 + (size_t)i];
  return (long)count;
}

/* "... STREAMS a b 0 0". The word cannot be a group's name here: options stand at fixed places before it. */
static long streams(const struct request* request, sp_text* out) {
  size_t at = same_word(request->args[0], "XREADGROUP") ? 4 : 1;
  while (at < request->count && !same_word(request->args[at], "STREAMS")) {
    at += same_word(request->args[at], "NOACK") ? 1 : 2; /* COUNT n, BLOCK ms */
  }
  if (at >= request->count) return -1;
  const size_t left = request->count - at - 1;
  if (left == 0 || left % 2 != 0) return -1;
  for (size_t i = 0; i < left / 2; ++i) out[i] = request->args[at + 1 + i];
  return (long)(left / 2);
}

long command_keys(const struct command* command, const struct request* request, sp_text* out) {
  const long count = (long)request->count;
  switch (command->keys) {
    case KEYS_NONE: return 0;
    case KEYS_STREAMS: return streams(request, out);
    case KEYS_COUNTED: return counted(request, (size_t)command->first, out);
    case KEYS_COUNTED_AND_FIRST: {
      const long more = counted(request, (size_t)command->first, out + 1);
      if (more < 0 || more >= (long)ARG_COUNT_MAX - 1) return -1;
      out[0] = request->args[1];
      return more + 1;
    }
    case KEYS_FROM: break;
  }
  const long last = command->last < 0 ? count + command->last : command->last;
  long found = 0;
  for (long i = command->first; i <= last && i < count; i += command->step) out[found++] = request->args[i];
  return found == 0 ? -1 : found;
}
