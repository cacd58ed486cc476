// The detectors of @secrets, in the order of DetectorId.
#pragma once

#include "core/guard/confirm_tokens.h"

namespace sallyport::guard {

constexpr bool is_gitlab(uint8_t c) { return is_base64url(c) || c == '.'; }

inline constexpr TokenSpec gitlab_token{
    "glpat-|gldt-|glrt-|glptt-|gloas-|glcbt-|glsoat-|glft-|glagent-|glimt-|glffct-", is_gitlab, 20, 320};
inline constexpr TokenSpec npm_token{"npm_", is_alnum, 36, 36, crc32_base62_valid};
inline constexpr TokenSpec pypi_token{"pypi-AgEIcHlwaS5vcmc|pypi-AgENdGVzdC5weXBpLm9yZw", is_base64url, 50,
                                      512};
inline constexpr TokenSpec docker_token{"dckr_pat_|dckr_oat_", is_base64url, 27, 32};
inline constexpr TokenSpec mailgun_key{"key-", is_lower_hex, 32, 32};
inline constexpr TokenSpec shopify_token{"shpat_|shpca_|shppa_|shpss_", is_hex, 32, 32};
inline constexpr TokenSpec huggingface_token{"hf_|api_org_", is_alnum, 34, 40, is_cased};
inline constexpr TokenSpec vault_token{"hvs.|hvb.|hvr.", is_base64url, 24, 320};
inline constexpr TokenSpec digitalocean_token{"dop_v1_|doo_v1_|dor_v1_", is_lower_hex, 64, 64};
inline constexpr TokenSpec newrelic_key{"NRAK-", is_upper_digit, 27, 27};

// Each pattern has a literal, a bounded length, and no context to the left.
inline constexpr const char* password_cores[] = {"(?i)passw(or)?d", "(?i)passphrase",
                                                 "(?i)pwd",         "(?i)secret",
                                                 "(?i)api[_-]?key", "(?i)(auth|access|refresh)[_-]token"};
inline constexpr const char* bearer_token_cores[] = {"(?i)bearer "};
inline constexpr const char* basic_auth_cores[] = {"(?i)basic "};
inline constexpr const char* url_password_cores[] = {"://"};
inline constexpr const char* aws_access_key_cores[] = {"AKIA[0-9A-Z]{4}", "ASIA[0-9A-Z]{4}",
                                                       "ABIA[0-9A-Z]{4}", "ACCA[0-9A-Z]{4}"};
inline constexpr const char* aws_secret_key_cores[] = {"(?i)secret"};
inline constexpr const char* azure_storage_key_cores[] = {"AccountKey="};
inline constexpr const char* azure_sas_cores[] = {"sig="};
inline constexpr const char* azure_client_secret_cores[] = {"[0-9]Q~"};
inline constexpr const char* google_api_key_cores[] = {"AIza"};
inline constexpr const char* google_oauth_cores[] = {"ya29\\.", "GOCSPX-", "1//0"};
inline constexpr const char* github_token_cores[] = {"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"};
inline constexpr const char* gitlab_token_cores[] = {"gl(pat|dt|rt|ptt|oas|cbt|soat|ft|agent|imt|ffct)-"};
inline constexpr const char* npm_token_cores[] = {"npm_"};
inline constexpr const char* pypi_token_cores[] = {"pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"};
inline constexpr const char* docker_token_cores[] = {"dckr_pat_", "dckr_oat_"};
inline constexpr const char* slack_token_cores[] = {"xox[abeoprs]-", "xapp-",
                                                    "hooks\\.slack\\.com/services/"};
inline constexpr const char* discord_token_cores[] = {"discord(app)?\\.com/api/webhooks/", "(?i)discord",
                                                      "Bot "};
inline constexpr const char* telegram_token_cores[] = {":AA"};
inline constexpr const char* twilio_key_cores[] = {"SK[0-9a-f]{4}"};
inline constexpr const char* sendgrid_key_cores[] = {"SG\\."};
inline constexpr const char* mailgun_key_cores[] = {"key-"};
inline constexpr const char* stripe_key_cores[] = {"[rs]k_live_", "[rs]k_test_", "whsec_"};
inline constexpr const char* shopify_token_cores[] = {"shp(at|ca|pa|ss)_"};
inline constexpr const char* model_api_key_cores[] = {"sk-[0-9A-Za-z]", "gsk_", "xai-", "pplx-", "r8_"};
inline constexpr const char* huggingface_token_cores[] = {"hf_", "api_org_"};
inline constexpr const char* vault_token_cores[] = {"hv[sbr]\\."};
inline constexpr const char* terraform_token_cores[] = {"\\.atlasv1\\."};
inline constexpr const char* digitalocean_token_cores[] = {"do[opr]_v1_"};
inline constexpr const char* databricks_token_cores[] = {"dapi[0-9a-f]{4}"};
inline constexpr const char* datadog_key_cores[] = {"(?i)datadog", "(?i)dd[_-]a(pi|pp)"};
inline constexpr const char* newrelic_key_cores[] = {"NRAK-"};
inline constexpr const char* grafana_token_cores[] = {"glsa_", "glc_"};
inline constexpr const char* sentry_token_cores[] = {"sntryu_", "sntrys_"};
inline constexpr const char* atlassian_token_cores[] = {"ATATT3xFfGF0"};
inline constexpr const char* age_key_cores[] = {"AGE-SECRET-KEY-1"};
inline constexpr const char* jwt_cores[] = {"eyJ[0-9A-Za-z]", "eyA[0-9A-Za-z]", "ewo[0-9A-Za-z]",
                                            "ew0[0-9A-Za-z]"};
inline constexpr const char* private_key_cores[] = {"-----BEGIN "};
inline constexpr const char* sallyport_ticket_cores[] = {"spt_"};

inline constexpr Detector secret_rows[] = {
    {DetectorId::Password, "[password]", Form::Hidden, true,
     "what is assigned to a password, secret, passphrase, API key or token", "", CoreKind::Literal,
     password_cores, confirm_password},
    {DetectorId::BearerToken, "[bearer-token]", Form::Token, true, "the token after Bearer", "RFC 6750",
     CoreKind::Literal, bearer_token_cores, confirm_bearer_token},
    {DetectorId::BasicAuth, "[basic-auth]", Form::Hidden, true, "base64 of name:password after Basic",
     "RFC 7617", CoreKind::Literal, basic_auth_cores, confirm_basic_auth},
    {DetectorId::UrlPassword, "[url-password]", Form::Hidden, false,
     "the password in scheme://user:password@host", "RFC 3986 section 3.2.1", CoreKind::Literal,
     url_password_cores, confirm_url_password},
    {DetectorId::AwsAccessKey, "[aws-access-key]", Form::Token, false,
     "AWS access key ids: AKIA, ASIA and kin", "AWS IAM reference, identifiers", CoreKind::Literal,
     aws_access_key_cores, confirm_aws_access_key},
    {DetectorId::AwsSecretKey, "[aws-secret-key]", Form::Hidden, true,
     "AWS secret keys: 40 characters after words that say so", "AWS IAM user guide", CoreKind::Literal,
     aws_secret_key_cores, confirm_aws_secret_key},
    {DetectorId::AzureStorageKey, "[azure-storage-key]", Form::Hidden, false,
     "AccountKey= of Azure connection strings", "Azure Storage documentation", CoreKind::Literal,
     azure_storage_key_cores, confirm_azure_storage_key},
    {DetectorId::AzureSas, "[azure-sas]", Form::Hidden, false, "the signature of Azure shared access URLs",
     "Azure Storage, service SAS", CoreKind::Literal, azure_sas_cores, confirm_azure_sas},
    {DetectorId::AzureClientSecret, "[azure-client-secret]", Form::Token, false, "Entra ID client secrets",
     "Microsoft identity platform", CoreKind::Literal, azure_client_secret_cores,
     confirm_azure_client_secret},
    {DetectorId::GoogleApiKey, "[google-api-key]", Form::Token, false,
     "Google API keys: AIza and 35 characters", "Google Cloud documentation", CoreKind::Literal,
     google_api_key_cores, confirm_google_api_key},
    {DetectorId::GoogleOauth, "[google-oauth]", Form::Token, false,
     "Google access tokens (ya29.), client secrets (GOCSPX-), refresh tokens (1//0)",
     "Google Identity documentation", CoreKind::Literal, google_oauth_cores, confirm_google_oauth},
    {DetectorId::GithubToken, "[github-token]", Form::Token, false,
     "GitHub tokens: ghp_ gho_ ghu_ ghs_ ghr_ github_pat_; of the classic length with their CRC",
     "GitHub, token formats, CRC-32", CoreKind::Literal, github_token_cores, confirm_github_token},
    {DetectorId::GitlabToken, "[gitlab-token]", Form::Token, false, "GitLab tokens: glpat- and kin",
     "GitLab token overview", CoreKind::Literal, gitlab_token_cores, confirm_spec<gitlab_token>},
    {DetectorId::NpmToken, "[npm-token]", Form::Token, false, "npm access tokens with their CRC",
     "GitHub blog, npm token format, CRC-32", CoreKind::Literal, npm_token_cores, confirm_spec<npm_token>},
    {DetectorId::PypiToken, "[pypi-token]", Form::Token, false, "PyPI upload tokens",
     "PyPI help, API tokens (macaroons)", CoreKind::Literal, pypi_token_cores, confirm_spec<pypi_token>},
    {DetectorId::DockerToken, "[docker-token]", Form::Token, false,
     "Docker Hub access tokens: dckr_pat_ dckr_oat_", "Docker documentation", CoreKind::Literal,
     docker_token_cores, confirm_spec<docker_token>},
    {DetectorId::SlackToken, "[slack-token]", Form::Token, false,
     "Slack tokens (xox?-, xapp-) and incoming webhook paths", "Slack token types", CoreKind::Literal,
     slack_token_cores, confirm_slack_token},
    {DetectorId::DiscordToken, "[discord-token]", Form::Token, true,
     "Discord webhook paths, and bot tokens near words that say so", "Discord developer documentation",
     CoreKind::Literal, discord_token_cores, confirm_discord_token},
    {DetectorId::TelegramToken, "[telegram-token]", Form::Token, false, "Telegram bot tokens",
     "Telegram Bot API", CoreKind::Literal, telegram_token_cores, confirm_telegram_token},
    {DetectorId::TwilioKey, "[twilio-key]", Form::Token, false,
     "Twilio API keys: SK and 32 hexadecimal digits", "Twilio API keys", CoreKind::Literal, twilio_key_cores,
     confirm_twilio_key},
    {DetectorId::SendgridKey, "[sendgrid-key]", Form::Token, false, "SendGrid API keys", "SendGrid API keys",
     CoreKind::Literal, sendgrid_key_cores, confirm_sendgrid_key},
    {DetectorId::MailgunKey, "[mailgun-key]", Form::Token, false,
     "Mailgun API keys: key- and 32 hexadecimal digits", "Mailgun documentation", CoreKind::Literal,
     mailgun_key_cores, confirm_spec<mailgun_key>},
    {DetectorId::StripeKey, "[stripe-key]", Form::Token, false,
     "Stripe keys: sk_live_ rk_live_ (and test), whsec_", "Stripe API keys", CoreKind::Literal,
     stripe_key_cores, confirm_stripe_key},
    {DetectorId::ShopifyToken, "[shopify-token]", Form::Token, false,
     "Shopify tokens: shpat_ shpca_ shppa_ shpss_", "Shopify access tokens", CoreKind::Literal,
     shopify_token_cores, confirm_spec<shopify_token>},
    {DetectorId::ModelApiKey, "[model-api-key]", Form::Token, false,
     "keys of model providers: sk-, sk-proj-, sk-ant-, sk-or-, gsk_, xai-, pplx-, r8_",
     "OpenAI, Anthropic, OpenRouter and others", CoreKind::Literal, model_api_key_cores,
     confirm_model_api_key},
    {DetectorId::HuggingfaceToken, "[huggingface-token]", Form::Token, false,
     "Hugging Face tokens: hf_ api_org_", "Hugging Face user access tokens", CoreKind::Literal,
     huggingface_token_cores, confirm_spec<huggingface_token>},
    {DetectorId::VaultToken, "[vault-token]", Form::Token, false, "HashiCorp Vault tokens: hvs. hvb. hvr.",
     "Vault, token prefixes", CoreKind::Literal, vault_token_cores, confirm_spec<vault_token>},
    {DetectorId::TerraformToken, "[terraform-token]", Form::Token, false, "HCP Terraform tokens",
     "HCP Terraform API tokens", CoreKind::Literal, terraform_token_cores, confirm_terraform_token},
    {DetectorId::DigitaloceanToken, "[digitalocean-token]", Form::Token, false,
     "DigitalOcean tokens: dop_v1_ doo_v1_ dor_v1_", "DigitalOcean API", CoreKind::Literal,
     digitalocean_token_cores, confirm_spec<digitalocean_token>},
    {DetectorId::DatabricksToken, "[databricks-token]", Form::Token, false,
     "Databricks tokens: dapi and 32 hexadecimal digits", "Databricks personal access tokens",
     CoreKind::Literal, databricks_token_cores, confirm_databricks_token},
    {DetectorId::DatadogKey, "[datadog-key]", Form::Token, true,
     "Datadog API and application keys after words that say so", "Datadog API keys", CoreKind::Literal,
     datadog_key_cores, confirm_datadog_key},
    {DetectorId::NewrelicKey, "[newrelic-key]", Form::Token, false, "New Relic user keys: NRAK-",
     "New Relic API keys", CoreKind::Literal, newrelic_key_cores, confirm_spec<newrelic_key>},
    {DetectorId::GrafanaToken, "[grafana-token]", Form::Token, false, "Grafana tokens: glsa_ glc_",
     "Grafana service accounts", CoreKind::Literal, grafana_token_cores, confirm_grafana_token},
    {DetectorId::SentryToken, "[sentry-token]", Form::Token, false, "Sentry tokens: sntryu_ sntrys_",
     "Sentry auth tokens", CoreKind::Literal, sentry_token_cores, confirm_sentry_token},
    {DetectorId::AtlassianToken, "[atlassian-token]", Form::Token, false, "Atlassian API tokens",
     "Atlassian account API tokens", CoreKind::Literal, atlassian_token_cores, confirm_atlassian_token},
    {DetectorId::AgeKey, "[age-key]", Form::Hidden, false, "age identities with their Bech32 sum",
     "C2SP age, BIP 173", CoreKind::Literal, age_key_cores, confirm_age_key},
    {DetectorId::Jwt, "[jwt]", Form::Token, false, "JSON web tokens whose header decodes to JSON with an alg",
     "RFC 7515, RFC 7516", CoreKind::Literal, jwt_cores, confirm_jwt},
    {DetectorId::PrivateKey, "[private-key]", Form::Hidden, false,
     "PEM and OpenPGP private key blocks, cut ones included", "RFC 7468, RFC 4880 section 6.2",
     CoreKind::Literal, private_key_cores, confirm_private_key},
    {DetectorId::SallyportTicket, "[sallyport-ticket]", Form::Token, false, "the gateway's own tickets: spt_",
     "plugins of this project", CoreKind::Literal, sallyport_ticket_cores, confirm_sallyport_ticket},
};

}  // namespace sallyport::guard
