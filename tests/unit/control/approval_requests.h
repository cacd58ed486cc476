// Requests and people for tests of Approvals.
#pragma once

#include <string>
#include <vector>

#include "core/control/approvals.h"

namespace sallyport {

inline constexpr int64_t second = 1'000'000'000;

inline config::ApprovalTerms one_of(std::vector<std::string> groups) {
  return {.quorums = {{std::move(groups), 1}},
          .again_ms = 0,
          .needs_reason = false,
          .escalate_ms = 0,
          .escalate_to = {}};
}

inline ApprovalWanted request(uint32_t session, uint8_t digest, uint64_t transaction = 0,
                              config::ApprovalTerms terms = one_of({"dba"})) {
  ApprovalWanted wanted;
  wanted.session = {.core = 0, .index = session, .generation = 1};
  wanted.session_id = session;
  wanted.ticket = 7;
  wanted.digest.fill(digest);
  wanted.identity = "agent";
  wanted.persons = {"user:agent"};
  wanted.target = "shop";
  wanted.rule = "destructive";
  wanted.demands = {{"destructive", std::move(terms)}};
  wanted.text = "drop table t";
  wanted.transaction = transaction;
  wanted.timeout_ms = 60'000;
  return wanted;
}

}  // namespace sallyport
