// The second half of each detector: given one field and where its core ended, is it a hit, and from where to
// where? Each looks at the bytes of the field alone. Pure; any thread.
//
// Where a rule could fall either way it falls towards a hit: a masked part number is a nuisance, a shown card
// is a leak. What has been masked once (asterisks, x and 0, a label in brackets) is never a hit again.
//
// Cost: a candidate is judged by at most a few hundred bytes, except tokens and key blocks, which are
// followed to their end; there a left boundary, or a character that ends the walk, keeps repeated cores from
// walking the same bytes again, so a hostile field costs linear time.
#pragma once

#include <optional>
#include <string_view>

#include "core/guard/detector.h"

namespace sallyport::guard {

// Bytes as ASCII, whatever the locale.
constexpr bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(uint8_t c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(uint8_t c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(uint8_t c) { return is_upper(c) || is_lower(c); }
constexpr bool is_alnum(uint8_t c) { return is_alpha(c) || is_digit(c); }
constexpr bool is_base64url(uint8_t c) { return is_alnum(c) || c == '-' || c == '_'; }
constexpr bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr uint8_t to_upper(uint8_t c) { return is_lower(c) ? static_cast<uint8_t>(c - 32) : c; }

[[nodiscard]] std::string_view as_text(Bytes bytes);
// Does `text`, in upper case, stand at `at`, in any case?
[[nodiscard]] bool matches_upper(Bytes field, size_t at, std::string_view text);
[[nodiscard]] bool contains_upper(Bytes bytes, std::string_view text);
// Is this what masking leaves: asterisks, x X 0 and separators, or a label such as "[email]"?
[[nodiscard]] bool is_masked(Bytes bytes);

inline constexpr uint32_t iban_size_max = 34;  // ISO 13616

// Length in characters of a country's IBAN (ISO 13616 registry), 0 for unknown ones. Upper-case letters.
[[nodiscard]] uint32_t iban_size(uint8_t first, uint8_t second);

// Confirm functions, by detector.
[[nodiscard]] std::optional<Range> confirm_email(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_iban(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_uk_nino(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_it_codice_fiscale(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_mx_curp(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_in_pan(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_date_of_birth(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_passport_number(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_passport_mrz(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_ipv6(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_mac(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_bic(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_card_code(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_url_password(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_aws_access_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_aws_secret_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_github_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_slack_token(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_google_api_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_stripe_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_model_api_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_jwt(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_private_key(Bytes field, uint32_t end);
[[nodiscard]] std::optional<Range> confirm_sallyport_ticket(Bytes field, uint32_t end);

}  // namespace sallyport::guard
