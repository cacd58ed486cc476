// Any text, by its content: held whole, up to value_size_max.
#pragma once

#include "plugins/http/body/body_mask.h"

namespace sallyport::http {

class TextBody : public BodyMask {
 public:
  explicit TextBody(Looker& looker) : looker_(looker) {}
  [[nodiscard]] std::expected<void, BodyFault> feed(std::string_view bytes, std::string& out) override;
  [[nodiscard]] std::expected<void, BodyFault> finish(std::string& out) override;

 private:
  Looker& looker_;
  std::string text_;
};

// A text that is JSON is looked at as JSON, whatever it is called: escapes hide nothing. False: it may not be
// shown at all.
[[nodiscard]] bool mask_text(Looker& looker, std::string& text);

// What cannot be text: a NUL, or no UTF-8 (RFC 3629).
[[nodiscard]] bool is_text(std::string_view bytes);

inline constexpr BodyFault too_large_to_mask{"body-too-large",
                                             "the reply is larger than can be looked at whole"};
inline constexpr BodyFault not_text{"body-no-text", "the reply is no UTF-8 text and cannot be looked into"};
inline constexpr BodyFault withheld_whole{"body-withheld", "the reply may not be shown"};

}  // namespace sallyport::http
