// Whom a client certificate names.
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "config/limits.h"
#include "core/path/tls.h"

namespace sallyport {

namespace {

template <typename T, void (*release)(T*)>
struct Release {
  void operator()(T* item) const { release(item); }
};
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES, GENERAL_NAMES_free>>;

// For records, listings and comparison: text of one line, of a bounded size. A NUL inside would cut it for
// others.
bool is_printable(std::string_view text) {
  return !text.empty() && text.size() <= limits::certificate_name_size_max &&
         std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

// The only name of that type. Several could be read as any of them.
std::string only_alternative(const GENERAL_NAMES* names, int type) {
  std::string found;
  int count = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != type) continue;
    ++count;
    found = text_of(name->d.ia5);  // rfc822Name, dNSName and URI are all IA5String (RFC 5280 section 4.2.1.6)
  }
  const bool is_ascii = std::ranges::all_of(found, [](unsigned char c) { return c < 0x80; });
  return count == 1 && is_ascii && is_printable(found) ? found : "";
}

bool has_alternative(const GENERAL_NAMES* names, int type) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    if (sk_GENERAL_NAME_value(names, i)->type == type) return true;
  }
  return false;
}

std::string only_common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) return "";
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
  if (size < 0) return "";
  const std::string text(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return is_printable(text) ? text : "";
}

}  // namespace

std::string TlsStream::peer_name() const {
  const Certificate certificate(ready_ ? SSL_get1_peer_certificate(ssl_) : nullptr);
  if (!certificate || SSL_get_verify_result(ssl_) != X509_V_OK) return "";
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (names) {
    for (const int type : {GEN_EMAIL, GEN_URI, GEN_DNS}) {
      if (has_alternative(names.get(), type)) return only_alternative(names.get(), type);
    }
  }
  return only_common_name(certificate.get());
}

}  // namespace sallyport
