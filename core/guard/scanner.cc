#include "core/guard/scanner.h"

#include <algorithm>
#include <cstring>

#include "config/check.h"
#include "core/guard/confirm.h"
#include "core/guard/hits.h"
#include "core/guard/mask_action.h"

namespace sallyport::guard {
namespace {

// Hits found beside hits may lay open further ones; such chains do not occur but in tests.
constexpr size_t judge_again_count_max = 4;

Bytes bytes_of(Bytes buffer, const Field& field) { return buffer.subspan(field.offset, field.size); }

// Field `index` got a confirmed range.
void add_hit(std::vector<Hit>& hits, Bytes value, uint32_t index, Range range, DetectorId detector) {
  hits.push_back({index, widen_to_code_points(value, range), detector, detector});
}

void reject(std::vector<Rejected>& rejected, Rejected candidate) {
  if (rejected.size() < rejected_count_max) rejected.push_back(candidate);
}

// What the callback of one hs_scan needs.
struct LiteralScan {
  const Scanner* scanner = nullptr;
  ScanScratch* scratch = nullptr;
  Bytes buffer;  // from the first field's begin on
  uint32_t base = 0;
  std::span<const Field> fields;
  std::vector<Hit>* hits = nullptr;
  size_t last = 0;  // the field of the candidate before: the next one is mostly there or just after
};

// The field that holds the byte before `end`, if any does.
const Field* field_ending(LiteralScan& scan, uint32_t end) {
  const auto holds = [end](const Field& field) {
    return field.offset < end && end - field.offset <= field.size;
  };
  if (holds(scan.fields[scan.last])) return &scan.fields[scan.last];
  const auto after = std::ranges::lower_bound(scan.fields, end, {}, &Field::offset);
  if (after == scan.fields.begin()) return nullptr;
  auto field = after - 1;
  // Empty fields may stand where their neighbour begins.
  while (field != scan.fields.begin() && field->size == 0) --field;
  if (!holds(*field)) return nullptr;
  scan.last = static_cast<size_t>(field - scan.fields.begin());
  return &*field;
}

uint32_t field_end(const Field& field) { return field.offset + field.size; }

// Calls `use` with each field's part of each run that is long enough to be one.
template <typename Use>
void each_digit_part(std::span<const Field> fields, std::span<const DigitRun> runs, Use use) {
  uint32_t index = 0;
  for (const DigitRun& run : runs) {
    while (index < fields.size() && field_end(fields[index]) <= run.begin) ++index;
    for (uint32_t i = index; i < fields.size() && fields[i].offset < run.end; ++i) {
      const Field& field = fields[i];
      if (field.size == 0) continue;
      const Range part{std::max(run.begin, field.offset) - field.offset,
                       std::min(run.end, field_end(field)) - field.offset};
      if (part.size() >= digit_run_size_min) use(i, part);
    }
  }
}

void judge_run(Bytes value, Range part, DetectorSet detectors, std::vector<DigitHit>& hits) {
  hits.clear();
  if (!detectors.empty()) judge_digit_run(value, part, detectors, hits);
}

void check_fields(Bytes buffer, std::span<const Field> fields) {
  CHECK(buffer.size() <= batch_size_max);
  size_t end = 0;
  for (const Field& field : fields) {
    CHECK(field.offset >= end && field.size <= buffer.size() && field.offset <= buffer.size() - field.size);
    end = field.offset + size_t{field.size};
  }
}

}  // namespace

ScanScratch::~ScanScratch() {
  hs_free_scratch(scratch_);
  hs_free_scratch(custom_scratch_);
}

Result<void> ScanScratch::prepare(const Scanner& scanner) {
  if (scanner.database_ == nullptr) return {};
  if (scanner.custom_ && !scanner.custom_->prepare(&custom_scratch_))
    return fail("cannot allocate scratch space for the config's own detectors");
  if (const hs_error_t error = hs_alloc_scratch(scanner.database_, &scratch_); error != HS_SUCCESS) {
    return fail("cannot allocate scratch space to scan with: hs_alloc_scratch says " + std::to_string(error));
  }
  return {};
}

Result<std::shared_ptr<const Scanner>> Scanner::compile(DetectorSet detectors,
                                                        std::shared_ptr<const CustomDetectors> custom) {
  std::shared_ptr<Scanner> scanner(new Scanner);
  scanner->detectors_ = detectors;
  scanner->digit_run_detectors_ = detectors & Catalogue::with(CoreKind::DigitRun);
  scanner->letter_digit_detectors_ = detectors & Catalogue::with(CoreKind::LetterDigit);
  std::vector<const char*> patterns;
  std::vector<unsigned> ids;
  for (const Detector& detector : Catalogue::all()) {
    if (!detectors.has(detector.id)) continue;
    for (const char* const pattern : detector.patterns) {
      patterns.push_back(pattern);
      ids.push_back(static_cast<unsigned>(detector.id));
    }
  }
  std::vector<std::string> custom_cores;
  detectors.each([&](DetectorId id) {
    if (!is_custom(id)) return;
    for (std::string& core : custom->cores(id)) {
      custom_cores.push_back(std::move(core));
      ids.push_back(static_cast<unsigned>(id));
    }
  });
  for (const std::string& core : custom_cores) patterns.push_back(core.c_str());
  scanner->custom_ = std::move(custom);
  if (patterns.empty()) return scanner;
  // No SOM and no UTF-8 flags: FACTS measured 4-120x for the first, and wire bytes are not always UTF-8.
  const std::vector<unsigned> flags(patterns.size(), 0);
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(patterns.data(), flags.data(), ids.data(), static_cast<unsigned>(patterns.size()),
                       HS_MODE_BLOCK, nullptr, &scanner->database_, &error) != HS_SUCCESS) {
    std::string text = error != nullptr ? error->message : "unknown";
    hs_free_compile_error(error);
    return fail("cannot compile the detectors: " + text);
  }
  return scanner;
}

Scanner::~Scanner() { hs_free_database(database_); }

bool Scanner::scan(Bytes buffer, std::span<const Field> fields, ScanScratch& scratch,
                   ScanResult& result) const {
  result.hits.clear();
  result.crowded.clear();
  scratch.rejected_.clear();
  check_fields(buffer, fields);
  if (fields.empty()) return true;

  size_t size = 0;
  for (const Field& field : fields) size += field.size;
  const size_t extent = fields.back().offset + size_t{fields.back().size} - fields.front().offset;
  // Copying a field costs about as much as scanning its bytes; below half it pays to leave the rest out.
  if (extent - size > size + gather_gap_size_min) {
    auto& gathered = scratch.gathered_;
    gathered.resize(size + fields.size());
    scratch.gathered_fields_.assign(fields.begin(), fields.end());
    uint32_t at = 0;
    for (Field& field : scratch.gathered_fields_) {
      if (field.size != 0) std::memcpy(&gathered[at], &buffer[field.offset], field.size);
      field.offset = at;
      at += field.size;
      gathered[at++] = 0;
    }
    buffer = gathered;
    fields = scratch.gathered_fields_;
  }
  if (!scan_literals(buffer, fields, scratch, result.hits)) {
    result.hits.clear();
    return false;
  }
  scan_digits(buffer, fields, scratch, result.hits);
  settle(result);
  for (size_t round = 0, settled = 0; round < judge_again_count_max && result.hits.size() > settled;
       ++round) {
    settled = result.hits.size();
    judge_again(buffer, fields, scratch, result.hits);
    if (result.hits.size() > settled) settle(result);
  }
  return true;
}

void Scanner::judge_again(Bytes buffer, std::span<const Field> fields, ScanScratch& scratch,
                          std::vector<Hit>& hits) const {
  const size_t settled = hits.size();
  const auto first_from = [&hits, settled](uint32_t field, uint32_t begin) {
    const auto end = hits.cbegin() + static_cast<ptrdiff_t>(settled);
    const auto found = std::lower_bound(
        hits.cbegin(), end, std::pair(field, begin),
        [](const Hit& hit, auto place) { return std::pair(hit.field, hit.range.begin) < place; });
    return static_cast<size_t>(found - hits.cbegin());
  };
  const auto is_hit_of = [&hits, settled](size_t index, uint32_t field) {
    return index < settled && hits[index].field == field;
  };
  // The bytes between hit `index` and the one before it; `index` may be one past the field's last.
  const auto gap_before = [&](size_t index, uint32_t field) {
    return Range{index > 0 && is_hit_of(index - 1, field) ? hits[index - 1].range.end : 0,
                 is_hit_of(index, field) ? hits[index].range.begin : fields[field].size};
  };

  for (const Rejected& candidate : scratch.rejected_) {
    const size_t after = first_from(candidate.field, candidate.end);
    const Range gap = gap_before(after, candidate.field);
    if (gap.size() == fields[candidate.field].size || gap.begin >= candidate.end) continue;
    const Bytes value = bytes_of(buffer, fields[candidate.field]);
    const auto range =
        confirm(candidate.detector, value.subspan(gap.begin, gap.size()), candidate.end - gap.begin, scratch);
    if (!range) continue;
    add_hit(hits, value, candidate.field, {range->begin + gap.begin, range->end + gap.begin},
            candidate.detector);
  }
  if (digit_run_detectors_.empty()) return;
  // Runs come by field, as hits do; most stand in fields without one.
  size_t first = 0;
  each_digit_part(fields, scratch.digits_.runs, [&](uint32_t index, Range part) {
    while (first < settled && hits[first].field < index) ++first;
    if (!is_hit_of(first, index)) return;
    // Hits of digits alone have bounded each other already.
    const auto bounds = [&](size_t i) {
      return is_hit_of(i, index) && hits[i].range.end >= part.begin &&
             !digit_run_detectors_.contains(hits[i].detectors);
    };
    const DetectorSet wanted = fields[index].detectors & digit_run_detectors_;
    size_t next = first_from(index, part.begin);
    if (next > 0 && bounds(next - 1)) --next;
    const Bytes value = bytes_of(buffer, fields[index]);
    for (bool last = false; !last && is_hit_of(next, index); ++next) {
      last = hits[next].range.begin > part.end;
      for (const size_t i : {next, next + 1}) {
        const Range gap = gap_before(i, index);
        const Range within{std::max(gap.begin, part.begin), std::min(gap.end, part.end)};
        if (!bounds(next) || within.end < within.begin + digit_run_size_min) continue;
        judge_run(value.subspan(gap.begin, gap.size()), {within.begin - gap.begin, within.end - gap.begin},
                  wanted, scratch.digit_hits_);
        for (const DigitHit& hit : scratch.digit_hits_) {
          add_hit(hits, value, index, {hit.range.begin + gap.begin, hit.range.end + gap.begin}, hit.detector);
        }
      }
    }
  });
}

int Scanner::on_literal(unsigned int id, unsigned long long, unsigned long long to, unsigned int,
                        void* context) {
  auto& scan = *static_cast<LiteralScan*>(context);
  const auto end = static_cast<uint32_t>(to) + scan.base;
  const Field* const field = field_ending(scan, end);
  const auto detector = static_cast<DetectorId>(id);
  if (field == nullptr || !field->detectors.has(detector)) return 0;
  const Bytes value = scan.buffer.subspan(field->offset, field->size);
  const auto index = static_cast<uint32_t>(field - scan.fields.data());
  if (const auto range = scan.scanner->confirm(detector, value, end - field->offset, *scan.scratch)) {
    add_hit(*scan.hits, value, index, *range, detector);
  } else {
    reject(scan.scratch->rejected_, {index, end - field->offset, detector});
  }
  return 0;
}

bool Scanner::scan_literals(Bytes buffer, std::span<const Field> fields, ScanScratch& scratch,
                            std::vector<Hit>& hits) const {
  if (database_ == nullptr) return true;
  const uint32_t begin = fields.front().offset;
  const uint32_t end = fields.back().offset + fields.back().size;
  if (begin == end) return true;
  LiteralScan context{
      .scanner = this, .scratch = &scratch, .buffer = buffer, .base = begin, .fields = fields, .hits = &hits};
  return hs_scan(database_, reinterpret_cast<const char*>(&buffer[begin]), end - begin, 0, scratch.scratch_,
                 on_literal, &context) == HS_SUCCESS;
}

void Scanner::scan_digits(Bytes buffer, std::span<const Field> fields, ScanScratch& scratch,
                          std::vector<Hit>& hits) const {
  const bool letters = !letter_digit_detectors_.empty();
  if (digit_run_detectors_.empty() && !letters) return;
  const uint32_t begin = fields.front().offset;
  const uint32_t end = fields.back().offset + fields.back().size;
  find_digits(buffer.subspan(begin, end - begin), letters, digit_engine(), scratch.digits_);

  for (DigitRun& run : scratch.digits_.runs) run = {run.begin + begin, run.end + begin};
  each_digit_part(fields, scratch.digits_.runs, [&](uint32_t index, Range part) {
    const Bytes value = bytes_of(buffer, fields[index]);
    constexpr uint32_t mask_size = 64;
    if (part.size() <= mask_size) {
      const uint64_t digits =
          digit_mask(scratch.digits_, fields[index].offset + part.begin - begin, part.size());
      if (!worth_judging(value, part, digits)) return;
    }
    judge_run(value, part, fields[index].detectors & digit_run_detectors_, scratch.digit_hits_);
    for (const DigitHit& hit : scratch.digit_hits_) add_hit(hits, value, index, hit.range, hit.detector);
  });
  uint32_t index = 0;
  for (const uint32_t offset : scratch.digits_.letter_digits) {
    const uint32_t at = offset + begin;
    while (index < fields.size() && field_end(fields[index]) <= at) ++index;
    if (index == fields.size()) break;
    const Field& field = fields[index];
    if (at < field.offset || at + 4 > field_end(fields[index])) continue;
    const Bytes value = bytes_of(buffer, field);
    const uint32_t core_end = at + 4 - field.offset;
    (field.detectors & letter_digit_detectors_).each([&](DetectorId id) {
      if (const auto range = Catalogue::at(id).confirm(value, core_end)) {
        add_hit(hits, value, index, *range, id);
      } else if (id == DetectorId::Iban && iban_size(to_upper(buffer[at]), to_upper(buffer[at + 1])) != 0) {
        reject(scratch.rejected_, {index, core_end, id});
      }
    });
  }
}

}  // namespace sallyport::guard
