#include "core/path/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include <algorithm>

#include "config/check.h"

namespace sallyport {

// The BIO that OpenSSL reads ciphertext from and writes ciphertext to.
struct TlsBio {
  static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* out, int size) {
    TlsStream& tls = stream(bio);
    BIO_clear_retry_flags(bio);
    if (tls.input_.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const size_t take = std::min(tls.input_.size(), static_cast<size_t>(size));
    memcpy(out, tls.input_.data(), take);
    tls.input_ = tls.input_.subspan(take);
    return static_cast<int>(take);
  }

  static int write(BIO* bio, const char* data, int size) {
    TlsStream& tls = stream(bio);
    tls.cipher_.copy(tls.pool_, std::as_bytes(std::span(data, static_cast<size_t>(size))));
    return size;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* made = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sallyport leg");
      CHECK(m);
      BIO_meth_set_read(m, read);
      BIO_meth_set_write(m, write);
      BIO_meth_set_ctrl(m, control);
      return m;
    }();
    return made;
  }
};

namespace {

// libpq's asynchronous calls (psycopg and many more) make room for 8 KiB, read once and wait for the socket.
// The rest of a larger record lies in the client's TLS library meanwhile, and where it ends a reply they wait
// for ever. PostgreSQL fills no larger ones.
constexpr size_t caller_record_size_max = 8 * limits::KiB;

std::string openssl_error() {
  std::string text;
  while (unsigned long code = ERR_get_error()) {
    char buffer[256];
    ERR_error_string_n(code, buffer, sizeof buffer);
    const char* reason = ERR_reason_error_string(code);
    text = reason ? reason : buffer;
  }
  return text.empty() ? "unknown TLS error" : text;
}

std::shared_ptr<std::vector<unsigned char>> wire_alpn(const std::vector<std::string>& names) {
  auto wire = std::make_shared<std::vector<unsigned char>>();
  for (const std::string& name : names) {
    wire->push_back(static_cast<unsigned char>(name.size()));
    wire->insert(wire->end(), name.begin(), name.end());
  }
  return wire;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void* wanted) {
  const auto* ours = static_cast<const std::vector<unsigned char>*>(wanted);
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, out_size, ours->data(), static_cast<unsigned>(ours->size()), in,
                            in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = found;
  return SSL_TLSEXT_ERR_OK;
}

int take_any(X509_STORE_CTX* verify, void*) {
  X509_STORE_CTX_set_error(verify, X509_V_OK);
  return 1;
}

std::shared_ptr<SSL_CTX> base_context(const SSL_METHOD* method) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
  CHECK(context);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_AUTO_RETRY | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

}  // namespace

Result<TlsContext> TlsContext::server(const std::filesystem::path& certificate,
                                      const std::filesystem::path& key, std::vector<std::string> alpn) {
  ERR_clear_error();
  TlsContext made;
  made.is_server_ = true;
  made.context_ = base_context(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(made.get(), certificate.c_str()) != 1) {
    return fail("cannot read the certificate " + certificate.string() + ": " + openssl_error());
  }
  if (SSL_CTX_use_PrivateKey_file(made.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail("cannot read the key " + key.string() + ": " + openssl_error());
  }
  if (SSL_CTX_check_private_key(made.get()) != 1) {
    return fail("the key " + key.string() + " does not belong to the certificate " + certificate.string());
  }
  made.alpn_ = wire_alpn(alpn);
  if (!made.alpn_->empty()) SSL_CTX_set_alpn_select_cb(made.get(), select_alpn, made.alpn_.get());
  return made;
}

Result<TlsContext> TlsContext::listener(const config::Listener& listener, std::vector<std::string> alpn) {
  const config::ListenerTls& tls = *listener.tls;
  Result<TlsContext> made = server(tls.certificate, tls.key, std::move(alpn));
  if (!made || tls.client_ca.empty()) return made;
  SSL_CTX* context = made->get();
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(tls.client_ca.c_str());
  if (!names || SSL_CTX_load_verify_locations(context, tls.client_ca.c_str(), nullptr) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return fail("cannot read the CA certificates " + tls.client_ca.string() + ": " + openssl_error());
  }
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_max_cert_list(context, limits::certificate_chain_size_max);
  SSL_CTX_set_verify_depth(context, limits::certificate_chain_depth_max);
  if (!tls.clients.crl.empty()) {
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_load_crl_file(lookup, tls.clients.crl.c_str(), X509_FILETYPE_PEM) < 1)
      return fail("cannot read the CRL " + tls.clients.crl.string() + ": " + openssl_error());
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
  }
  if (listener.is_opaque()) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  } else {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, take_any, nullptr);
  }
  return made;
}

Result<TlsContext> TlsContext::client(config::TargetTls mode, const std::filesystem::path& ca,
                                      const std::string& name, std::vector<std::string> alpn) {
  ERR_clear_error();
  TlsContext made;
  made.context_ = base_context(TLS_client_method());
  made.name_ = name;
  made.check_name_ = mode == config::TargetTls::verify_full;
  if (mode != config::TargetTls::require) {
    const int loaded = ca.empty() ? SSL_CTX_set_default_verify_paths(made.get())
                                  : SSL_CTX_load_verify_locations(made.get(), ca.c_str(), nullptr);
    if (loaded != 1) return fail("cannot read the CA certificates " + ca.string() + ": " + openssl_error());
    SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
  }
  made.alpn_ = wire_alpn(alpn);
  return made;
}

TlsStream::TlsStream(const TlsContext& context, ChunkPool& pool) : pool_(pool), context_(context) {
  ssl_ = SSL_new(context.get());
  CHECK(ssl_);
  BIO* bio = BIO_new(TlsBio::method());
  CHECK(bio);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  if (context.is_server()) {
    SSL_set_accept_state(ssl_);
    return;
  }
  SSL_set_connect_state(ssl_);
  unsigned char numeric[sizeof(in6_addr)];
  const bool is_address = inet_pton(AF_INET, context.name().c_str(), numeric) == 1 ||
                          inet_pton(AF_INET6, context.name().c_str(), numeric) == 1;
  if (!is_address) SSL_set_tlsext_host_name(ssl_, context.name().c_str());
  if (context.check_name_) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl_);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, context.name().c_str())
                               : X509_VERIFY_PARAM_set1_host(parameters, context.name().c_str(), 0);
    CHECK(set == 1);
  }
  if (!context.alpn_->empty()) {
    SSL_set_alpn_protos(ssl_, context.alpn_->data(), static_cast<unsigned>(context.alpn_->size()));
  }
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

TlsStream::Outcome TlsStream::received(std::span<const std::byte> cipher, Buffer& plain) {
  input_ = cipher;
  ERR_clear_error();
  Outcome outcome = ready_ ? Outcome::ok : handshake();
  if (outcome == Outcome::ok && ready_) outcome = read_plain(plain);
  CHECK(outcome != Outcome::ok || input_.empty());
  input_ = {};
  return outcome;
}

void TlsStream::set_secret(bool secret) {
  (secret ? SSL_set_options : SSL_clear_options)(ssl_, SSL_OP_CLEANSE_PLAINTEXT);
}

TlsStream::Outcome TlsStream::start() {
  ERR_clear_error();
  return handshake();
}

TlsStream::Outcome TlsStream::handshake() {
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    ready_ = true;
    return Outcome::ok;
  }
  return fault("TLS handshake", result);
}

TlsStream::Outcome TlsStream::read_plain(Buffer& plain) {
  for (;;) {
    std::span<std::byte> room = plain.reserve(pool_, SSL3_RT_MAX_PLAIN_LENGTH);
    size_t size = 0;
    const int result = SSL_read_ex(ssl_, room.data(), room.size(), &size);
    if (result != 1) return fault("TLS", result);
    plain.grew(size);
  }
}

TlsStream::Outcome TlsStream::encrypt(SendQueue& plain, uint64_t durable, size_t size_max) {
  ERR_clear_error();
  std::array<std::byte, SSL3_RT_MAX_PLAIN_LENGTH> record;
  const size_t record_size_max = context_.is_server() ? caller_record_size_max : record.size();
  while (size_max > 0 && !plain.empty()) {
    const size_t size = plain.peek(std::span(record).first(std::min(record_size_max, size_max)), durable);
    if (size == 0) break;
    size_t written = 0;
    const int result = SSL_write_ex(ssl_, record.data(), size, &written);
    if (result != 1) return fault("TLS", result);
    CHECK(written == size);
    plain.pop(size);
    size_max -= size;
  }
  return Outcome::ok;
}

void TlsStream::close_notify() {
  ERR_clear_error();
  if (ready_) SSL_shutdown(ssl_);
  ERR_clear_error();
}

TlsStream::Outcome TlsStream::fault(const char* doing, int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Outcome::ok;
    case SSL_ERROR_ZERO_RETURN: return Outcome::closed;
    default: break;
  }
  error_ = std::string(doing) + ": ";
  const long verify = SSL_get_verify_result(ssl_);
  error_ += verify != X509_V_OK ? X509_verify_cert_error_string(verify) : openssl_error().c_str();
  ERR_clear_error();
  return Outcome::failed;
}

size_t TlsStream::end_point(std::span<uint8_t> out) const {
  X509* certificate = context_.is_server() ? SSL_get_certificate(ssl_) : SSL_get1_peer_certificate(ssl_);
  if (!ready_ || !certificate) return 0;
  // RFC 5929 section 4.1: the certificate's own hash, but SHA-256 in place of MD5 and SHA-1.
  int digest_nid = NID_undef;
  OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest_nid, nullptr);
  const EVP_MD* digest = digest_nid == NID_md5 || digest_nid == NID_sha1 || digest_nid == NID_undef
                             ? EVP_sha256()
                             : EVP_get_digestbynid(digest_nid);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const bool made = digest && X509_digest(certificate, digest, hash, &size) == 1;
  if (!context_.is_server()) X509_free(certificate);
  if (!made || size > out.size()) return 0;
  memcpy(out.data(), hash, size);
  return size;
}

}  // namespace sallyport
