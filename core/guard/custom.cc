#include "core/guard/custom.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

#include "config/quantity.h"
#include "core/guard/checks.h"
#include "core/guard/confirm_text.h"

namespace sallyport::guard {
namespace {

constexpr uint32_t word_distance_max = 40;
constexpr size_t literal_size_min = 3;

// The size of the longest run of plain characters that each match holds; 0 where there is an alternative at
// the top, or an anchor or boundary is asked for (anchors = true then).
struct Outline {
  size_t literal = 0;
  bool anchors = false;
};

Outline outline_of(std::string_view pattern) {
  Outline outline;
  size_t run = 0;
  int depth = 0;
  const auto end_run = [&] {
    if (depth == 0) outline.literal = std::max(outline.literal, run);
    run = 0;
  };
  bool alternative = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '[') {
      end_run();
      i += 1 + (i + 1 < pattern.size() && (pattern[i + 1] == '^' || pattern[i + 1] == ']') ? 1 : 0);
      while (i < pattern.size() && pattern[i] != ']') i += pattern[i] == '\\' ? 2 : 1;
    } else if (c == '(') {
      end_run();
      ++depth;
      if (pattern.substr(i).starts_with("(?i)")) {
        --depth;
        i += 3;
      }
    } else if (c == ')') {
      run = 0;
      --depth;
    } else if (c == '|') {
      alternative = alternative || depth == 0;
      run = 0;
    } else if (c == '?' || c == '*' || c == '{') {
      if (run > 0) --run;
      end_run();
      if (c == '{') i = std::min(pattern.find('}', i), pattern.size());
    } else if (c == '^' || c == '$') {
      outline.anchors = true;
    } else if (c == '.' || c == '+') {
      end_run();
    } else if (c == '\\' && i + 1 < pattern.size()) {
      const auto next = static_cast<uint8_t>(pattern[++i]);
      if (std::string_view("bBAzZG").find(static_cast<char>(next)) != std::string_view::npos)
        outline.anchors = true;
      if (is_alnum(next)) {
        end_run();
      } else {
        ++run;
      }
    } else {
      ++run;
    }
  }
  end_run();
  if (alternative) outline.literal = 0;
  return outline;
}

Result<hs_database_t*> compile_pattern(const std::string& pattern) {
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile(pattern.c_str(), 0, HS_MODE_BLOCK, nullptr, &database, &error) == HS_SUCCESS)
    return database;
  const std::string text = error != nullptr ? error->message : "unknown";
  hs_free_compile_error(error);
  return fail("pattern is none that can be used: " + text);
}

struct Ends {
  std::array<uint32_t, 64> at{};
  size_t count = 0;
};
int on_end(unsigned, unsigned long long, unsigned long long to, unsigned, void* context) {
  auto& ends = *static_cast<Ends*>(context);
  ends.at[ends.count++] = static_cast<uint32_t>(to);
  return ends.count == ends.at.size() ? 1 : 0;
}
int on_any(unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
  *static_cast<bool*>(context) = true;
  return 1;
}

bool check_valid(config::DetectorCheck check, Bytes value) {
  std::array<uint8_t, custom_width_max> text;
  size_t size = 0;
  for (const uint8_t c : value) {
    if (is_alnum(c) && size < text.size()) text[size++] = c;
  }
  const Bytes all(text.data(), size);
  const bool digits = size > 1 && std::ranges::all_of(all, is_digit);
  switch (check) {
    case config::DetectorCheck::none: return true;
    case config::DetectorCheck::luhn: return luhn_valid(all);
    case config::DetectorCheck::mod97: return size > 2 && mod97_valid(all);
    case config::DetectorCheck::mod11_10: return digits && mod11_10_valid(all);
    case config::DetectorCheck::verhoeff: return digits && verhoeff_valid(all);
  }
  return false;
}

}  // namespace

Result<void> CustomDetectors::compile(const config::CustomDetector& detector, Entry& entry) {
  entry.name = detector.name;
  entry.label = "[" + detector.name + "]";
  entry.pattern = detector.pattern;
  entry.check = detector.check;
  for (std::string word : detector.words) {
    std::ranges::transform(word, word.begin(),
                           [](char c) { return static_cast<char>(to_upper(static_cast<uint8_t>(c))); });
    entry.words.push_back(std::move(word));
  }
  if (Catalogue::find(entry.name)) return fail("the name is a built-in detector's: give it another");
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(entry.pattern.c_str(), 0, &info, &error) != HS_SUCCESS) {
    const std::string text = error != nullptr ? error->message : "unknown";
    hs_free_compile_error(error);
    return fail("pattern is none that can be used: " + text);
  }
  entry.width_min = info->min_width;
  entry.width_max = info->max_width;
  free(info);
  const Outline outline = outline_of(entry.pattern);
  if (outline.anchors)
    return fail("pattern holds ^, $ or \\b: leave them out; a value is found as a whole word in any case");
  if (entry.width_max == UINT_MAX)
    return fail("pattern has no greatest length: write {1,32} where there is + or *");
  if (entry.width_max > custom_width_max)
    return fail("pattern can be longer than 128 bytes: make its repeats smaller");
  if (entry.width_min < custom_width_min)
    return fail("pattern can be as short as " + std::to_string(entry.width_min) +
                " bytes: at least 4 must be there");
  if (entry.width_max - entry.width_min > custom_spread_max)
    return fail("pattern's lengths differ by more than 64 bytes: make its repeats narrower");
  if (entry.words.empty() && outline.literal < literal_size_min)
    return fail(
        "pattern is too slow: it has no three plain characters in a row, which each match holds; write such, "
        "or "
        "context = [\"…\"] with a word that stands near");
  auto anchored = compile_pattern("^(?:" + entry.pattern + ")$");
  if (!anchored) return std::unexpected(anchored.error());
  entry.anchored = *anchored;
  auto plain = compile_pattern(entry.pattern);
  if (!plain) return std::unexpected(plain.error());
  entry.plain = *plain;
  return {};
}

std::expected<std::shared_ptr<const CustomDetectors>, std::vector<config::Problem>> CustomDetectors::compile(
    const std::vector<config::CustomDetector>& detectors) {
  std::shared_ptr<CustomDetectors> made(new CustomDetectors);
  std::vector<config::Problem> problems;
  for (const config::CustomDetector& detector : detectors) {
    if (made->entries_.size() == custom_detector_count_max) {
      problems.push_back({detector.place, "more than 32 of [[detector]]"});
      break;
    }
    if (const Result<void> good = compile(detector, made->entries_.emplace_back()); !good) {
      problems.push_back(
          {detector.pattern_place, "detector \"" + detector.name + "\": " + good.error().text});
    }
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return made;
}

CustomDetectors::~CustomDetectors() {
  for (const Entry& entry : entries_) {
    hs_free_database(entry.anchored);
    hs_free_database(entry.plain);
  }
}

std::optional<DetectorSet> CustomDetectors::find(std::string_view name) const {
  const auto entry = std::ranges::find(entries_, name, &Entry::name);
  if (entry == entries_.end()) return std::nullopt;
  return custom_id(static_cast<size_t>(entry - entries_.begin()));
}

std::string_view CustomDetectors::name(DetectorId id) const {
  return entries_[static_cast<size_t>(id) - detector_count].name;
}
std::string_view CustomDetectors::label(DetectorId id) const {
  return entries_[static_cast<size_t>(id) - detector_count].label;
}

std::optional<DetectorSet> find_detectors(std::string_view name, const CustomDetectors* custom) {
  const std::optional<DetectorSet> found = Catalogue::find(name);
  return found || custom == nullptr ? found : custom->find(name);
}

std::vector<std::string> detector_names(const CustomDetectors* custom) {
  std::vector<std::string> names{"@pii", "@secrets"};
  if (custom != nullptr) {
    for (const auto& entry : custom->entries_) names.push_back(entry.name);
  }
  for (const Detector& detector : Catalogue::all()) names.emplace_back(detector.name());
  return names;
}

// There are too many for one line.
std::string no_detector(const std::string& name, const CustomDetectors* custom) {
  constexpr size_t near_count_max = 3;
  std::vector<std::string> known = detector_names(custom);
  const size_t count = known.size();
  std::string near;
  for (size_t i = 0; i < near_count_max; ++i) {
    const std::string one = config::nearest(name, known);
    if (one.empty()) break;
    near += (i == 0 ? " (did you mean " : ", ") + config::in_quotes(one);
    std::erase(known, one);
  }
  return "no detector " + config::in_quotes(name) + near + (near.empty() ? "" : "?)") +
         ": `sallyport check --detectors` lists the " + std::to_string(count);
}

std::vector<std::string> CustomDetectors::cores(DetectorId id) const {
  const Entry& entry = entries_[static_cast<size_t>(id) - detector_count];
  if (entry.words.empty()) return {entry.pattern};
  std::vector<std::string> cores;
  for (const std::string& word : entry.words) {
    std::string core = "(?i)";
    for (const char c : word) {
      if (!is_alnum(static_cast<uint8_t>(c)) && static_cast<uint8_t>(c) < 0x80) core += '\\';
      core += c;
    }
    cores.push_back(std::move(core));
  }
  return cores;
}

bool CustomDetectors::prepare(hs_scratch_t** scratch) const {
  return std::ranges::all_of(entries_, [scratch](const Entry& entry) {
    return hs_alloc_scratch(entry.anchored, scratch) == HS_SUCCESS &&
           hs_alloc_scratch(entry.plain, scratch) == HS_SUCCESS;
  });
}

// The longest value that ends at `end`.
std::optional<Range> CustomDetectors::judge(const Entry& entry, Bytes field, uint32_t end,
                                            hs_scratch_t* scratch) {
  if (is_alnum_at(field, end) && is_alnum(field[end - 1])) return std::nullopt;
  for (uint32_t width = std::min(entry.width_max, end); width >= entry.width_min; --width) {
    const uint32_t begin = end - width;
    if (is_alnum_before(field, begin) && is_alnum(field[begin])) continue;
    bool matches = false;
    hs_scan(entry.anchored, reinterpret_cast<const char*>(&field[begin]), width, 0, scratch, on_any,
            &matches);
    const Bytes value = field.subspan(begin, width);
    if (matches && check_valid(entry.check, value) && !is_masked(value)) return Range{begin, end};
  }
  return std::nullopt;
}

std::optional<Range> CustomDetectors::confirm(DetectorId id, Bytes field, uint32_t end,
                                              hs_scratch_t* scratch) const {
  const Entry& entry = entries_[static_cast<size_t>(id) - detector_count];
  if (entry.words.empty()) return judge(entry, field, end, scratch);
  const auto whole = [&](const std::string& word) {
    return end >= word.size() && matches_upper(field, end - word.size(), word) &&
           !(is_alnum_before(field, end - word.size()) && is_alnum(field[end - word.size()]));
  };
  if (!std::ranges::any_of(entry.words, whole) || end == field.size()) return std::nullopt;
  const size_t size = std::min(field.size() - end, size_t{word_distance_max} + entry.width_max);
  Ends ends;
  hs_scan(entry.plain, reinterpret_cast<const char*>(&field[end]), static_cast<unsigned>(size), 0, scratch,
          on_end, &ends);
  std::optional<Range> best;
  for (size_t i = 0; i < ends.count; ++i) {
    const Bytes after = field.subspan(end);
    const auto found = judge(entry, after, ends.at[i], scratch);
    if (found && (!best || found->size() > best->size())) best = Range{found->begin + end, found->end + end};
  }
  return best;
}

}  // namespace sallyport::guard
