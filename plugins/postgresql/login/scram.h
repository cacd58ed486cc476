// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, both sides, without channel or socket: texts in, texts out.
// Sources: RFC 5802 (SCRAM), RFC 7677 (SHA-256), RFC 5929 (tls-server-end-point); PostgreSQL manual,
// "SASL Authentication". User names are ignored, as by the server: the StartupMessage carries the name. The
// password's SASLprep is the business of whoever makes verifiers.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "plugins/plugin.h"
#include "plugins/postgresql/login/digest.h"

namespace sallyport::pg {

inline constexpr std::string_view scram_name = "SCRAM-SHA-256";
inline constexpr std::string_view scram_plus_name = "SCRAM-SHA-256-PLUS";
inline constexpr size_t scram_message_size_max = 2048;
inline constexpr size_t scram_nonce_size_max = 256;  // of the peer's part
inline constexpr size_t scram_salt_size_max = 64;
inline constexpr uint32_t scram_iterations_min = 4096;  // RFC 7677, section 4
inline constexpr uint32_t scram_iterations_max = 100'000;
inline constexpr size_t scram_random_size = 18;  // the server's own count: 24 characters of base64

enum class ScramFault : uint8_t {
  Malformed,    // breaks the grammar or a cap
  Unsupported,  // authzid, mandatory extension, another channel binding type
  Downgrade,    // the client thinks that we offer no channel binding, though we do
  Binding,      // the channel binding does not match
  Nonce,        // not the nonce that was agreed on
  Weak,         // fewer iterations than allowed
  Costly,       // more iterations than allowed
  Refused,      // the server said e=...
  Signature,    // the server does not know the secret
};
[[nodiscard]] std::string_view scram_fault_text(ScramFault fault);

template <typename T>
using Scram = std::expected<T, ScramFault>;

// RFC 5802, section 3, given AuthMessage. The client's half, and the server's.
struct ScramAnswer {
  Digest proof;
  Digest server_signature;
};
[[nodiscard]] ScramAnswer scram_answer(std::span<const uint8_t> salted_password,
                                       std::string_view auth_message);
// Whether `proof` was made with the verifier's password. Takes the same time for any proof.
[[nodiscard]] bool scram_check(const sp_scram_verifier& verifier, std::string_view auth_message,
                               const Digest& proof);

// The server's side, for one exchange.
class ScramServer {
 public:
  // `binding`: the tls-server-end-point bytes; empty: PLUS is not offered. `user`: the StartupMessage's.
  explicit ScramServer(std::string binding, std::string user = {})
      : binding_(std::move(binding)), user_(std::move(user)) {}
  ~ScramServer();
  ScramServer(const ScramServer&) = delete;
  ScramServer& operator=(const ScramServer&) = delete;

  [[nodiscard]] bool offers_plus() const { return !binding_.empty(); }

  // client-first-message -> server-first-message. `plus`: the mechanism that the client chose. `random` has
  // scram_random_size bytes.
  Scram<std::string> first(bool plus, std::string_view client_first, const sp_scram_verifier& verifier,
                           std::span<const uint8_t> random);
  // client-final-message. True: the proof is right. Faults are breaches of the exchange itself.
  Scram<bool> finish(std::string_view client_final);
  // After `finish`: "v=..." (secret-free without the proof, but to be sent only to who proved), and the
  // proof.
  [[nodiscard]] const std::string& server_final() const { return server_final_; }
  [[nodiscard]] const Digest& proof() const { return proof_; }

 private:
  Scram<std::string_view> read_header(bool plus, std::string_view message);
  bool take_user(std::string_view& rest) const;

  std::string binding_;
  std::string user_;
  std::string header_;  // gs2-header, as the client sent it
  bool plus_ = false;
  std::string client_first_bare_;
  std::string nonce_;
  std::string server_first_;
  std::string server_final_;
  sp_scram_verifier verifier_{};
  Digest proof_{};
};

// The client's side, for one exchange.
class ScramClient {
 public:
  enum class Binding : uint8_t {
    None,       // "n": no TLS, or no channel binding to be had
    Unoffered,  // "y": we could, the server did not offer it
    Plus,       // "p=tls-server-end-point"
  };
  ScramClient(Binding kind, std::string binding) : kind_(kind), binding_(std::move(binding)) {}
  ~ScramClient();
  ScramClient(const ScramClient&) = delete;
  ScramClient& operator=(const ScramClient&) = delete;

  std::string first(std::span<const uint8_t> random);

  struct Challenge {
    std::string salt;
    uint32_t iterations = 0;
  };
  Scram<Challenge> challenge(std::string_view server_first);
  // `salted_password` has 32 bytes: Hi(password, salt, iterations).
  std::string final(std::span<const uint8_t> salted_password);
  Scram<void> verify(std::string_view server_final);

 private:
  [[nodiscard]] std::string header() const;

  Binding kind_;
  std::string binding_;
  std::string first_bare_;
  std::string own_nonce_;
  std::string nonce_;
  std::string server_first_;
  Digest server_signature_{};
};

}  // namespace sallyport::pg
