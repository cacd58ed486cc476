#include "core/guard/fakes.h"

#include <algorithm>

#include "config/check.h"

namespace sallyport::guard {

namespace {

struct Row {
  DetectorId detector;
  const char* marked;
};

// «…» marks what is hidden; ⏎ stands for a line end; ¦ stands for nothing and keeps the fakes from looking
// like live secrets to other scanners.
// clang-format off
constexpr Row rows[] = {
    {DetectorId::IpAddress, "at «4.2.2.2»"},
    {DetectorId::Phone, "call «+1 415 555 2671»"},
    {DetectorId::DateOfBirth, "dob=«19430104»"},
    {DetectorId::PassportNumber, "Reisepass «79921271»"},
    {DetectorId::UsSsn, "SSN: «219-09-9998»"},
    {DetectorId::UsItin, "«917 90 9298»"},
    {DetectorId::UkNhs, "NHS=«8936121138»"},
    {DetectorId::DeTaxId, "IdNr=«56731880944»"},
    {DetectorId::FrNir, "«269012076368862»"},
    {DetectorId::NlBsn, "BSN=«449883851»"},
    {DetectorId::PlPesel, "PESEL=«52030340975»"},
    {DetectorId::SePersonnummer, "«090104-3687»"},
    {DetectorId::NoFodselsnummer, "«050801 73042»"},
    {DetectorId::BeNationalNumber, "«49.10.15-776.67»"},
    {DetectorId::ChAhv, "«7568082450128»"},
    {DetectorId::BrCpf, "«053.994.067-48»"},
    {DetectorId::BrCnpj, "«07.456.128/0325-79»"},
    {DetectorId::InAadhaar, "UIDAI=«335093961141»"},
    {DetectorId::CaSin, "SIN=«270088669»"},
    {DetectorId::AuTfn, "TFN=«196225829»"},
    {DetectorId::AuMedicare, "Medicare=«6062788768»"},
    {DetectorId::ZaId, "«3201149945082»"},
    {DetectorId::CnId, "«31010419410715327X»"},
    {DetectorId::KrRrn, "«070507-4414405»"},
    {DetectorId::JpMyNumber, "mynumber=«531620172788»"},
    {DetectorId::Imei, "«86-378358-333536-6»"},
    {DetectorId::EsId, "«09229363S»"},
    {DetectorId::UkNino, "«AC356929C»"},
    {DetectorId::ItCodiceFiscale, "«CSMSLN99B58L567V»"},
    {DetectorId::MxCurp, "«LRRS741111MPLDFF07»"},
    {DetectorId::InPan, "«OZKCU8016N»"},
    {DetectorId::PassportMrz, "«P<D<<LI<<WEI<<<<<<<<<<<<<<<<<<<<<<<< Z172782105D<<3302037M2812140<<<<<<<0»"},
    {DetectorId::Ipv6Address, "id=«2003:ec::71ac»"},
    {DetectorId::MacAddress, "MAC=«50:b8:af:e3:79:bb»"},
    {DetectorId::Bic, "BIC: «BNJRUSGJ»"},
    {DetectorId::CardCode, "«CVV=2370»"},
    {DetectorId::CreditCard, "«4111 1111 1111 1111»"},
    {DetectorId::Iban, "«DE89 3704 0044 0532 0130 00»"},
    {DetectorId::Email, "«canary.person@example.com»"},
    {DetectorId::Password, "pwd=«S3cr¦3t!canary»;"},
    {DetectorId::BearerToken, "bearer «wpLX¦v-h62bgeB8x7S1VStskJXfja»"},
    {DetectorId::BasicAuth, "basic «enZt¦b2FvZHk6aElNVnI1»"},
    {DetectorId::UrlPassword, "postgres://app:«hunter2canary»@db.example.com/shop"},
    {DetectorId::AwsAccessKey, "«AKIA¦IOSFODNN7EXAMPLE»"},
    {DetectorId::AwsSecretKey, "aws_secret_access_key = «wJal¦rXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»"},
    {DetectorId::AzureStorageKey, "AccountKey=«8fk7¦beFHx7/3T3pDO59IrHOHmGT4B6ogrp9HeDdIfDRPer5n/Xs8KeuL/VQa3bnUf3fCiIjpOinM7HziU1cRcQ==»"},
    {DetectorId::AzureSas, "?sig=«061X¦ciKIWtoIT9kqc2LDUEVO68XeZJ6EfZBc40nQDMo=»"},
    {DetectorId::AzureClientSecret, "«VNM0¦Q~AHkYmQSFpZsAhpdWdTduC9KuhdW7XFa6ob»"},
    {DetectorId::GoogleApiKey, "«AIza¦SyA0123456789abcdefghijklmnopqrstuv»"},
    {DetectorId::GoogleOauth, "«GOCS¦PX-1x786mIxtvsBwter2jPHE84OmsIJ»"},
    {DetectorId::GithubToken, "«ghr_¦myAy5KyfWXRSbX4zZmRuiXQO8qtALy34MpCx»"},
    {DetectorId::GitlabToken, "«glrt¦-eNkB0RvS7E430awjBuhG»"},
    {DetectorId::NpmToken, "«npm_¦3uNaR8t6GDK4MZRiGExzT6XLzfexVK0b1yZf»"},
    {DetectorId::PypiToken, "«pypi¦-AgEIcHlwaS5vcmcFEv-HLm8LzjGRHh5YrKEcCDU1SKDOpnusxz31sYGFDwVfUQWmRYQHVP96ig3PAgHnB_yK7ug7A»"},
    {DetectorId::DockerToken, "«dckr¦_pat_eJyJe7GRKalaoRBTJw6syeV6VHI»"},
    {DetectorId::SlackToken, "«xoxb-¦123456789012-1234567890123-abcdefghijklmnopqrstuvwx»"},
    {DetectorId::DiscordToken, "discord: «MDAx¦Njc1MTY4Nzk5MjQ2MzM1.deMi39.d7FwprQ7j5GrF22b7aHi6QFlTkmgtKbsohNalx»"},
    {DetectorId::TelegramToken, "«4298¦8109:AASllQk9HkoWq0_jnvxrABUC-qwF7OhYC1p»"},
    {DetectorId::TwilioKey, "«SK06¦1ddd204dc9eca72d8612f587f6e80c»"},
    {DetectorId::SendgridKey, "«SG.r¦8HSoQYSWVnEGloibk3CY6.ExxTjuTBKuRENzUfcLIpMWBqN6UTEkCPPdkZjqJzAeY»"},
    {DetectorId::MailgunKey, "«key-¦dda0f893404fcaa6cca55c505cfd31dd»"},
    {DetectorId::StripeKey, "«sk_¦live_4eC39HqLyjWDarjtT1zdp7dc»"},
    {DetectorId::ShopifyToken, "«shpa¦t_c7b81bb31a348bc6af95824205b5a049»"},
    {DetectorId::ModelApiKey, "«sk-¦0123456789abcdef0123456789abcdef»"},
    {DetectorId::HuggingfaceToken, "«hf_¦rjXJEjxOQxPbqktuvEzQTZhWPfVnQuPTyG»"},
    {DetectorId::VaultToken, "«hvb.¦eVjx0LqzOVMj3hQ2tAgOsIKe»"},
    {DetectorId::TerraformToken, "«Npbw¦NCr46moU2T.atlasv1.taM9qRsJmGWGyjq9kULGPyavoIglSfGbTuGQBLLEEe9E1RpZ4pPS04e3cIutydzuN1b»"},
    {DetectorId::DigitaloceanToken, "«doo_¦v1_1c18b4b1be76b3c50269682cd18d678c1a50fe8ff560e6835295f41327650f25»"},
    {DetectorId::DatabricksToken, "«dapi¦0e6cd23c9ce3eaf5557a320c96352924»"},
    {DetectorId::DatadogKey, "DD_API_KEY=«85fd¦a57998e9d8ce8a71615335fb188f»"},
    {DetectorId::NewrelicKey, "«NRAK¦-H2B20H95GJL1XLZ6G2WE7P24VXH»"},
    {DetectorId::GrafanaToken, "«glsa¦_DvLlkJOGX8SUGANGlxOCi5YWMM7xQcmf_d24b5c4a»"},
    {DetectorId::SentryToken, "«sntr¦yu_44fb27e2345403919973e454438efcf620d611606b5dba231ba92729367d1f26»"},
    {DetectorId::AtlassianToken, "«ATAT¦T3xFfGF0Ak2p4rYU8zM-3rA9-HKSkjPDcYJrN3XugnNL_g951fRkfNCePFmzchadrXwLH2tZr5Qk8YqKN3bQWk9uFtpE_fzHXHnDdMantFQcUzS1Accca1ZuC-84P9C-Hay32l7JrMuixMoDYci1YVXLv-sx4ce7skgs5k06weTfC273I4=0322C443»"},
    {DetectorId::AgeKey, "«AGE-¦SECRET-KEY-1DKT20P8ZCP2QK72K9YYY5LWM8SC50SVG75Y6NUZMUER4CUS7QK6ADJFP7N»"},
    {DetectorId::Jwt, "«eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.¦eyJzdWIiOiJjYW5hcnkiLCJpYXQiOjE1MTYyMzkwMjJ9.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c»"},
    {DetectorId::PrivateKey, "«-----BEGIN ¦PRIVATE KEY-----⏎MIIEvQIBADANBgkqhkiG9w0BAQEFAASC⏎-----END PRIVATE KEY-----»"},
    {DetectorId::SallyportTicket, "«spt_¦0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX»"},
};
// clang-format on
static_assert(std::size(rows) == detector_count);

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

Fake fake_of(DetectorId detector) {
  const auto row = std::ranges::find(rows, detector, &Row::detector);
  CHECK(row != std::end(rows));
  constexpr std::string_view open = "«", close = "»";
  Fake fake{.text = row->marked, .hidden = {}};
  replace_all(fake.text, "¦", "");
  replace_all(fake.text, "⏎", "\n");
  const size_t begin = fake.text.find(open), end = fake.text.find(close);
  fake.hidden = fake.text.substr(begin + open.size(), end - begin - open.size());
  fake.text.erase(end, close.size()).erase(begin, open.size());
  return fake;
}

}  // namespace sallyport::guard
