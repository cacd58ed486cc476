// The sp_host functions of KitHost (kit_host.h): each checks its arguments and the session's state as the
// gateway does, and answers from the script. kit_calls.cc: bytes, legs and small things; kit_login.cc,
// kit_answers.cc and kit_masks.cc: login, verdicts, masks.
#pragma once

#include "core/path/kit_host.h"

namespace sallyport {

[[nodiscard]] const sp_host& kit_host_table();

struct KitCalls {
  static KitHost& of(sp_session* session) { return *reinterpret_cast<KitHost*>(session); }
  // Null: the call is allowed now. Else what the violation says.
  static int refuse_after_end(KitHost& host, const char* call);
  static bool leg_is_usable(const KitHost& host, uint32_t leg);
  static std::string_view view(sp_text text) { return {text.data ? text.data : "", text.size}; }
  static std::string_view view(sp_bytes bytes) {
    return {bytes.data ? reinterpret_cast<const char*>(bytes.data) : "", bytes.size};
  }

  static int pass(sp_session*, uint32_t from, uint32_t to, uint64_t count, uint32_t flags);
  static int drop(sp_session*, uint32_t from, uint64_t count);
  static int pause(sp_session*, uint32_t leg);
  static int emit(sp_session*, uint32_t to, const uint8_t* data, size_t size);
  static int tls(sp_session*, uint32_t leg, int direct);
  static int channel_binding(sp_session*, uint32_t leg, uint8_t* out, size_t out_size);
  static int connect(sp_session*, uint32_t leg);
  static int finish(sp_session*, uint32_t leg, sp_text reason);
  static int name(sp_session*, sp_text key, sp_text value);
  static int note(sp_session*, sp_text kind, sp_bytes payload);
  static int reply_end(sp_session*, uint64_t units, sp_text status);
  static int activity(sp_session*, sp_activity now);
  static int wake_after(sp_session*, uint32_t delay_ms);
  static int answer_within(sp_session*, uint32_t leg, uint32_t delay_ms);
  static int random(sp_session*, uint8_t* out, size_t size);
  static int publish(sp_session*, sp_bytes key);
  static int signal(sp_session*, sp_bytes key);
  static uint32_t core_index(sp_session*);
  static const void* extension(sp_session*, const char* name);

  static int login(sp_session*, const sp_login* request);
  static int verifier(sp_session*, sp_scram_verifier* out);
  static int prove(sp_session*, sp_proof kind, sp_bytes proof, sp_identity* out);
  static int credential(sp_session*, sp_credential* inout);
  static int ask(sp_session*, const sp_ask* ask, sp_answer* out);
  static int screens(sp_session*);
  static int screen(sp_session*, const sp_pair* values, size_t count, sp_answer* out);
  static int cancel(sp_session*, uint64_t ticket);
  static sp_field_id field(sp_session*, const sp_field* field);
  static int fields_reset(sp_session*);
  static int names_masked(sp_session*, const sp_text* paths, size_t count);
  static int mask(sp_session*, const sp_span* spans, size_t count, sp_masked* out);

 private:
  static std::string check_ask(const KitHost& host, const sp_ask& ask);
  static std::string describe(const sp_ask& ask);
  static KitAnswer script_answer(KitHost& host, const sp_ask& ask);
  static int answer(KitHost& host, const KitHost::Ticket& ticket, sp_answer& out);
  static int wait_unbound(KitHost& host, const KitAnswer& answer, sp_answer& out);
  static int mask_span(KitHost& host, const sp_span& span, sp_masked& out);
  static bool mask_value(KitHost& host, const KitField& field, std::string& value, sp_mask_outcome& outcome);
};

}  // namespace sallyport
