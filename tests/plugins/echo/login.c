/* login.c - the client's LOGIN, and the gateway's own on both target legs. */
#include "echo.h"

static void end_session(struct echo* s, const char* reason) {
  s->host->finish(s->session, SP_LEG_CLIENT, text(reason));
  s->stage = STAGE_OVER;
}

/* "LOGIN user password". 0: it is no such frame. */
static int read_login(const struct frame* frame, sp_text* user, sp_text* password) {
  const char* data = (const char*)frame->payload;
  if (frame->id != 0 || frame->size < 6 || memcmp(data, "LOGIN ", 6) != 0) return 0;
  const char* space = memchr(data + 6, ' ', frame->size - 6);
  if (!space) return 0;
  *user = (sp_text){data + 6, (size_t)(space - data) - 6};
  *password = (sp_text){space + 1, frame->size - (size_t)(space + 1 - data)};
  return 1;
}

/* The frame stays unconsumed until its proof is decided. */
sp_status client_login(struct echo* s, const sp_input* input, size_t* at) {
  struct frame frame;
  sp_text user, password;
  const int found = frame_parse(input->data, input->data_size, &frame);
  if (found <= 0) return found == 0 ? SP_OK : SP_FAULT;
  if (!read_login(&frame, &user, &password)) return SP_FAULT;
  if (!s->login_named) {
    const sp_login login = {.size = sizeof login, .user = user};
    if (s->host->login(s->session, &login) < 0) return SP_FAULT;
    s->login_named = 1;
  }
  sp_identity identity = {.size = sizeof identity};
  const sp_bytes proof = {(const uint8_t*)password.data, password.size};
  const int verdict = s->host->prove(s->session, SP_PROOF_PASSWORD, proof, &identity);
  if (verdict < 0) return SP_FAULT;
  if (verdict == SP_WAIT) return SP_OK;
  *at = HEAD_SIZE + frame.size;
  s->host->drop(s->session, SP_LEG_CLIENT, *at);
  if (verdict != SP_ALLOW) {
    say_text(s, 0, "ERR ", identity.message, text(""));
    end_session(s, "login refused");
    return SP_OK;
  }
  s->stage = STAGE_TARGETS;
  for (uint32_t leg = 1; leg <= LEG_COUNT; ++leg) {
    if (s->host->connect(s->session, leg) < 0) return SP_FAULT;
  }
  return SP_OK;
}

/* On each leg that is open and not logged in yet. */
sp_status target_login(struct echo* s) {
  sp_credential user = {.size = sizeof user, .kind = SP_CREDENTIAL_USER};
  sp_credential password = {.size = sizeof password, .kind = SP_CREDENTIAL_PASSWORD};
  const int first = s->host->credential(s->session, &user);
  const int second = s->host->credential(s->session, &password);
  if (first < 0 || second < 0) return SP_FAULT;
  s->credential_due = first == SP_WAIT || second == SP_WAIT;
  if (s->credential_due) return SP_OK;
  if (first != SP_ALLOW || second != SP_ALLOW ||
      user.secret.size + password.secret.size > FRAME_SIZE_MAX - 8) {
    say_text(s, 0, "ERR the gateway has no credential for this target", text(""), text(""));
    end_session(s, "no credential");
    return SP_OK;
  }
  char line[FRAME_SIZE_MAX];
  memcpy(line, "LOGIN ", 6);
  memcpy(line + 6, user.secret.data, user.secret.size);
  line[6 + user.secret.size] = ' ';
  memcpy(line + 7 + user.secret.size, password.secret.data, password.secret.size);
  for (uint32_t leg = 1; leg <= LEG_COUNT; ++leg) {
    if (s->is_open[leg - 1] != 1) continue;
    s->is_open[leg - 1] = 2; /* said */
    say_frame(s, leg, 0, line, 7 + user.secret.size + password.secret.size);
  }
  for (volatile char* at = line; at != line + sizeof line; ++at) *at = 0;
  return SP_OK;
}

sp_status target_greeting(struct echo* s, const sp_input* input, size_t* at) {
  struct frame frame;
  const int found = frame_parse(input->data, input->data_size, &frame);
  if (found <= 0) return found == 0 ? SP_OK : SP_FAULT;
  *at = HEAD_SIZE + frame.size;
  s->host->drop(s->session, input->leg, *at);
  if (frame.id != 0 || frame.size != 2 || memcmp(frame.payload, "OK", 2) != 0) {
    say_text(s, 0, "ERR the target refused the gateway's login", text(""), text(""));
    end_session(s, "target login refused");
    return SP_OK;
  }
  s->is_ready[input->leg - 1] = 1;
  for (uint32_t leg = 1; leg <= LEG_COUNT; ++leg) {
    if (!s->is_ready[leg - 1]) return SP_OK;
  }
  s->stage = STAGE_READY;
  say_frame(s, SP_LEG_CLIENT, 0, "OK", 2);
  return SP_OK;
}
