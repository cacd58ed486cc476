#include "core/path/kit_script.h"

#include "core/path/kit_text.h"

namespace sallyport {
namespace {

const char* verdict_word(sp_verdict verdict) {
  switch (verdict) {
    case SP_ALLOW: return "allow";
    case SP_DENY: return "deny";
    case SP_WAIT: return "wait";
  }
  return "deny";
}

const char* state_word(sp_state state) {
  switch (state) {
    case SP_STATE_DECIDED: return "decided";
    case SP_STATE_PENDING: return "pending";
    case SP_STATE_APPROVED: return "approved";
    case SP_STATE_REFUSED: return "refused";
    case SP_STATE_EXPIRED: return "expired";
    case SP_STATE_CANCELLED: return "cancelled";
    case SP_STATE_UNBOUND: return "unbound";
  }
  return "decided";
}

const char* target_tls_word(uint32_t mode) {
  return mode == SP_TARGET_TLS_VERIFY ? "verify" : mode == SP_TARGET_TLS_REQUIRE ? "require" : "off";
}

std::string answer_text(const KitAnswer& answer) {
  const KitAnswer otherwise;
  std::string text = "answer " + kit_quote(answer.verb) + " " + verdict_word(answer.verdict);
  if (answer.once) text += " once";
  if (answer.state != otherwise.state) text += std::string(" state=") + state_word(answer.state);
  if (answer.rule != otherwise.rule) text += " rule=" + kit_quote(answer.rule);
  if (answer.message != otherwise.message) text += " message=" + kit_quote(answer.message);
  if (answer.detail != otherwise.detail) text += " detail=" + kit_quote(answer.detail);
  return text + "\n";
}

std::string mask_text(const KitMask& mask) {
  return "mask " + (mask.field.empty() ? "*" : kit_quote(mask.field)) + " " +
         (mask.text.empty() ? "*" : kit_quote(mask.text)) +
         (mask.withhold ? " withhold" : " with " + kit_quote(mask.replacement)) + "\n";
}

std::string screen_text(const KitScreen& screen) {
  const KitScreen otherwise;
  std::string text = "screen " + kit_quote(screen.text);
  if (screen.rule != otherwise.rule) text += " rule=" + kit_quote(screen.rule);
  if (screen.message != otherwise.message) text += " message=" + kit_quote(screen.message);
  return text + "\n";
}

}  // namespace

std::string script_text(const KitScript& script) {
  const KitScript otherwise;
  std::string text;
  const auto set = [&](const char* key, std::string KitScript::*member) {
    if (script.*member != otherwise.*member)
      text += std::string("set ") + key + " " + kit_quote(script.*member) + "\n";
  };
  set("who", &KitScript::who);
  set("target", &KitScript::target);
  set("login", &KitScript::login);
  set("database", &KitScript::database);
  set("password", &KitScript::password);
  set("deny_message", &KitScript::deny_message);
  set("target_user", &KitScript::target_user);
  set("target_password", &KitScript::target_password);
  if (script.seed != otherwise.seed) text += "set seed " + std::to_string(script.seed) + "\n";
  if (script.prove != otherwise.prove) text += std::string("set prove ") + verdict_word(script.prove) + "\n";
  if (script.credential != otherwise.credential)
    text += std::string("set credential ") + verdict_word(script.credential) + "\n";
  if (script.target_tls != otherwise.target_tls)
    text += std::string("set target_tls ") + target_tls_word(script.target_tls) + "\n";
  if (script.client_tls_required) {
    text += "set client_tls required\n";
  } else if (!script.client_tls_offered) {
    text += "set client_tls off\n";
  }
  for (const std::string& name : script.permissions) text += "set permit " + kit_quote(name) + "\n";
  for (const auto& [name, value] : script.options)
    text += "set option " + kit_quote(name) + " " + kit_quote(value) + "\n";
  // The line that comes later counts first.
  for (auto answer = script.answers.rbegin(); answer != script.answers.rend(); ++answer)
    text += answer_text(*answer);
  for (const KitMask& mask : script.masks) text += mask_text(mask);
  for (const KitScreen& screen : script.screens) text += screen_text(screen);
  return text;
}

}  // namespace sallyport
