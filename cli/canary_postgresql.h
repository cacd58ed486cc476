// The canary's probe for PostgreSQL: plants fake values in values lists, at no table, and looks for them in
// rows by simple and extended query, text and binary, in a COPY and in an error's text. No value stands in a
// statement as it will come back: a mask of direction "request" must not keep it from being planted.
#pragma once

#include "core/control/canary.h"

namespace sallyport::cli {

[[nodiscard]] std::vector<CanaryFinding> probe_postgresql(const CanaryAim& aim);

// The probe of all protocols that have one.
[[nodiscard]] std::vector<CanaryFinding> probe_target(const CanaryAim& aim);

}  // namespace sallyport::cli
