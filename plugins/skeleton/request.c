/* SPDX-License-Identifier: MIT-0
 *
 * request.c - commands: what they are, what the host says of them, what happens to their bytes.
 */
#include <stdio.h>

#include "lines.h"

struct command {
  sp_command fact;
  sp_text object;
  sp_pair size; /* field.size: bytes that a PUT stores */
  char digits[24];
  int quit;
};

/* Strict: what is not exactly one of the known commands is UNPARSED, and only a rule that names UNPARSED lets
 * it through. Never guess what the target would make of it. `line` is without its \n. */
static void parse_command(sp_text line, struct command* out) {
  memset(out, 0, sizeof *out);
  out->fact.size = sizeof out->fact;
  out->fact.verb = text("UNPARSED");
  sp_text rest = line;
  const sp_text verb = cut_word(&rest);
  if (verb.size == line.size) { /* a word alone */
    out->quit = is(verb, "QUIT");
    if (out->quit || is(verb, "LIST")) out->fact.verb = verb;
    return;
  }
  const sp_text key = cut_word(&rest);
  const int has_text = key.data + key.size != line.data + line.size;
  const int put = is(verb, "PUT");
  if (!is_key(key) || has_text != put || !(put || is(verb, "GET") || is(verb, "DEL"))) return;
  out->fact.verb = verb;
  out->object = key;
  out->fact.objects = &out->object;
  out->fact.object_count = 1;
  if (!put) return;
  snprintf(out->digits, sizeof out->digits, "%zu", rest.size);
  out->size = (sp_pair){text("size"), text(out->digits)};
  out->fact.fields = &out->size;
  out->fact.field_count = 1;
}

static sp_ask ask_of(const struct command* command, sp_text line, uint64_t ticket) {
  return (sp_ask){.size = sizeof(sp_ask),
                  .ticket = ticket,
                  .stage = SP_STAGE_EXECUTE,
                  .commands = &command->fact,
                  .command_count = 1,
                  .text = line,
                  .binding = {(const uint8_t*)line.data, line.size}};
}

/* One command, whole, at `line`. Returns 0 when it was consumed and the next may be looked at. */
static int request(struct lines* s, sp_text line) {
  struct command command;
  parse_command(line, &command);
  const uint64_t size = line.size + 1; /* with its \n */
  if (command.quit) {
    s->host->drop(s->session, SP_LEG_CLIENT, size);
    say_line(s, "OK ", text("bye"), text(""));
    end_session(s, "quit");
    return 1;
  }
  const sp_ask ask = ask_of(&command, line, s->ticket);
  sp_answer answer = {.size = sizeof answer};
  const int verdict = s->host->ask(s->session, &ask, &answer);
  if (verdict < 0) return 1;
  if (verdict == SP_WAIT) {
    /* The line stays where it is: unconsumed bytes are the hold. Say so once, not at every call. */
    if (!s->told_to_wait) say_line(s, "WAIT ", answer.message, answer.detail);
    s->told_to_wait = 1;
    s->host->activity(s->session, SP_BUSY);
    return 1;
  }
  ++s->ticket;
  s->told_to_wait = 0;
  if (verdict != SP_ALLOW) { /* the target never sees it; the session lives on */
    s->host->drop(s->session, SP_LEG_CLIENT, size);
    say_line(s, "ERR ", answer.message, answer.detail);
    s->host->activity(s->session, SP_IDLE);
    return 0;
  }
  s->host->pass(s->session, SP_LEG_CLIENT, SP_LEG_TARGET, size, 0);
  s->reply_due = 1;
  s->reply_units = 0;
  s->host->activity(s->session, SP_BUSY);
  return 0;
}

/* One command at a time is at the target, so that an ERR of ours never overtakes a reply. Commands behind it
 * stay unconsumed; when the reply is over, the host feeds this leg again. */
sp_status requests(struct lines* s, const sp_input* input) {
  size_t at = 0;
  while (s->stage == STAGE_READY && !s->reply_due) {
    const long size = first_line(input->data + at, input->data_size - at);
    if (size <= 0) return size == 0 ? SP_OK : SP_FAULT;
    if (request(s, (sp_text){(const char*)input->data + at, (size_t)size - 1})) break;
    at += (size_t)size;
  }
  return SP_OK;
}

/* For `sallyport explain` and `check --cases`: the same parse as above, without a session. */
int lines_classify(sp_text line, void (*found)(void* to, const sp_ask* ask), void* to) {
  struct command command;
  if (line.size == 0) line = text("");
  if (line.size != 0 && line.data[line.size - 1] == '\n') --line.size;
  if (line.size >= LINE_SIZE_MAX) return SP_ERROR_LIMIT;
  parse_command(line, &command);
  const sp_ask ask = ask_of(&command, line, 1);
  found(to, &ask);
  return 0;
}
