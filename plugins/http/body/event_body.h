// Server-sent events (WHATWG HTML, section 9.2): each event is held whole, up to value_size_max. Data that is
// JSON is looked at as JSON, all else as text.
#pragma once

#include "plugins/http/body/body_mask.h"

namespace sallyport::http {

class EventBody : public BodyMask {
 public:
  explicit EventBody(Looker& looker) : looker_(looker) {}
  [[nodiscard]] std::expected<void, BodyFault> feed(std::string_view bytes, std::string& out) override;
  [[nodiscard]] std::expected<void, BodyFault> finish(std::string& out) override;

 private:
  [[nodiscard]] bool mask_data(std::string& data);
  [[nodiscard]] std::expected<void, BodyFault> event(std::string_view lines, std::string& out);
  Looker& looker_;
  std::string text_;      // not yet whole
  size_t looked_at_ = 0;  // of it, where no event ends
};

}  // namespace sallyport::http
