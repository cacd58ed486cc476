#include "plugins/http/options.h"

#include <openssl/evp.h>

#include <charconv>

#include "plugins/http/bounds.h"
#include "plugins/http/host.h"

namespace sallyport::http {

namespace {

CredentialForm form_of(std::string_view text) {
  if (text == "basic") return CredentialForm::basic;
  if (text == "header") return CredentialForm::header;
  if (text == "cookie") return CredentialForm::cookie;
  if (text == "none") return CredentialForm::none;
  return CredentialForm::bearer;
}

// RFC 4648, section 4.
std::string base64_of(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

}  // namespace

Options Options::of(std::span<const sp_pair> pairs) {
  Options out{.answer_timeout_ms = answer_timeout_default_s * 1000};
  for (const sp_pair& pair : pairs) {
    const std::string_view name = view_of(pair.name), value = view_of(pair.value);
    if (name == "credential") out.form = form_of(value);
    if (name == "credential_name") out.name = value;
    if (name == "host") out.host = value;
    if (name == "answer_timeout_s") {
      uint32_t seconds = 0;
      std::from_chars(value.data(), value.data() + value.size(), seconds);
      if (seconds > 0 && seconds <= 86'400) out.answer_timeout_ms = seconds * 1000;
    }
  }
  return out;
}

std::string_view Options::field_name() const {
  switch (form) {
    case CredentialForm::bearer:
    case CredentialForm::basic: return "Authorization";
    case CredentialForm::header: return name.empty() ? "X-Api-Key" : std::string_view(name);
    case CredentialForm::cookie: return "Cookie";
    case CredentialForm::none: break;
  }
  return "";
}

std::string Options::field_value(std::string_view user, std::string_view secret) const {
  switch (form) {
    case CredentialForm::bearer: return "Bearer " + std::string(secret);
    case CredentialForm::basic: return "Basic " + base64_of(std::string(user) + ":" + std::string(secret));
    case CredentialForm::header: return std::string(secret);
    case CredentialForm::cookie: return (name.empty() ? "session" : name) + "=" + std::string(secret);
    case CredentialForm::none: break;
  }
  return "";
}

}  // namespace sallyport::http
