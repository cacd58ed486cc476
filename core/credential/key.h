// What opens a target for one lease: made or fetched by a worker, immutable, shared by the sessions that use
// it and gone with the last of them. Any thread may read it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/control/secret_bytes.h"

namespace sallyport::credential {

struct Key {
  std::string kind;   // as in the config
  std::string lease;  // what it is called where it was made, for the record; no secret
  std::string user;
  SecretBytes password;
  // SaltedPassword (RFC 5802), where whoever made the verifier has it.
  std::vector<uint8_t> salt;
  uint32_t iterations = 0;
  SecretBytes salted_password;
};

using KeyPointer = std::shared_ptr<const Key>;

}  // namespace sallyport::credential
