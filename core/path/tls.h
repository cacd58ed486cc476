// TLS on a leg: OpenSSL 3 behind a BIO method of our own, so that it reads from received bytes where they lie
// and writes into Chunks; no socket is known to it. TLS 1.2 and up, no renegotiation, no tickets across
// restarts. TlsContext is immutable and shared by threads; TlsStream belongs to one leg of one thread.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/path/buffer.h"
#include "core/path/certificate.h"
#include "core/path/send_queue.h"

namespace sallyport {

class TlsContext {
 public:
  TlsContext() = default;
  // Errors name the file and what OpenSSL said of it.
  static Result<TlsContext> server(const std::filesystem::path& certificate, const std::filesystem::path& key,
                                   std::vector<std::string> alpn);
  // The same for a listener. With `client_ca` callers are asked for a certificate. Where nobody reads their
  // protocol a handshake with a bad one fails; elsewhere any is taken, TlsStream::peer() tells what it is
  // worth, and the refusal is one in the protocol's words.
  static Result<TlsContext> listener(const config::Listener& listener, std::vector<std::string> alpn);
  // `name` is checked against the certificate with verify_full. An empty `ca` means the system's roots.
  static Result<TlsContext> client(config::TargetTls mode, const std::filesystem::path& ca,
                                   const std::string& name, std::vector<std::string> alpn);

  explicit operator bool() const { return context_ != nullptr; }
  [[nodiscard]] SSL_CTX* get() const { return context_.get(); }
  [[nodiscard]] bool is_server() const { return is_server_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<std::vector<unsigned char>> alpn_;  // wire form; the context's callback refers to it
  std::string name_;
  bool is_server_ = false;
  bool check_name_ = false;
  friend class TlsStream;
};

class TlsStream {
 public:
  enum class Outcome : uint8_t { ok, closed, failed };

  TlsStream(const TlsContext& context, ChunkPool& pool);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Ciphertext has come: decrypts all of it into `plain`, or drives the handshake. What must be sent back
  // stands in cipher(). `failed`: see error().
  Outcome received(std::span<const std::byte> cipher, Buffer& plain);
  // Starts or continues the handshake without input.
  Outcome start();
  // Encrypts up to `size_max` bytes of the front of `plain` and removes them. Records are full towards a
  // target, and as large as a caller's library can take.
  Outcome encrypt(SendQueue& plain, uint64_t durable, size_t size_max);
  void close_notify();

  // While it is so, libssl zeroes its copy of what it decrypts.
  void set_secret(bool secret);
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] SendQueue& cipher() { return cipher_; }
  [[nodiscard]] const std::string& error() const { return error_; }
  // RFC 5929 tls-server-end-point; the size written, 0 when there is none.
  size_t end_point(std::span<uint8_t> out) const;
  // What the client's certificate is worth by the CAs and revocations of `judge`, a listener's context, at
  // that time (seconds since 1970), and whom it names. Costs the signatures of its chain.
  [[nodiscard]] PeerCertificate peer(const TlsContext& judge,
                                     const std::vector<config::CertificateName>& names, int64_t now_s) const;
  [[nodiscard]] std::string server_name() const;  // SNI as the client sent it

 private:
  friend struct TlsBio;
  Outcome handshake();
  Outcome read_plain(Buffer& plain);
  Outcome fault(const char* doing, int result);

  ChunkPool& pool_;
  TlsContext context_;
  SSL* ssl_ = nullptr;
  std::span<const std::byte> input_;  // what the BIO reads from, during a call
  SendQueue cipher_;
  std::string error_;
  bool ready_ = false;
};

}  // namespace sallyport
