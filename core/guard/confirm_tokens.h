// Tokens that begin with a public prefix: one row says all of most of them. Pure; any thread.
#pragma once

#include "core/guard/checks.h"
#include "core/guard/confirm_text.h"

namespace sallyport::guard {

struct TokenSpec {
  std::string_view prefixes;  // "glpat-|gldt-"; the core ends with one of them
  CharTest is;                // of the characters after the prefix
  size_t size_min;
  size_t size_max;                      // a longer run is something else
  bool (*valid)(Bytes body) = nullptr;  // beyond that; by default digits and letters both
};

[[nodiscard]] std::optional<Range> confirm_token(const TokenSpec& spec, Bytes field, uint32_t end);

// As a Confirm.
template <const TokenSpec& spec>
std::optional<Range> confirm_spec(Bytes field, uint32_t end) {
  return confirm_token(spec, field, end);
}

// Letters of both cases: what a token without digits still has.
[[nodiscard]] inline bool is_cased(Bytes body) {
  return std::ranges::any_of(body, is_upper) && std::ranges::any_of(body, is_lower);
}

// Of services' tokens with parts (confirm_vendors.cc).
[[nodiscard]] std::optional<Range> confirm_azure_storage_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_azure_sas(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_azure_client_secret(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_google_oauth(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_discord_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_telegram_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_twilio_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_databricks_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_sentry_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_sendgrid_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_terraform_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_datadog_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_grafana_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_atlassian_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_age_key(Bytes field, uint32_t end);

// Of what stands behind a word (confirm_assigned.cc).
[[nodiscard]] std::optional<Range> confirm_password(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_bearer_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_basic_auth(Bytes field, uint32_t end);

}  // namespace sallyport::guard
