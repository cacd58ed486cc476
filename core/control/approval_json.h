// An approval as the admin socket, and whoever else shows it, tells it (core/control/admin.md). Control
// thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/control/approvals.h"

namespace sallyport {

// Texts have passed the detectors; control characters are as they came, for who shows them to make visible.
// `now_ns`: wall clock; ages have grown up to then.
[[nodiscard]] nlohmann::json approval_json(const Approval& approval, int64_t now_ns);
// What the detectors hid of it.
[[nodiscard]] nlohmann::json hidden_json(const HiddenText& hidden);
// For whom a program waits: no more than it needs to go on.
[[nodiscard]] nlohmann::json own_approval_json(const Approval& approval, int64_t now_ns);

}  // namespace sallyport
