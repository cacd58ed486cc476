// Keys from a HashiCorp Vault or an OpenBao, by its HTTP API: KV version 2 and the database engine's dynamic
// credentials, their leases renewed and revoked. Blocks; called by several workers at once, never by the
// control thread. Source: Vault's API documentation (v1): KV v2 "Read secret version", Database "Generate
// credentials", System "/sys/leases", AppRole "Login with AppRole".
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/credential/keeper.h"

namespace sallyport::credential {

class VaultKeeper {
 public:
  explicit VaultKeeper(const std::atomic<bool>& stopping) : stopping_(stopping) {}

  [[nodiscard]] Outcome<Made> mint(const Task& task, int64_t life_ns);
  // How long it lives now.
  [[nodiscard]] Outcome<int64_t> renew(const Task& task, const std::string& lease, int64_t life_ns);
  [[nodiscard]] Outcome<void> revoke(const Task& task, const std::string& lease);

 private:
  struct Token {
    SecretBytes text;
    int64_t until_ns = 0;
  };
  struct Reply {
    long status = 0;
    std::string body;  // wiped by who reads it
  };

  // With a token; one that the vault does not take any more is got anew, once.
  Outcome<nlohmann::json> ask(const Task& task, const char* method, const std::string& path,
                              const std::string& body, bool may_exist);
  Outcome<std::string> token(const Task& task, const config::Vault& vault, bool fresh, int64_t deadline_ns);
  Outcome<std::string> log_in(const Task& task, const config::Vault& vault, int64_t deadline_ns);
  Result<Reply> send(const config::Vault& vault, const char* method, const std::string& path,
                     const std::string& body, const std::string& token, int64_t deadline_ns) const;

  const std::atomic<bool>& stopping_;
  std::mutex mutex_;
  std::map<std::string, Token> tokens_;  // of AppRole, by vault, address and role
};

}  // namespace sallyport::credential
