/* judge.c - what the host is asked about commands. Nothing here decides. */
#include <stdio.h>
#include <stdlib.h>

#include "redis.h"

/* Room for the largest command; a thread's, for a session would need it only while it is fed. */
static _Thread_local sp_text args_room[ARG_COUNT_MAX];
static _Thread_local sp_text keys_room[ARG_COUNT_MAX];

sp_text* scratch_args(void) { return args_room; }

static const char* const effects[] = {"read", "write", "admin"};

struct facts {
  sp_command command;
  sp_pair fields[3];
  char db[24], count[24];
};

/* `keys`: room for those of this command. Returns how many it took. */
static size_t read_facts(int64_t db, const struct request* request, const struct command* command,
                         sp_text* keys, struct facts* out) {
  memset(out, 0, sizeof *out);
  out->command.size = sizeof out->command;
  out->command.verb = text("UNPARSED");
  snprintf(out->db, sizeof out->db, "%lld", (long long)db);
  out->fields[0] = (sp_pair){text("db"), text(out->db)};
  out->command.fields = out->fields;
  out->command.field_count = 1;
  const long count = command ? command_keys(command, request, keys) : -1;
  if (count < 0) return 0;
  out->command.verb = text(command->name);
  out->command.objects = keys;
  out->command.object_count = (size_t)count;
  snprintf(out->count, sizeof out->count, "%ld", count);
  out->fields[1] = (sp_pair){text("effect"), text(effects[command->effect])};
  out->fields[2] = (sp_pair){text("keys"), text(out->count)};
  out->command.field_count = 3;
  return (size_t)count;
}

/* Appends the command as it stands on the wire, but for the case of its words. */
static char* add_binding(char* to, const struct request* request, const struct command* command) {
  for (size_t i = 0; i < request->count; ++i) {
    const uint64_t size = request->args[i].size;
    memcpy(to, &size, sizeof size);
    to += sizeof size;
    if (size) memcpy(to, request->args[i].data, size);
    const int is_word = i == 0 || (i == 1 && command && strchr(command->name, ' '));
    for (uint64_t k = 0; is_word && k < size; ++k) {
      if (to[k] >= 'a' && to[k] <= 'z') to[k] = (char)(to[k] - 'a' + 'A');
    }
    to += size;
  }
  return to;
}

static size_t binding_size(const struct request* request) { return request->size + 8 * request->count; }

/* Asks; the memory that it needs lives as long as the call. */
struct paper {
  char *text, *text_end, *binding, *binding_end, *context_end;
};

static int paper_open(struct paper* p, int64_t db, size_t text_size, size_t binding) {
  p->text = p->text_end = malloc(text_size + 16);
  p->binding = malloc(binding + 40);
  if (!p->text || !p->binding) return 0;
  p->context_end = p->binding + snprintf(p->binding, 40, "db %lld\n", (long long)db);
  p->binding_end = p->context_end;
  return 1;
}

static void paper_add(struct paper* p, const struct request* request, const struct command* command) {
  p->text_end += quote(request, p->text_end);
  p->binding_end = add_binding(p->binding_end, request, command);
}

static void paper_close(struct paper* p) {
  free(p->text);
  free(p->binding);
}

static sp_ask ask_of(const struct paper* p, const sp_command* commands, size_t count, int is_plain) {
  return (sp_ask){.size = sizeof(sp_ask),
                  .ticket = 1,
                  .stage = SP_STAGE_EXECUTE,
                  .commands = commands,
                  .command_count = count,
                  .text = {p->text, (size_t)(p->text_end - p->text)},
                  .binding = {(const uint8_t*)p->binding, (size_t)(p->binding_end - p->binding)},
                  .flags = is_plain ? SP_ASK_PLAIN_CONTEXT : 0,
                  .context = {(const uint8_t*)p->binding, (size_t)(p->context_end - p->binding)}};
}

int judge(struct redis* s, const struct request* request, const struct command* command, sp_stage stage,
          sp_answer* answer) {
  struct facts facts;
  read_facts(s->db, request, command, keys_room, &facts);
  struct paper paper;
  int verdict = SP_ERROR_LIMIT;
  if (paper_open(&paper, s->db, quote_size_max(request), binding_size(request))) {
    paper_add(&paper, request, command);
    sp_ask ask = ask_of(&paper, &facts.command, 1, s->db == s->login_db);
    ask.ticket = s->ticket;
    ask.stage = stage;
    ask.transaction = stage == SP_STAGE_PREPARE ? s->transaction : 0;
    verdict = s->host->ask(s->session, &ask, answer);
  }
  paper_close(&paper);
  return verdict;
}

/* All that was queued, as one batch. The transaction is one request from MULTI to EXEC, so it stands alone:
 * sent again as a whole it is the same one. */
int judge_exec(struct redis* s, sp_answer* answer) {
  struct facts* facts = calloc(s->queue_count, sizeof *facts);
  sp_command* commands = calloc(s->queue_count, sizeof *commands);
  size_t text_size = 16, binding = 0, key_count = 0;
  struct request request;
  const uint8_t* bytes = (const uint8_t*)s->queue_bytes;
  int verdict = SP_ERROR_LIMIT;
  struct paper paper = {0};
  for (size_t i = 0; i < s->queue_count; ++i) {
    if (request_parse(bytes + s->queue[i].offset, s->queue[i].size, args_room, &request) != RESP_OK) goto out;
    text_size += quote_size_max(&request) + 1;
    binding += binding_size(&request);
  }
  if (!facts || !commands || !paper_open(&paper, s->db, text_size, binding)) goto out;
  memcpy(paper.text_end, "MULTI\n", 6);
  paper.text_end += 6;
  for (size_t i = 0; i < s->queue_count; ++i) {
    request_parse(bytes + s->queue[i].offset, s->queue[i].size, args_room, &request);
    const struct command* command = command_find(&request);
    if (key_count + request.count > ARG_COUNT_MAX) goto out;
    key_count += read_facts(s->db, &request, command, keys_room + key_count, &facts[i]);
    commands[i] = facts[i].command;
    paper_add(&paper, &request, command);
    *paper.text_end++ = '\n';
  }
  memcpy(paper.text_end, "EXEC", 4);
  paper.text_end += 4;
  sp_ask ask = ask_of(&paper, commands, s->queue_count, s->db == s->login_db);
  ask.ticket = s->ticket;
  verdict = s->host->ask(s->session, &ask, answer);
out:
  paper_close(&paper);
  free(facts);
  free(commands);
  return verdict;
}

/* A word about the session itself: recorded, not judged. */
int note(struct redis* s, const struct request* request) {
  char* shown = malloc(quote_size_max(request));
  if (!shown) return SP_ERROR_LIMIT;
  const sp_bytes payload = {(const uint8_t*)shown, quote(request, shown)};
  const int result = s->host->note(s->session, text("command"), payload);
  free(shown);
  return result;
}

/* For `sallyport explain` and `check --cases`: a command as one types it into redis-cli, without a session.
 */
int redis_classify(sp_text line, void (*found)(void* to, const sp_ask* ask), void* to) {
  if (line.size > REQUEST_SIZE_MAX) return SP_ERROR_LIMIT;
  char* bytes = malloc(line.size + 1);
  struct request request = {.args = args_room, .size = line.size * 2 + 64};
  struct paper paper = {0};
  struct facts facts;
  int result = SP_ERROR_LIMIT;
  if (bytes && split_line(line, args_room, &request.count, bytes)) {
    const struct command* command = command_find(&request);
    read_facts(0, &request, command, keys_room, &facts);
    if (paper_open(&paper, 0, quote_size_max(&request), binding_size(&request))) {
      paper_add(&paper, &request, command);
      const sp_ask ask = ask_of(&paper, &facts.command, 1, 1);
      found(to, &ask);
      result = 0;
    }
  } else if (bytes) {
    result = SP_ERROR_ARGUMENT;
  }
  paper_close(&paper);
  free(bytes);
  return result;
}
