// application/x-www-form-urlencoded (WHATWG URL, section 5): each value looked at decoded, and named by its
// key. Held whole, up to value_size_max.
#pragma once

#include "plugins/http/body/body_mask.h"

namespace sallyport::http {

class FormBody : public BodyMask {
 public:
  explicit FormBody(Looker& looker) : looker_(looker) {}
  [[nodiscard]] std::expected<void, BodyFault> feed(std::string_view bytes, std::string& out) override;
  [[nodiscard]] std::expected<void, BodyFault> finish(std::string& out) override;

 private:
  [[nodiscard]] std::expected<void, BodyFault> pair(std::string_view text, std::string& out);
  Looker& looker_;
  std::string text_;
};

// "+" and "%41"; an escape that stands for nothing is itself.
[[nodiscard]] std::string form_decoded(std::string_view text);
[[nodiscard]] std::string form_encoded(std::string_view text);

}  // namespace sallyport::http
