/* SPDX-License-Identifier: MIT-0
 *
 * login.c - who is there, and the gateway's own login at the target.
 */
#include "lines.h"

/* The client's first line. It stays unconsumed until the proof is decided, so that WAIT costs no memory.
 */
sp_status client_login(struct lines* s, const sp_input* input) {
  const long size = first_line(input->data, input->data_size);
  if (size <= 0) return size == 0 ? SP_OK : SP_FAULT;
  sp_text password = {(const char*)input->data, (size_t)size - 1};
  const sp_text user = cut_word(&password);
  if (!s->login_named) {
    const sp_login login = {.size = sizeof login, .user = user};
    if (s->host->login(s->session, &login) < 0) return SP_FAULT;
    s->login_named = 1;
  }
  sp_identity identity = {.size = sizeof identity};
  const sp_bytes proof = {(const uint8_t*)password.data, password.size};
  const int verdict = s->host->prove(s->session, SP_PROOF_PASSWORD, proof, &identity);
  if (verdict < 0) return SP_FAULT;
  if (verdict == SP_WAIT) return SP_OK; /* SP_EVENT_ANSWER brings us here again */
  s->host->drop(s->session, SP_LEG_CLIENT, (uint64_t)size);
  if (verdict != SP_ALLOW) {
    say_line(s, "ERR ", identity.message, text(""));
    end_session(s, "login refused");
    return SP_OK;
  }
  s->stage = STAGE_CONNECTING;
  return s->host->connect(s->session, SP_LEG_TARGET) < 0 ? SP_FAULT : SP_OK;
}

/* The gateway logs in at the target with a credential that the client never sees. */
sp_status target_login(struct lines* s) {
  sp_credential user = {.size = sizeof user, .kind = SP_CREDENTIAL_USER};
  sp_credential password = {.size = sizeof password, .kind = SP_CREDENTIAL_PASSWORD};
  const int first = s->host->credential(s->session, &user);
  const int second = s->host->credential(s->session, &password);
  if (first < 0 || second < 0) return SP_FAULT;
  s->credential_due = first == SP_WAIT || second == SP_WAIT;
  if (s->credential_due) return SP_OK;
  if (first != SP_ALLOW || second != SP_ALLOW) {
    say_line(s, "ERR ", text("the gateway has no credential for this target"), text(""));
    end_session(s, "no credential");
    return SP_OK;
  }
  say(s, SP_LEG_TARGET, (sp_text){(const char*)user.secret.data, user.secret.size});
  say(s, SP_LEG_TARGET, text(" "));
  say(s, SP_LEG_TARGET, (sp_text){(const char*)password.secret.data, password.secret.size});
  say(s, SP_LEG_TARGET, text("\n"));
  return SP_OK;
}

/* The target's answer to that. Its words may quote the credential, so the client gets words of ours. Moves
 * `*at` behind it. */
sp_status target_greeting(struct lines* s, const sp_input* input, size_t* at) {
  const long size = first_line(input->data, input->data_size);
  if (size <= 0) return size == 0 ? SP_OK : SP_FAULT;
  sp_text line = {(const char*)input->data, (size_t)size - 1};
  const int welcome = is(cut_word(&line), "OK");
  s->host->drop(s->session, SP_LEG_TARGET, (uint64_t)size);
  *at = (size_t)size;
  if (!welcome) {
    say_line(s, "ERR ", text("the target refused the gateway's login"), text(""));
    end_session(s, "target login refused");
    return SP_OK;
  }
  s->stage = STAGE_READY;
  say_line(s, "OK ", text("ready"), text(""));
  s->host->activity(s->session, SP_IDLE);
  return SP_OK;
}
