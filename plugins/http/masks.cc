#include "plugins/http/masks.h"

#include "plugins/http/bounds.h"

namespace sallyport::http {

bool Masks::any() {
  const sp_field nothing{.size = sizeof nothing, .kind = SP_KIND_TEXT, .flags = 0, .label = {}, .path = {}};
  return host_.field(nothing) != SP_FIELD_CLEAR;
}

bool Masks::names_any() { return host_.names_masked({}); }

bool Masks::is_named(std::string_view path) {
  if (const auto found = named_.find(path); found != named_.end()) return found->second;
  const sp_text text = text_of(path);
  const bool is = host_.names_masked(std::span(&text, 1));
  if (named_.size() == place_count_max) named_.clear();
  named_.emplace(path, is);
  return is;
}

sp_field_id Masks::field(sp_kind kind, std::string_view path) {
  std::pair<sp_kind, std::string> key(kind, path);
  if (const auto found = fields_.find(key); found != fields_.end()) return found->second;
  if (fields_.size() == place_count_max) {
    fields_.clear();
    host_.fields_reset();
  }
  const size_t point = path.rfind('.');
  const std::string_view label = point == path.npos ? path : path.substr(point + 1);
  const sp_field_id id = host_.field(
      {.size = sizeof(sp_field), .kind = kind, .flags = 0, .label = text_of(label), .path = text_of(path)});
  fields_.emplace(std::move(key), id);
  return id;
}

bool Masks::mask(std::string& value, sp_kind kind, std::string_view path) {
  const sp_field_id id = field(kind, path);
  if (id == SP_FIELD_CLEAR || value.empty()) return true;
  const sp_span span{.offset = 0,
                     .size = value.size(),
                     .field = id,
                     .reserved = 0,
                     .bytes = reinterpret_cast<uint8_t*>(value.data())};
  sp_masked out{};
  if (host_.mask(std::span(&span, 1), &out) < 0) return false;
  switch (out.outcome) {
    case SP_MASK_UNCHANGED:
    case SP_MASK_EDITED: return true;
    case SP_MASK_REPLACED:
      value.assign(reinterpret_cast<const char*>(out.replacement.data), out.replacement.size);
      return true;
    case SP_MASK_WITHHELD: break;
  }
  return false;
}

void Masks::reset() {
  fields_.clear();
  named_.clear();
}

}  // namespace sallyport::http
