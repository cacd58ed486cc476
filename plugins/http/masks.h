// The host's masks as a body's readers and the heads of replies meet them. Session's thread.
#pragma once

#include <map>
#include <string>

#include "plugins/http/body/looker.h"
#include "plugins/http/host.h"

namespace sallyport::http {

class Masks : public Looker {
 public:
  explicit Masks(Host& host) : host_(host) {}
  // Whether any mask could apply to anything.
  [[nodiscard]] bool any();
  [[nodiscard]] bool names_any() override;
  [[nodiscard]] bool is_named(std::string_view path) override;
  [[nodiscard]] bool mask(std::string& value, sp_kind kind, std::string_view path) override;
  // The policy was swapped: what was known of it is void.
  void reset();

 private:
  [[nodiscard]] sp_field_id field(sp_kind kind, std::string_view path);
  Host& host_;
  std::map<std::pair<sp_kind, std::string>, sp_field_id> fields_;
  std::map<std::string, bool, std::less<>> named_;
};

}  // namespace sallyport::http
