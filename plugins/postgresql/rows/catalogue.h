// Table OID and attribute number to schema.table.column, asked of the target over a leg of the gateway's own
// (SP_LEG_TARGET + 1), which is opened when first needed and kept. One a session, so that it cannot outlive
// the view of the login that filled it; bounded; emptied by `invalidate` when the session changes the
// catalogue. A table that the leg cannot see (made in the open transaction) has no origin, and is asked for
// again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/postgresql/login/link.h"
#include "plugins/postgresql/login/target_login.h"

namespace sallyport::pg {

inline constexpr uint32_t catalogue_leg = SP_LEG_TARGET + 1;

class Catalogue {
 public:
  explicit Catalogue(Link link) : link_(link) {}
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  // How the leg logs in: Login::side_request(), as soon as the login is Ready.
  void prepare(TargetRequest request) { request_ = std::move(request); }

  enum class Answer : uint8_t { Known, Waiting };
  // Known: path() answers for these OIDs now (perhaps: no origin). Waiting: it asks; call again when feed()
  // says that it settled.
  Answer resolve(std::span<const uint32_t> table_oids);
  // Empty: no origin.
  [[nodiscard]] std::string_view path(uint32_t table_oid, int16_t attribute_number) const;

  // For every event of catalogue_leg, and SP_EVENT_ANSWER of any leg. True: what was waited for is settled,
  // the machine must look at the held reply again (leg SP_LEG_TARGET). Failures settle too: no origin.
  bool feed(const sp_input& input);
  [[nodiscard]] bool waiting() const { return at_ != At::Idle && at_ != At::Open && at_ != At::Dead; }

  // The session ran a statement that may change names.
  void invalidate();

 private:
  enum class At : uint8_t { Idle, LoggingIn, Open, Asking, Dead };
  struct Table {
    std::vector<std::pair<int16_t, std::string>> columns;
  };

  void ask();
  bool die();
  bool read_reply(const sp_input& input, size_t used);
  bool read_row(std::span<const uint8_t> body);

  Link link_;
  TargetRequest request_;
  std::unique_ptr<TargetLogin> login_;
  At at_ = At::Idle;
  std::vector<uint32_t> asked_;
  std::unordered_map<uint32_t, Table> tables_;
  std::unordered_map<uint32_t, Table> answer_;
  size_t entry_count_ = 0;
  bool stale_ = false;  // invalidated while a question was under way: its answer is not kept
};

}  // namespace sallyport::pg
