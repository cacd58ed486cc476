#include "cli/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

namespace sallyport::cli {

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

constexpr long day = 86'400;
constexpr long ca_days = 3650;
constexpr long server_days = 825;  // more is refused by some clients
constexpr size_t fingerprint_size_max = EVP_MAX_MD_SIZE;

std::unexpected<Error> refused(const char* doing) {
  char text[256] = "unknown";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  return fail(std::string(doing) + ": " + text);
}

bool extend(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// A certificate for `key`, not yet signed. Serial numbers are random, 127 bits (RFC 5280 4.1.2.2).
Certificate draft(EVP_PKEY* key, const std::string& name, long days) {
  Certificate made(X509_new());
  unsigned char serial[16];
  if (!made || RAND_bytes(serial, sizeof serial) != 1) return nullptr;
  serial[0] &= 0x7f;
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  const bool numbered = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.get()));
  BN_free(number);
  X509_NAME* subject = X509_get_subject_name(made.get());
  const auto* text = reinterpret_cast<const unsigned char*>(name.data());
  // A subject is at most 64 characters; who it is for stands in the alternative names.
  const int size = static_cast<int>(std::min<size_t>(name.size(), 64));
  // An hour of grace for clocks that are late.
  const bool good = numbered && X509_set_version(made.get(), X509_VERSION_3) == 1 &&
                    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600) &&
                    X509_gmtime_adj(X509_getm_notAfter(made.get()), days * day) &&
                    X509_set_pubkey(made.get(), key) == 1 &&
                    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, size, -1, 0) == 1;
  return good ? std::move(made) : nullptr;
}

Certificate make_ca(EVP_PKEY* key, const std::string& name) {
  Certificate ca = draft(key, "Sallyport CA of " + name, ca_days);
  const bool good = ca && X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1 &&
                    extend(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    extend(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    extend(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
                    X509_sign(ca.get(), key, EVP_sha256()) > 0;
  return good ? std::move(ca) : nullptr;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) {
    unsigned char address[sizeof(in6_addr)];
    const bool numeric =
        inet_pton(AF_INET, name.c_str(), address) == 1 || inet_pton(AF_INET6, name.c_str(), address) == 1;
    all += (all.empty() ? "" : ",") + std::string(numeric ? "IP:" : "DNS:") + name;
  }
  return all;
}

Certificate make_server(EVP_PKEY* key, const std::vector<std::string>& names, X509* ca, EVP_PKEY* ca_key) {
  Certificate server = draft(key, names.front(), server_days);
  const bool good = server && X509_set_issuer_name(server.get(), X509_get_subject_name(ca)) == 1 &&
                    extend(server.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                    extend(server.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                    extend(server.get(), ca, NID_ext_key_usage, "serverAuth") &&
                    extend(server.get(), ca, NID_subject_key_identifier, "hash") &&
                    extend(server.get(), ca, NID_authority_key_identifier, "keyid:always") &&
                    extend(server.get(), ca, NID_subject_alt_name, alternative_names(names)) &&
                    X509_sign(server.get(), ca_key, EVP_sha256()) > 0;
  return good ? std::move(server) : nullptr;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : "";
}

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  return bio && PEM_write_bio_X509(bio.get(), certificate) == 1 ? text_of(bio.get()) : "";
}

std::string pem_of(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  return bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1
             ? text_of(bio.get())
             : "";
}

Result<std::string> fingerprint(const X509* certificate) {
  unsigned char digest[fingerprint_size_max];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return refused("hash the certificate");
  std::string text;
  char byte[4];
  for (unsigned i = 0; i < size; ++i) {
    snprintf(byte, sizeof byte, "%s%02X", i == 0 ? "" : ":", digest[i]);
    text += byte;
  }
  return text;
}

}  // namespace

Result<CertificateSet> make_certificates(const std::vector<std::string>& names) {
  const Key ca_key(EVP_EC_gen("P-256")), key(EVP_EC_gen("P-256"));
  if (!ca_key || !key) return refused("make a key");
  const Certificate ca = make_ca(ca_key.get(), names.front());
  if (!ca) return refused("make the CA's certificate");
  const Certificate server = make_server(key.get(), names, ca.get(), ca_key.get());
  if (!server) return refused("make the server's certificate");
  Result<std::string> print = fingerprint(ca.get());
  if (!print) return std::unexpected(print.error());
  CertificateSet made = {.ca_certificate = pem_of(ca.get()),
                         .ca_key = pem_of(ca_key.get()),
                         .certificate = pem_of(server.get()),
                         .key = pem_of(key.get()),
                         .ca_fingerprint = *print};
  const bool whole =
      !made.ca_certificate.empty() && !made.ca_key.empty() && !made.certificate.empty() && !made.key.empty();
  if (!whole) return refused("write a certificate");
  return made;
}

Result<std::string> fingerprint_of(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) return refused("read the certificate");
  return fingerprint(certificate.get());
}

}  // namespace sallyport::cli
