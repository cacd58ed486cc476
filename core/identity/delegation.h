// Who may say for whom it asks ([[delegation]]), and what that makes of an identity. It gains no right by it:
// the person stands on records, is shown to approvers and counts as the one who asks. What the person is
// called is the speaker's word, within the names that the config lets it use. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/config.h"
#include "core/identity/identity.h"

namespace sallyport::identity {

[[nodiscard]] bool may_speak_for(const config::Config& config, std::string_view speaker,
                                 std::span<const std::string> groups, std::string_view person);

// `person` may be spoken for. Twice with the same person is as good as once.
void speak_for(const config::Config& config, const std::string& person, Identity& speaker);

// What `persons` of one who speaks for that name holds, besides what the config knows of it.
[[nodiscard]] std::string person_called(std::string_view name);

}  // namespace sallyport::identity
