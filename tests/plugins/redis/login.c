/* login.c - who is there, and the gateway's own login at the target. */
#include <stdio.h>

#include "redis.h"

static void say_text(struct redis* s, const char* string) { say(s, SP_LEG_CLIENT, string, strlen(string)); }

/* What a host's text says goes into one line. */
static void say_error(struct redis* s, const char* head, sp_text message) {
  say_text(s, head);
  for (size_t i = 0, from = 0; i <= message.size; ++i) {
    if (i < message.size && message.data[i] != '\r' && message.data[i] != '\n') continue;
    say(s, SP_LEG_CLIENT, message.data + from, i - from);
    if (i < message.size) say_text(s, " ");
    from = i + 1;
  }
  say_text(s, "\r\n");
}

struct proof {
  sp_text user, password, client;
  int64_t hello;
  const char* fault; /* what to answer instead */
};

/* AUTH [user] password; HELLO [version [AUTH user password] [SETNAME name]]. */
static void read_proof(const struct request* r, struct proof* out) {
  memset(out, 0, sizeof *out);
  out->user = text("default");
  if (same_word(r->args[0], "AUTH")) {
    if (r->count != 2 && r->count != 3) {
      out->fault = "-ERR wrong number of arguments for 'auth' command\r\n";
      return;
    }
    if (r->count == 3) out->user = r->args[1];
    out->password = r->args[r->count - 1];
    return;
  }
  static const char no_proof[] =
      "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH "
      "<user> "
      "<pass> option can be used to authenticate the client and select the RESP protocol version at the same "
      "time\r\n";
  out->fault = no_proof;
  if (r->count < 2) return;
  if (!number_parse(r->args[1].data, r->args[1].size, &out->hello) || out->hello < 2 || out->hello > 3) {
    out->fault = "-NOPROTO unsupported protocol version\r\n";
    return;
  }
  for (size_t i = 2; i < r->count;) {
    if (same_word(r->args[i], "AUTH") && i + 2 < r->count) {
      out->user = r->args[i + 1];
      out->password = r->args[i + 2];
      out->fault = NULL;
      i += 3;
    } else if (same_word(r->args[i], "SETNAME") && i + 1 < r->count) {
      out->client = r->args[i + 1];
      i += 2;
    } else {
      out->fault = "-ERR Syntax error in HELLO\r\n";
      return;
    }
  }
}

static int has_permission(const sp_identity* identity, const char* name) {
  for (size_t i = 0; i < identity->permission_count; ++i) {
    const sp_text one = identity->permissions[i];
    if (one.size == strlen(name) && memcmp(one.data, name, one.size) == 0) return 1;
  }
  return 0;
}

static sp_status proven(struct redis* s, const sp_identity* identity, const struct proof* proof) {
  s->hello = proof->hello;
  s->target_tls = identity->target_tls;
  s->may_script = has_permission(identity, "scripts");
  s->may_select = has_permission(identity, "databases");
  const sp_text db = identity->database;
  if (db.size != 0 && (!number_parse(db.data, db.size, &s->login_db) || s->login_db < 0)) {
    say_text(s, "-ERR the target's `database` is no number: ask your operator\r\n");
    end_session(s, "the target's database is no number");
    return SP_OK;
  }
  s->db = s->login_db;
  s->stage = STAGE_CONNECTING;
  return s->host->connect(s->session, SP_LEG_TARGET) < 0 ? SP_FAULT : SP_OK;
}

/* The command stays unconsumed until its proof is decided, so that WAIT costs no memory. */
static sp_status prove(struct redis* s, const struct proof* proof, size_t size) {
  if (!s->login_named) {
    const sp_login login = {.size = sizeof login, .user = proof->user, .client = proof->client};
    if (s->host->login(s->session, &login) < 0) return SP_FAULT;
    s->login_named = 1;
  }
  sp_scram_verifier verifier = {.size = sizeof verifier};
  const int wanted = s->host->verifier(s->session, &verifier);
  if (wanted < 0) return SP_FAULT;
  const int by_channel = wanted == SP_VERIFIER_CHANNEL;
  const sp_bytes password = {(const uint8_t*)proof->password.data, proof->password.size};
  sp_identity identity = {.size = sizeof identity};
  const int verdict = s->host->prove(s->session, by_channel ? SP_PROOF_CHANNEL : SP_PROOF_PASSWORD,
                                     by_channel ? (sp_bytes){NULL, 0} : password, &identity);
  if (verdict < 0) return SP_FAULT;
  if (verdict == SP_WAIT) return SP_OK; /* SP_EVENT_ANSWER brings us here again */
  s->host->drop(s->session, SP_LEG_CLIENT, size);
  if (verdict == SP_ALLOW) return proven(s, &identity, proof);
  say_error(s, "-WRONGPASS ", identity.message);
  end_session(s, "login refused");
  return SP_OK;
}

sp_status client_login(struct redis* s, const sp_input* input) {
  size_t at = 0;
  while (s->stage == STAGE_LOGIN && at < input->data_size) {
    struct request request;
    const enum resp_found found =
        request_parse(input->data + at, input->data_size - at, scratch_args(), &request);
    if (found == RESP_MORE && input->data_size - at <= LOGIN_SIZE_MAX) return SP_OK;
    if (found != RESP_OK || request.size > LOGIN_SIZE_MAX) {
      say_text(s, "-ERR Protocol error: log in with AUTH or HELLO, as an array of bulk strings\r\n");
      end_session(s, "no command before the login");
      return SP_OK;
    }
    at += request.size;
    const char* answer = "-NOAUTH Authentication required.\r\n";
    if (same_word(request.args[0], "AUTH") || same_word(request.args[0], "HELLO")) {
      struct proof proof;
      read_proof(&request, &proof);
      if (!proof.fault && s->tls_offered && !s->tls)
        proof.fault = "-ERR a password is taken over TLS alone: connect with TLS\r\n";
      if (!proof.fault) return prove(s, &proof, request.size);
      answer = proof.fault;
    }
    s->host->drop(s->session, SP_LEG_CLIENT, request.size);
    if (same_word(request.args[0], "QUIT")) {
      say_text(s, "+OK\r\n");
      end_session(s, "quit");
      return SP_OK;
    }
    say_text(s, answer);
  }
  return SP_OK;
}

/* ---- At the target ---- */

static void say_word(struct redis* s, const char* data, size_t size) {
  char head[32];
  say(s, SP_LEG_TARGET, head, (size_t)snprintf(head, sizeof head, "$%zu\r\n", size));
  say(s, SP_LEG_TARGET, data, size);
  say(s, SP_LEG_TARGET, "\r\n", 2);
}

static void say_number(struct redis* s, const char* command, int64_t number) {
  char digits[24];
  say(s, SP_LEG_TARGET, "*2\r\n", 4);
  say_word(s, command, strlen(command));
  say_word(s, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)number));
}

sp_status target_opened(struct redis* s) {
  s->host->answer_within(s->session, SP_LEG_TARGET, LOGIN_TIME_MS);
  s->stage = s->target_tls == SP_TARGET_TLS_OFF || s->stage == STAGE_TARGET_TLS ? STAGE_TARGET_LOGIN
                                                                                : STAGE_TARGET_TLS;
  if (s->stage == STAGE_TARGET_TLS) return s->host->tls(s->session, SP_LEG_TARGET, 0) < 0 ? SP_FAULT : SP_OK;
  return target_login(s);
}

static void target_ready(struct redis* s) {
  s->host->answer_within(s->session, SP_LEG_TARGET, 0);
  s->stage = STAGE_READY;
  if (s->hello == 0) {
    say_text(s, "+OK\r\n");
  } else { /* the target's own answer goes to the client */
    say_number(s, "HELLO", s->hello);
    struct pending* pending = owe(s, PENDING_HELLO);
    pending->number = s->hello;
    s->proto_before = 2;
    if (s->hello == 3) s->proto = 3;
  }
  tell_activity(s);
}

static void select_or_ready(struct redis* s) {
  if (s->login_db == 0 || s->select_sent) {
    target_ready(s);
    return;
  }
  s->select_sent = 1;
  say_number(s, "SELECT", s->login_db);
}

/* With a credential that the client never sees. */
sp_status target_login(struct redis* s) {
  sp_credential user = {.size = sizeof user, .kind = SP_CREDENTIAL_USER};
  sp_credential password = {.size = sizeof password, .kind = SP_CREDENTIAL_PASSWORD};
  const int first = s->host->credential(s->session, &user);
  const int second = s->host->credential(s->session, &password);
  if (first < 0 || second < 0) return SP_FAULT;
  s->credential_due = first == SP_WAIT || second == SP_WAIT;
  if (s->credential_due) return SP_OK;
  if (first != SP_ALLOW || second != SP_ALLOW) {
    say_text(s, "-ERR the gateway has no credential for this target\r\n");
    end_session(s, "no credential");
    return SP_OK;
  }
  if (password.secret.size == 0) {
    select_or_ready(s);
    return SP_OK;
  }
  say(s, SP_LEG_TARGET, user.secret.size ? "*3\r\n" : "*2\r\n", 4);
  say_word(s, "AUTH", 4);
  if (user.secret.size) say_word(s, (const char*)user.secret.data, user.secret.size);
  say_word(s, (const char*)password.secret.data, password.secret.size);
  return SP_OK;
}

/* +OK to AUTH, then to SELECT. The target's words may quote the credential, so the client gets words of ours.
 */
sp_status target_greeting(struct redis* s, const sp_input* input, size_t* at) {
  while (s->stage == STAGE_TARGET_LOGIN && *at < input->data_size) {
    struct token token;
    const uint8_t* line = input->data + *at;
    const enum resp_found found = token_parse(line, input->data_size - *at, 2, &token);
    if (found == RESP_MORE) return SP_OK;
    if (found != RESP_OK || (token.type != '+' && token.type != '-')) return SP_FAULT;
    s->host->drop(s->session, SP_LEG_TARGET, token.size);
    *at += token.size;
    if (token.type == '-' || token.value_size != 2 || memcmp(line + 1, "OK", 2) != 0) {
      say_text(s, "-ERR the target refused the gateway's login\r\n");
      end_session(s, "target login refused");
      return SP_OK;
    }
    select_or_ready(s);
  }
  return SP_OK;
}
