/* request.c - commands: what the session has to know of them, what the host says, what happens to their
 * bytes. */
#include <stdio.h>

#include "redis.h"

/* What a handler did with the command in front. */
enum step { STEP_FAULT = -1, STEP_WAIT = 0, STEP_TAKEN = 1 };

/* Keeps an error for the command in front, whose `size` bytes are dropped when it is told. */
void refuse(struct redis* s, size_t size, const char* head, sp_text message, sp_text detail) {
  const int written = snprintf(s->refusal, sizeof s->refusal, "%s%.*s%s%.*s", head, (int)message.size,
                               message.data, detail.size ? " " : "", (int)detail.size, detail.data);
  s->refusal_size = written < (int)sizeof s->refusal ? (size_t)written : sizeof s->refusal - 1;
  for (size_t i = 0; i < s->refusal_size; ++i) {
    if (s->refusal[i] == '\r' || s->refusal[i] == '\n') s->refusal[i] = ' ';
  }
  s->refused_size = size;
  if (s->transaction) s->dirty = 1; /* as Redis has it: EXEC will not run what is left */
}

static enum step refuse_text(struct redis* s, const struct request* request, const char* message) {
  refuse(s, request->size, "-ERR ", text(message), text(""));
  return STEP_TAKEN;
}

static void tell_refusal(struct redis* s) {
  if (s->refused_size) s->host->drop(s->session, SP_LEG_CLIENT, s->refused_size);
  say(s, SP_LEG_CLIENT, s->refusal, s->refusal_size);
  say(s, SP_LEG_CLIENT, "\r\n", 2);
  s->refusal_size = 0;
  if (s->refusal_ends) end_session(s, "the client broke the protocol");
}

static int goes_alone(enum pending_kind kind) {
  return kind == PENDING_SUBSCRIPTION || kind == PENDING_SELECT || kind == PENDING_MULTI ||
         kind == PENDING_EXEC || kind == PENDING_HELLO;
}

static void pass(struct redis* s, const struct request* request) {
  s->host->pass(s->session, SP_LEG_CLIENT, SP_LEG_TARGET, request->size, 0);
}

/* Recorded without a verdict of its own, and passed. */
static enum step pass_noted(struct redis* s, const struct request* request, enum pending_kind kind,
                            int64_t number) {
  if (note(s, request) < 0) return STEP_FAULT;
  pass(s, request);
  owe(s, kind)->number = number;
  return STEP_TAKEN;
}

static enum step denied(struct redis* s, const struct request* request, const sp_answer* answer) {
  refuse(s, request->size, "-NOPERM ", answer->message, answer->detail);
  return STEP_TAKEN;
}

/* The verdict about the command in front. Unconsumed bytes are the hold: RESP has no word for "wait". */
static enum step ask(struct redis* s, const struct request* request, const struct command* command) {
  sp_answer answer = {.size = sizeof answer};
  const int verdict =
      judge(s, request, command, s->transaction ? SP_STAGE_PREPARE : SP_STAGE_EXECUTE, &answer);
  if (verdict < 0) return STEP_FAULT;
  s->waiting = verdict == SP_WAIT;
  if (s->waiting) return STEP_WAIT;
  ++s->ticket;
  if (verdict != SP_ALLOW) return denied(s, request, &answer);
  pass(s, request);
  struct pending* pending = owe(s, s->transaction ? PENDING_QUEUED : PENDING_ASKED);
  pending->judged = !s->transaction;
  if (!s->transaction) keep_origin(s, &pending->origin, command, request);
  return STEP_TAKEN;
}

/* Answered once for each channel, UNSUBSCRIBE without one for each that there is. */
static enum step subscription(struct redis* s, const struct request* request, const struct command* command) {
  const int64_t there = s->channels_of[subscription_kind(text(command->name))];
  const size_t due = request->count > 1 ? request->count - 1 : there > 0 ? (size_t)there : 1;
  const int is_asked = command->special == SPECIAL_SUBSCRIBE;
  const enum step step =
      is_asked ? ask(s, request, command) : pass_noted(s, request, PENDING_SUBSCRIPTION, 0);
  if (step != STEP_TAKEN || s->pending_count == 0) return step;
  struct pending* pending = oldest(s);
  pending->kind = PENDING_SUBSCRIPTION;
  pending->due = (uint32_t)due;
  return step;
}

static enum step select_database(struct redis* s, const struct request* request) {
  int64_t db = 0;
  const sp_text word = request->args[1];
  if (request->count != 2 || !number_parse(word.data, word.size, &db) || db < 0)
    return refuse_text(s, request, "value is not an integer or out of range");
  if (db != s->db && !s->may_select) {
    return refuse_text(s, request,
                       "another database needs a login with permit = [\"databases\"]: ask your operator");
  }
  return pass_noted(s, request, PENDING_SELECT, db);
}

static enum step hello(struct redis* s, const struct request* request) {
  int64_t version = s->proto;
  if (request->count > 2)
    return refuse_text(s, request, "HELLO takes a version alone: this connection is logged in");
  if (request->count == 2 &&
      (!number_parse(request->args[1].data, request->args[1].size, &version) || version < 2 || version > 3)) {
    refuse(s, request->size, "-NOPROTO ", text("unsupported protocol version"), text(""));
    return STEP_TAKEN;
  }
  if (s->channels > 0) return refuse_text(s, request, "HELLO is not possible while subscribed");
  const enum step step = pass_noted(s, request, PENDING_HELLO, version);
  s->proto_before = s->proto;
  if (version == 3) s->proto = 3; /* its answer is of RESP3 already; an error is the same in both */
  return step;
}

static enum step quit(struct redis* s, const struct request* request) {
  s->host->drop(s->session, SP_LEG_CLIENT, request->size);
  say(s, SP_LEG_CLIENT, "+OK\r\n", 5);
  end_session(s, "quit");
  return STEP_TAKEN;
}

/* What may not be said here at all; NULL: it may. */
static const char* out_of_place(const struct redis* s, const struct command* command) {
  const enum special special = command ? command->special : SPECIAL_NO;
  const int subscribes = special == SPECIAL_SUBSCRIBE || special == SPECIAL_UNSUBSCRIBE;
  const int is_ping = command && strcmp(command->name, "PING") == 0;
  if (special == SPECIAL_REFUSED)
    return "the gateway does not carry this command: its answers could not be followed";
  if (special == SPECIAL_AUTH) return "this connection is logged in: open another one to be somebody else";
  if (special == SPECIAL_SCRIPT && !s->may_script)
    return "scripts need a login with permit = [\"scripts\"]: ask your operator";
  if (special == SPECIAL_OTHER_DB && !s->may_select)
    return "other databases need a login with permit = [\"databases\"]: ask your operator";
  if (s->proto == 2 && s->channels > 0 && !subscribes && !is_ping && special != SPECIAL_QUIT)
    return "only (P|S)SUBSCRIBE, (P|S)UNSUBSCRIBE, PING and QUIT are possible while subscribed";
  if (!s->transaction) {
    if (special == SPECIAL_EXEC) return "EXEC without MULTI";
    if (special == SPECIAL_DISCARD) return "DISCARD without MULTI";
    return NULL;
  }
  const int changes = subscribes || special == SPECIAL_HELLO || special == SPECIAL_SELECT ||
                      special == SPECIAL_MULTI || special == SPECIAL_WATCH;
  return changes ? "this command is not possible inside MULTI" : NULL;
}

static enum step handle(struct redis* s, const struct request* request) {
  const struct command* command = command_find(request);
  const enum special special = command ? command->special : SPECIAL_NO;
  const char* refusal = out_of_place(s, command);
  if (refusal) return refuse_text(s, request, refusal);
  const int is_free = s->pending_count == 0;
  switch (special) {
    case SPECIAL_REFUSED:
    case SPECIAL_AUTH: return STEP_FAULT; /* out of place, always */
    case SPECIAL_QUIT: return is_free ? quit(s, request) : STEP_WAIT;
    case SPECIAL_HELLO: return is_free ? hello(s, request) : STEP_WAIT;
    case SPECIAL_SELECT: return is_free ? select_database(s, request) : STEP_WAIT;
    case SPECIAL_MULTI: return is_free ? pass_noted(s, request, PENDING_MULTI, 0) : STEP_WAIT;
    case SPECIAL_EXEC: return is_free ? (enum step)exec(s, request) : STEP_WAIT;
    case SPECIAL_DISCARD: return is_free ? (enum step)discard(s, request) : STEP_WAIT;
    case SPECIAL_SUBSCRIBE:
    case SPECIAL_UNSUBSCRIBE: return is_free ? subscription(s, request, command) : STEP_WAIT;
    case SPECIAL_NOTE:
      if (!s->transaction) return pass_noted(s, request, PENDING_NOTED, 0);
      break;
    case SPECIAL_NO:
    case SPECIAL_SCRIPT:
    case SPECIAL_OTHER_DB:
    case SPECIAL_WATCH: break;
  }
  if (s->transaction && !keep_queued(s, request, command))
    return refuse_text(s, request, "this transaction is too large for the gateway");
  return ask(s, request, command);
}

static int is_empty_line(const sp_input* input, size_t at) {
  return input->data_size - at >= 2 && input->data[at] == '\r' && input->data[at + 1] == '\n';
}

/* Commands in order, until one has to wait. What it waits for feeds this leg again. */
sp_status requests(struct redis* s, const sp_input* input) {
  size_t at = 0;
  int is_partial = 0;
  while (s->stage == STAGE_READY) {
    if (s->refusal_size != 0) {
      if (s->pending_count != 0) break;
      at += s->refused_size;
      tell_refusal(s);
      continue;
    }
    const struct pending* front = oldest(s);
    if (at == input->data_size || s->pending_count == PENDING_COUNT_MAX || (front && goes_alone(front->kind)))
      break;
    if (is_empty_line(input, at)) { /* redis-cli --pipe sends one; to Redis it is no command at all */
      s->host->drop(s->session, SP_LEG_CLIENT, 2);
      at += 2;
      continue;
    }
    is_partial = input->data_size - at == 1 && input->data[at] == '\r';
    if (is_partial) break;
    struct request request;
    const enum resp_found found =
        request_parse(input->data + at, input->data_size - at, scratch_args(), &request);
    is_partial = found == RESP_MORE;
    if (is_partial) break;
    if (found != RESP_OK) {
      s->refusal_ends = 1;
      refuse(
          s, 0, "-ERR Protocol error: ",
          text(found == RESP_LARGE ? "the gateway judges commands whole, of at most 256 KiB and 16384 words"
                                   : "the gateway takes commands as arrays of bulk strings"),
          text(""));
      continue;
    }
    const enum step step = handle(s, &request);
    if (step == STEP_FAULT) return SP_FAULT;
    if (step == STEP_WAIT) break;
    if (s->refusal_size == 0) at += request.size;
  }
  if (s->stage == STAGE_READY) {
    tell_activity(s);
    /* What waits here for answers needs no more bytes behind it. */
    if (at < input->data_size && s->pending_count != 0 && !is_partial)
      s->host->pause(s->session, SP_LEG_CLIENT);
  }
  return SP_OK;
}
