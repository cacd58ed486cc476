// An explanation as JSON: the admin API's and the command line's.
#pragma once

#include <nlohmann/json.hpp>

#include "core/guard/explain.h"

namespace sallyport {

// A mask's denial counts where the rules would let it pass, at once or approved.
[[nodiscard]] bool blocks(const guard::Explanation& explanation);
[[nodiscard]] nlohmann::json explanation_json(const guard::Explanation& explanation);

}  // namespace sallyport
