#include "core/control/metrics.h"

#include <nlohmann/json.hpp>

#include "core/control/webhook_metrics.h"

namespace sallyport {

namespace {

using nlohmann::json;

void add(std::string& out, const std::string& name, const char* type, const char* help, int64_t value) {
  out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n" + name + " " +
         std::to_string(value) + "\n";
}

// A label's value: backslash, quote and line feed are escaped.
std::string label(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

void add_issuers(std::string& out, const json& issuers) {
  out +=
      "# HELP sallyport_issuer_keys_age_seconds Since an issuer's keys were fetched; -1: there are none.\n"
      "# TYPE sallyport_issuer_keys_age_seconds gauge\n";
  for (const json& one : issuers) {
    out += "sallyport_issuer_keys_age_seconds{issuer=\"" + label(one.value("name", "")) + "\"} " +
           std::to_string(one.value("keys_age_s", int64_t{-1})) + "\n";
  }
}

void add_witness(std::string& out, const json& witness) {
  const auto family = [&](const char* name, const char* type, const char* help, const char* key) {
    out += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
    for (const json& way : witness.value("ways", json::array()))
      out += std::string(name) + "{way=\"" + label(way.value("way", "")) + "\"} " +
             std::to_string(way.value(key, int64_t{-1})) + "\n";
  };
  if (!witness.is_object()) return;
  family("sallyport_witness_age_seconds", "gauge", "Since a witness took the log's head; -1: never.",
         "age_s");
  family("sallyport_witness_failures_total", "counter", "Heads that a witness did not take.", "failures");
}

}  // namespace

std::string metrics_text(const json& status) {
  const auto number = [&status](const char* key) { return status.value(key, int64_t{0}); };
  const json canary = status.value("canary", json::object()), log = status.value("log", json::object());
  const json closed = status.value("closed", json::object());
  std::string out;
  add(out, "sallyport_sessions", "gauge", "Live sessions.", number("sessions"));
  add(out, "sallyport_approvals", "gauge", "Requests that wait for a person.", number("approvals"));
  add(out, "sallyport_tickets", "gauge", "Tickets that are kept.", number("tickets"));
  add(out, "sallyport_grants", "gauge", "Access that is granted for a while.", number("grants"));
  add(out, "sallyport_policy_version", "gauge", "Of the policy in force.", number("policy_version"));
  add(out, "sallyport_log_failing", "gauge", "1: the log takes no records, and traffic stands still.",
      log.value("failing", false) ? 1 : 0);
  add(out, "sallyport_canary_runs_total", "counter", "Proofs that masks are live.",
      canary.value("runs", int64_t{0}));
  add(out, "sallyport_canary_leaks_total", "counter", "Masked values that came out.",
      canary.value("leaks", int64_t{0}));
  add(out, "sallyport_targets_locked_down", "gauge", "Targets that leaked and are closed.",
      static_cast<int64_t>(canary.value("locked", json::array()).size()));
  add(out, "sallyport_identities_kept_out", "gauge", "Identities that an operator keeps out.",
      static_cast<int64_t>(closed.value("identities", json::object()).size()));
  add(out, "sallyport_locked_down", "gauge", "1: nobody new is let in.",
      closed.value("all", "").empty() ? 0 : 1);
  add_witness(out, log.value("witness", json()));
  if (const json retention = log.value("retention", json()); retention.is_object()) {
    add(out, "sallyport_payloads_erased_total", "counter", "Payloads erased since the start, for their age.",
        retention.value("erased", int64_t{0}));
    add(out, "sallyport_retention_failing", "gauge", "1: old payloads cannot be erased.",
        retention.value("failing", false) ? 1 : 0);
  }
  add_issuers(out, status.value("issuers", json::array()));
  out += webhook_metrics(status.value("webhooks", json::array()));
  return out;
}

}  // namespace sallyport
