// Callers' words for people's eyes in a chat: what would act instead of being seen is made visible. Sources:
// Unicode 15 (UAX 9 for what turns text around); Slack, "Formatting text for app surfaces" (escaping, mrkdwn)
// and "Block Kit" (limits). Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport {

// Control characters as their pictures (U+2400), what is not seen or turns text around as \u{202E}, bytes
// that are no UTF-8 as \x{FF}. `keeps_lines`: line feeds and tabs stay.
[[nodiscard]] std::string visible_text(std::string_view text, bool keeps_lines);

struct CutText {
  std::string text;
  bool is_whole = true;
};

// Of visible text, for a code span or block of mrkdwn: &, < and > as entities; a backtick, which would end
// it, as U+02CB, which looks alike. At most `size_max` UTF-16 units when escaped, as Slack may count; cut
// between characters, never inside an entity.
[[nodiscard]] CutText mrkdwn_text(std::string_view text, size_t size_max);

}  // namespace sallyport
