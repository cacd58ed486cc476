// The ways to a witness: a file, a webhook, syslog. Each call blocks for at most limits::witness_timeout_ms.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "ringlog/segment.h"

namespace sallyport {

struct WitnessWay {
  std::string kind;  // "file", "url", "syslog"
  std::string to;    // for people
  std::function<Result<void>(const ringlog::Head&)> push;
};

// `config` outlives them.
[[nodiscard]] std::vector<WitnessWay> witness_ways(const config::Witness& config);

}  // namespace sallyport
