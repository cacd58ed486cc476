#include <algorithm>
#include <array>

#include "core/guard/checks.h"
#include "core/guard/confirm.h"

namespace sallyport::guard {
namespace {

constexpr size_t local_size_max =
    256;  // RFC 5321 section 4.5.3.1.1 says 64; what is glued to it is masked too
constexpr size_t domain_size_max = 253;  // RFC 1035 section 2.3.4, in text

bool is_local(uint8_t c) {
  return is_alnum(c) || c >= 0x80 ||
         std::string_view(".-_+%'!#$&*^~").find(static_cast<char>(c)) != std::string_view::npos;
}

bool is_label(uint8_t c) { return is_alnum(c) || c >= 0x80 || c == '-'; }

// Where the top level in the last label of a domain ends: letters, punycode or anything beyond ASCII, and
// what is glued to it from the first digit on is not part of it. 0 when there is none.
size_t top_level_size(Bytes label) {
  if (matches_upper(label, 0, "XN--")) return label.size();
  const auto stop = std::ranges::find_if_not(label, [](uint8_t c) { return is_alpha(c) || c >= 0x80; });
  const auto size = static_cast<size_t>(stop - label.begin());
  return size >= 2 && (size == label.size() || is_digit(*stop)) ? size : 0;
}

// Where the domain that starts at `begin` ends; 0 when there is none with a dot and a top level.
size_t domain_end(Bytes field, size_t begin) {
  size_t end = begin;
  const size_t limit = std::min(field.size(), begin + domain_size_max);
  size_t label = begin;  // where the label under the cursor starts
  size_t good = 0;       // the end of the longest domain so far
  for (;; ++end) {
    if (end < limit && is_label(field[end])) continue;
    size_t label_end = end;
    while (label_end > label && field[label_end - 1] == '-') --label_end;
    if (label_end == label) break;
    const size_t size = label == begin ? 0 : top_level_size(field.subspan(label, label_end - label));
    if (size != 0) good = label + size;
    if (end >= limit || field[end] != '.') break;
    label = end + 1;
  }
  return good;
}

// Is what begins at `local` the password of scheme://user:password@host, and no address at all?
bool is_url_password(Bytes field, size_t local) {
  if (local == 0 || field[local - 1] != ':') return false;
  size_t at = local - 1;
  const size_t limit = at > local_size_max ? at - local_size_max : 0;
  while (at > limit && (is_local(field[at - 1]))) --at;
  return at >= 3 && as_text(field.subspan(at - 3, 3)) == "://";
}

// "logo@2x.png", and whatever is glued to it.
bool is_image_name(Bytes domain) {
  if (domain.size() < 6 || !is_digit(domain[0]) || domain[1] != 'x' || domain[2] != '.') return false;
  constexpr std::string_view kinds[] = {"png", "jpg", "jpeg", "gif", "webp", "svg"};
  return std::ranges::any_of(
      kinds, [&](std::string_view kind) { return as_text(domain).substr(3).starts_with(kind); });
}

bool is_placeholder(Bytes part) {
  return std::ranges::all_of(
      part, [](uint8_t c) { return c < 0x80 && (!is_alnum(c) || c == 'x' || c == 'X' || c == '0'); });
}

// Where the local part that ends at `at` begins; `at` itself when there is none.
size_t local_begin(Bytes field, size_t at) {
  const size_t limit = at > local_size_max ? at - local_size_max : 0;
  if (at > 1 && field[at - 1] == '"') {  // "a quoted one"@example.com
    for (size_t begin = at - 1; begin-- > limit;) {
      if (field[begin] == '"') return begin + 2 < at ? begin : at;
    }
    return at;
  }
  size_t begin = at;
  while (begin > limit && is_local(field[begin - 1])) --begin;
  // Quotes and bullets in front are the text's, not the address's.
  while (begin < at && !is_alnum(field[begin]) && field[begin] < 0x80 && field[begin] != '_') ++begin;
  return begin;
}

}  // namespace

std::optional<Range> confirm_email(Bytes field, uint32_t end) {
  if (end < 2 || field[end - 2] != '@') return std::nullopt;
  const size_t at = end - 2;
  const size_t begin = local_begin(field, at);
  if (begin == at || is_url_password(field, begin)) return std::nullopt;
  const size_t stop = domain_end(field, at + 1);
  if (stop == 0) return std::nullopt;
  const Bytes domain = field.subspan(at + 1, stop - at - 1);
  if (is_image_name(domain)) return std::nullopt;
  if (is_placeholder(field.subspan(begin, at - begin)) && is_placeholder(domain)) return std::nullopt;
  return Range{static_cast<uint32_t>(begin), static_cast<uint32_t>(stop)};
}

std::optional<Range> confirm_iban(Bytes field, uint32_t end) {
  if (end < 4) return std::nullopt;
  const size_t begin = end - 4;
  const uint32_t size = iban_size(to_upper(field[begin]), to_upper(field[begin + 1]));
  if (size == 0 || field.size() - begin < size) return std::nullopt;
  if (begin > 0 && is_alnum(field[begin - 1]) && !(begin >= 4 && matches_upper(field, begin - 4, "IBAN"))) {
    return std::nullopt;
  }
  std::array<uint8_t, iban_size_max> text{};  // without what stands between its groups
  std::ranges::copy(field.subspan(begin, 4), text.begin());
  size_t at = end;
  for (uint32_t taken = 4; taken < size; ++at) {
    if (at >= field.size()) return std::nullopt;
    const uint8_t c = field[at];
    if (is_alnum(c)) {
      text[taken++] = c;
    } else if ((c != ' ' && c != '-') || !is_alnum(field[at - 1])) {
      return std::nullopt;
    }
  }
  if (at < field.size() && is_alnum(field[at])) return std::nullopt;
  if (!iban_valid(Bytes(text).first(size))) return std::nullopt;
  return Range{static_cast<uint32_t>(begin), static_cast<uint32_t>(at)};
}

}  // namespace sallyport::guard
