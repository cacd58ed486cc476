// What a client certificate is worth, and whom it names.
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <algorithm>
#include <memory>

#include "config/limits.h"
#include "core/identity/plain.h"
#include "core/path/tls.h"

namespace sallyport {

namespace {

template <typename T, void (*release)(T*)>
struct Release {
  void operator()(T* item) const { release(item); }
};
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES, GENERAL_NAMES_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Release<X509_STORE_CTX, X509_STORE_CTX_free>>;
using Memory = std::unique_ptr<BIO, Release<BIO, BIO_free_all>>;
using config::CertificateName;

// For records, listings and comparison: text of one line, of a bounded size. A NUL inside would cut it for
// others.
bool is_printable(std::string_view text) {
  return !text.empty() && text.size() <= limits::certificate_name_size_max &&
         std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c != 0x7f; }) &&
         identity::is_plain_text(text);
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

std::string text_of(const X509_NAME* name) {
  const Memory out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return "";
  const char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  const std::string all(text, static_cast<size_t>(size));
  return is_printable(all) ? all : "";
}

int alternative_type(CertificateName kind) {
  switch (kind) {
    case CertificateName::email: return GEN_EMAIL;
    case CertificateName::uri: return GEN_URI;
    case CertificateName::dns: return GEN_DNS;
    case CertificateName::common_name:
    case CertificateName::subject: return -1;
  }
  return -1;
}

// The first kind that is there decides, be its name of use or not.
void name_bearer(const X509* certificate, const std::vector<CertificateName>& kinds, PeerCertificate& out) {
  int critical = -1;
  const int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  // One that cannot be read, or stands there twice, could hold anything.
  if (at >= 0 && !names) return;
  for (const CertificateName kind : kinds) {
    const int type = alternative_type(kind);
    if (type >= 0 && (!names || !has_alternative(names.get(), type))) continue;
    if (kind == CertificateName::common_name &&
        X509_NAME_get_index_by_NID(X509_get_subject_name(certificate), NID_commonName, -1) < 0)
      continue;
    out.kind = kind;
    out.name = type >= 0                              ? only_alternative(names.get(), type)
               : kind == CertificateName::common_name ? only_common_name(certificate)
                                                      : text_of(X509_get_subject_name(certificate));
    return;
  }
}

std::string fault_of(int error) {
  switch (error) {
    case X509_V_OK: return "";
    case X509_V_ERR_CERT_HAS_EXPIRED: return "certificate-expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "certificate-not-yet-valid";
    case X509_V_ERR_INVALID_PURPOSE: return "certificate-not-for-clients";
    case X509_V_ERR_CERT_REVOKED: return "certificate-revoked";
    case X509_V_ERR_CERT_CHAIN_TOO_LONG: return "certificate-chain-too-long";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE: return "certificate-crl-of-no-use";
    default: return "certificate-untrusted";
  }
}

int64_t end_ns(const X509* certificate) {
  struct tm end {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return 0;
  return std::min<int64_t>(timegm(&end), INT64_MAX / 1'000'000'000) * 1'000'000'000;
}

std::string hex(std::span<const unsigned char> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

void describe(const X509* certificate, PeerCertificate& out) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) == 1) out.digest = hex({digest, size});
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  out.serial =
      hex({ASN1_STRING_get0_data(serial), static_cast<size_t>(std::min(ASN1_STRING_length(serial), 20))});
  out.issuer = text_of(X509_get_issuer_name(certificate));
}

}  // namespace

PeerCertificate TlsStream::peer(const TlsContext& judge, const std::vector<CertificateName>& names,
                                int64_t now_s) const {
  PeerCertificate out;
  const Certificate certificate(ready_ ? SSL_get1_peer_certificate(ssl_) : nullptr);
  out.fault = certificate_missing;
  if (!certificate || !judge) return out;
  out.fault = "certificate-untrusted";
  const StoreContext verify(X509_STORE_CTX_new());
  if (!verify || X509_STORE_CTX_init(verify.get(), SSL_CTX_get_cert_store(judge.get()), certificate.get(),
                                     SSL_get_peer_cert_chain(ssl_)) != 1)
    return out;
  X509_STORE_CTX_set_default(verify.get(), "ssl_client");
  X509_VERIFY_PARAM* terms = X509_STORE_CTX_get0_param(verify.get());
  X509_VERIFY_PARAM_set_depth(terms, limits::certificate_chain_depth_max);
  X509_VERIFY_PARAM_set_auth_level(terms, SSL_CTX_get_security_level(judge.get()));
  X509_VERIFY_PARAM_set_time(terms, now_s);
  const int good = X509_verify_cert(verify.get());
  const int error = X509_STORE_CTX_get_error(verify.get());
  ERR_clear_error();
  if (good != 1 || error != X509_V_OK) {
    if (error != X509_V_OK) out.fault = fault_of(error);
    return out;
  }
  out.expires_ns = INT64_MAX;
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(verify.get());
  for (int i = 0; i < sk_X509_num(chain); ++i)
    out.expires_ns = std::min(out.expires_ns, end_ns(sk_X509_value(chain, i)));
  describe(certificate.get(), out);
  name_bearer(certificate.get(), names, out);
  out.fault = out.name.empty() ? "certificate-without-name" : "";
  return out;
}

std::string TlsStream::server_name() const {
  const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name ? name : "";
}

}  // namespace sallyport
