#include "core/guard/detector.h"

#include <array>

#include "core/guard/confirm.h"

namespace sallyport::guard {
namespace {

constexpr std::string_view pii = "@pii";
constexpr std::string_view secrets = "@secrets";

// Each pattern has a literal, a fixed length, and no context to the left.
constexpr const char* email_cores[] = {"@[0-9A-Za-z\\x80-\\xff]"};
constexpr const char* url_password_cores[] = {"://"};
constexpr const char* aws_access_key_cores[] = {"AKIA[0-9A-Z]{4}", "ASIA[0-9A-Z]{4}", "ABIA[0-9A-Z]{4}",
                                                "ACCA[0-9A-Z]{4}"};
constexpr const char* aws_secret_key_cores[] = {"(?i)secret"};
constexpr const char* github_token_cores[] = {"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"};
constexpr const char* slack_token_cores[] = {"xox[abeoprs]-", "xapp-", "hooks\\.slack\\.com/services/"};
constexpr const char* google_api_key_cores[] = {"AIza"};
constexpr const char* stripe_key_cores[] = {"[rs]k_live_", "[rs]k_test_", "whsec_"};
constexpr const char* model_api_key_cores[] = {"sk-[0-9A-Za-z]"};
// What {"…, { "… and { and a line end begin with in base64url.
constexpr const char* jwt_cores[] = {"eyJ[0-9A-Za-z]", "eyA[0-9A-Za-z]", "ewo[0-9A-Za-z]", "ew0[0-9A-Za-z]"};
constexpr const char* private_key_cores[] = {"-----BEGIN "};
constexpr const char* sallyport_ticket_cores[] = {"spt_"};

constexpr std::array<Detector, detector_count> detectors = {{
    {DetectorId::Phone,
     "phone",
     pii,
     "phone numbers: +E.164, North American 3-3-4, grouped with a leading 0 or 00",
     CoreKind::DigitRun,
     {},
     nullptr},
    {DetectorId::UsSsn,
     "us-ssn",
     pii,
     "US social security numbers 3-2-4; nine bare digits after the word ssn",
     CoreKind::DigitRun,
     {},
     nullptr},
    {DetectorId::CreditCard,
     "credit-card",
     pii,
     "card numbers: 13-19 digits, issuer range and Luhn sum",
     CoreKind::DigitRun,
     {},
     nullptr},
    {DetectorId::Iban,
     "iban",
     pii,
     "IBANs: country, its length, mod-97 sum; groups by space or dash",
     CoreKind::LetterDigit,
     {},
     confirm_iban},
    {DetectorId::Email, "email", pii,
     "e-mail addresses with a dotted domain, internationalized ones included", CoreKind::Literal, email_cores,
     confirm_email},
    {DetectorId::UrlPassword, "url-password", secrets, "the password in scheme://user:password@host",
     CoreKind::Literal, url_password_cores, confirm_url_password},
    {DetectorId::AwsAccessKey, "aws-access-key", secrets, "AWS access key ids: AKIA, ASIA and kin",
     CoreKind::Literal, aws_access_key_cores, confirm_aws_access_key},
    {DetectorId::AwsSecretKey, "aws-secret-key", secrets,
     "AWS secret keys: 40 characters after words that say so", CoreKind::Literal, aws_secret_key_cores,
     confirm_aws_secret_key},
    {DetectorId::GithubToken, "github-token", secrets, "GitHub tokens: ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
     CoreKind::Literal, github_token_cores, confirm_github_token},
    {DetectorId::SlackToken, "slack-token", secrets, "Slack tokens (xox?-, xapp-) and incoming webhook paths",
     CoreKind::Literal, slack_token_cores, confirm_slack_token},
    {DetectorId::GoogleApiKey, "google-api-key", secrets, "Google API keys: AIza and 35 characters",
     CoreKind::Literal, google_api_key_cores, confirm_google_api_key},
    {DetectorId::StripeKey, "stripe-key", secrets, "Stripe keys: sk_live_ rk_live_ (and test), whsec_",
     CoreKind::Literal, stripe_key_cores, confirm_stripe_key},
    {DetectorId::ModelApiKey, "model-api-key", secrets,
     "keys of model providers: sk-, sk-proj-, sk-ant-, sk-or-", CoreKind::Literal, model_api_key_cores,
     confirm_model_api_key},
    {DetectorId::Jwt, "jwt", secrets, "JSON web tokens whose header decodes to JSON with an alg",
     CoreKind::Literal, jwt_cores, confirm_jwt},
    {DetectorId::PrivateKey, "private-key", secrets, "PEM and OpenPGP private key blocks, cut ones included",
     CoreKind::Literal, private_key_cores, confirm_private_key},
    {DetectorId::SallyportTicket, "sallyport-ticket", secrets, "the gateway's own tickets: spt_",
     CoreKind::Literal, sallyport_ticket_cores, confirm_sallyport_ticket},
}};

constexpr bool in_order() {
  for (size_t i = 0; i < detectors.size(); ++i) {
    if (static_cast<size_t>(detectors[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::span<const Detector, detector_count> Catalogue::all() { return detectors; }

const Detector& Catalogue::at(DetectorId id) { return detectors[static_cast<size_t>(id)]; }

std::optional<DetectorSet> Catalogue::find(std::string_view name) {
  DetectorSet found;
  for (const Detector& detector : detectors) {
    if (detector.name == name || detector.set == name) found |= detector.id;
  }
  if (found.empty()) return std::nullopt;
  return found;
}

}  // namespace sallyport::guard
