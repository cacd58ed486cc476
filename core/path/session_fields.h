// What a session keeps of the fields that its plugin named, and of what the masks did to them. Plain data; of
// the session's core.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/guard/policy.h"
#include "plugins/plugin.h"
#include "ringlog/record.h"

namespace sallyport {

struct FieldState {
  guard::ValueKind kind = guard::ValueKind::Text;
  bool withheld = false;
  const guard::MaskPlan* plan = nullptr;
  sp_kind named_kind = SP_KIND_TEXT;
  uint32_t flags = 0;
  uint32_t name_begin = 0, label_size = 0, path_size = 0;  // in field_names_: label, then path
  std::string shown_name = {};  // as the record tells its hits; made with the first of them
};

// A request's objects and fields as the detectors leave them: where names are data (a key, a path), a value
// that must not stand on the record may be one.
struct ShownNames {
  std::vector<std::string_view> objects;  // of the ask itself, or of `kept`
  std::vector<ringlog::Field> fields;
  std::deque<std::string> kept;
};

// What the masks have hit in the reply under way, for its end's record. Beyond hit_kind_count_max kinds the
// last one counts the rest, without names.
struct ReplyHits {
  std::string mask, detector, field;
  uint64_t hits = 0, values = 0;
};

}  // namespace sallyport
