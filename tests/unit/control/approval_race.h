// Who takes part in a race of approvals: people who decide, and sessions that ask.
#pragma once

#include "tests/unit/control/approval_requests.h"

namespace sallyport {

struct Person {
  const char* name;
  std::vector<std::string> groups;
  std::vector<std::string> persons;
};

inline const std::vector<Person>& people() {
  static const std::vector<Person> all = {
      {"dana", {"dba"}, {"user:dana", "mailto:dana@x"}},
      {"corp:dana", {"dba", "lead"}, {"https://idp#1", "mailto:dana@x"}},  // dana again
      {"dick", {"dba"}, {"user:dick"}},
      {"lea", {"lead"}, {"user:lea"}},
      {"agent", {"dba"}, {"user:agent"}},
      {"corp:agent", {"dba"}, {"https://idp#2", "user:agent"}},  // who asks, by another login
      {"eve", {"interns"}, {"user:eve"}},
  };
  return all;
}

enum class At : uint8_t { idle, wanted, pending, approved, over };

struct ModelSession {
  SessionRef ref;
  uint64_t id = 0, ticket = 0;
  At at = At::idle;
  uint8_t statement = 0;
  uint64_t transaction = 0;
  std::string approval;
};

}  // namespace sallyport
