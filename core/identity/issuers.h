// The identity providers of the config and their keys: checks tokens, and says when keys must be fetched. No
// socket, no clock, no thread: who owns it fetches, and says what came of it.
//
//   check: issuer known? algorithm known? -> keys there and the key in them -> answered at once
//                                         -> else the token waits for a fetch, or is refused
//
// Keys are fetched when first asked for, again when they are older than limits::issuer_keys_fresh_ms, and
// when a token names one that nobody knows, but for that never twice within limits::issuer_refetch_min_ms. An
// issuer that cannot be reached serves with the keys that it had, up to limits::issuer_keys_age_max_ms.
// Control thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/identity/claims.h"
#include "core/identity/key_set.h"

namespace sallyport::identity {

struct Now {
  int64_t wall_ns = 0;
  int64_t steady_ns = 0;
};

// For the record. What a token says of itself stands here only where its issuer signed it.
struct RefusedToken {
  TokenFault fault;
  std::string issuer, subject;  // `iss` of the config, and `sub`; empty: nothing is proven
};

class Issuers {
 public:
  using Answer = std::function<void(std::expected<Identity, RefusedToken>)>;
  // Begins a fetch of this issuer's keys and returns; fetched() follows, later. False: nobody is free for it.
  using Fetch = std::function<bool(const config::Oidc&)>;

  explicit Issuers(Fetch fetch) : fetch_(std::move(fetch)) {}

  // At start and at each reload. Keys of an issuer stay where nothing that leads to them has changed.
  void configure(const std::vector<config::Oidc>& issuers, const Now& now);

  // Answers at once, or when the keys are there, or at `deadline_ns` (steady clock).
  void check(std::string_view token, int64_t deadline_ns, const Now& now, Answer answer);

  void fetched(const config::Oidc& of, Result<KeySet> keys, const Now& now);
  // Refuses who has waited too long.
  void tick(const Now& now);

  struct Status {
    std::string name, issuer, error;  // of the last fetch; empty: good
    size_t key_count = 0;
    int64_t age_ns = -1;  // of the keys; -1: there are none
  };
  [[nodiscard]] std::vector<Status> status(const Now& now) const;

 private:
  struct Issuer {
    config::Oidc config;
    std::optional<KeySet> keys;
    int64_t keys_ns = 0;      // when they were fetched; steady clock
    int64_t failed_ns = -1;   // when the last fetch failed; -1: it did not
    int64_t unknown_ns = -1;  // when a key that nobody knows last led to one; -1: never
    bool fetching = false;
    std::string error;
  };
  struct Waiting {
    std::string issuer, token;
    int64_t deadline_ns;
    Answer answer;
  };

  [[nodiscard]] Issuer* find(const nlohmann::json& claims);
  [[nodiscard]] static bool is_usable(const Issuer& issuer, const Now& now);
  static std::expected<Identity, RefusedToken> answer_of(const Issuer& issuer, const Jwt& jwt,
                                                         const Now& now);
  void answer_now(Waiting& one, const Now& now);
  template <typename Which>
  void answer_those(Which which, const Now& now);
  bool begin_fetch(Issuer& issuer, bool key_is_unknown, const Now& now);

  Fetch fetch_;
  std::map<std::string, Issuer> issuers_;  // by name
  std::vector<Waiting> waiting_;
};

}  // namespace sallyport::identity
