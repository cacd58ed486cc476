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
#include "core/path/send_queue.h"

namespace sallyport {

class TlsContext {
 public:
  TlsContext() = default;
  // Errors name the file and what OpenSSL said of it.
  // With `client_ca` clients must show a certificate for client use that one of its CAs signed. Revocation is
  // not looked up: short-lived certificates, or the user taken from the config.
  static Result<TlsContext> server(const std::filesystem::path& certificate, const std::filesystem::path& key,
                                   std::vector<std::string> alpn,
                                   const std::filesystem::path& client_ca = {});
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

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] SendQueue& cipher() { return cipher_; }
  [[nodiscard]] const std::string& error() const { return error_; }
  // RFC 5929 tls-server-end-point; the size written, 0 when there is none.
  size_t end_point(std::span<uint8_t> out) const;
  // Whom the verified client certificate names: its only e-mail address, else its only URI, else its only DNS
  // name among the subject's alternatives (RFC 5280 section 4.2.1.6), else its only common name. Empty:
  // nobody, or several of the kind that decides.
  [[nodiscard]] std::string peer_name() const;
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
