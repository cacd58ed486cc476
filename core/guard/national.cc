// National numbers that are written in digits. Each row says how many digits there are, in which groups they
// speak for themselves, and which words must stand near them otherwise.
#include <algorithm>
#include <array>

#include "core/guard/checks.h"
#include "core/guard/confirm_digits.h"
#include "core/guard/confirm_text.h"
#include "core/guard/digit_groups.h"
#include "core/guard/national.h"

namespace sallyport::guard {
namespace {

struct NationalNumber {
  DetectorId id;
  uint8_t size;             // digits
  bool bare;                // needs no word though written without separators
  std::string_view shapes;  // group sizes and gaps that need no word: "3.3.3-2|3-2"
  std::string_view words;   // in upper case
  bool (*valid)(Bytes digits);
};

constexpr NationalNumber numbers[] = {
    {DetectorId::UsItin, 9, false, "3-2-4|3 2 4", "ITIN|TAXPAYER ID|TAXPAYER_ID|TAX ID", us_itin_valid},
    {DetectorId::UkNhs, 10, false, "", "NHS|NHSNO|NHSNUMBER", uk_nhs_valid},
    {DetectorId::DeTaxId, 11, false, "",
     "STEUER-ID|STEUERID|STEUER_ID|STEUERLICHE|STEUERIDENTIFIKATIONSNUMMER|IDENTIFIKATIONSNUMMER|IDNR|"
     "TIN|TAX ID|TAX_ID|TAXID",
     de_tax_id_valid},
    {DetectorId::FrNir, 15, true, "1 2 2 2 3 3 2|13 2", "", fr_nir_valid},
    {DetectorId::NlBsn, 9, false, "", "BSN|BURGERSERVICENUMMER|SOFINUMMER|SOFI", nl_bsn_valid},
    {DetectorId::PlPesel, 11, false, "", "PESEL", pl_pesel_valid},
    {DetectorId::SePersonnummer, 10, false, "6-4", "PERSONNUMMER|PERSONNR|PNR|SAMORDNINGSNUMMER",
     se_personnummer_valid},
    {DetectorId::SePersonnummer, 12, false, "8-4", "PERSONNUMMER|PERSONNR|PNR|SAMORDNINGSNUMMER",
     se_personnummer_valid},
    {DetectorId::NoFodselsnummer, 11, false, "6 5",
     "FØDSELSNUMMER|FøDSELSNUMMER|FODSELSNUMMER|FOEDSELSNUMMER|PERSONNUMMER|FNR|D-NUMMER",
     no_fodselsnummer_valid},
    {DetectorId::BeNationalNumber, 11, false, "2.2.2-3.2",
     "RIJKSREGISTER|RIJKSREGISTERNUMMER|RRN|NISS|INSZ|REGISTRE NATIONAL|NATIONAL NUMBER",
     be_national_number_valid},
    {DetectorId::ChAhv, 13, true, "3.4.4.2", "", ch_ahv_valid},
    {DetectorId::BrCpf, 11, false, "3.3.3-2", "CPF", br_cpf_valid},
    {DetectorId::BrCnpj, 14, false, "2.3.3/4-2", "CNPJ", br_cnpj_valid},
    {DetectorId::InAadhaar, 12, false, "", "AADHAAR|AADHAR|UIDAI|ADHAAR", in_aadhaar_valid},
    {DetectorId::CaSin, 9, false, "", "SIN|SOCIAL INSURANCE|SOCIAL_INSURANCE|NAS", ca_sin_valid},
    {DetectorId::AuTfn, 9, false, "", "TFN|TAX FILE|TAX_FILE", au_tfn_valid},
    {DetectorId::AuMedicare, 10, false, "", "MEDICARE", au_medicare_valid},
    {DetectorId::ZaId, 13, true, "", "", za_id_valid},
    {DetectorId::CnId, 18, true, "", "", cn_id_valid},
    {DetectorId::KrRrn, 13, false, "6-7",
     "RRN|RESIDENT REGISTRATION|RESIDENT_REGISTRATION|주민등록번호|JUMIN", kr_rrn_valid},
    {DetectorId::JpMyNumber, 12, false, "",
     "MY NUMBER|MY_NUMBER|MYNUMBER|KOJIN BANGO|INDIVIDUAL NUMBER|マイナンバー|個人番号", jp_my_number_valid},
    {DetectorId::Imei, 15, false, "2-6-6-1", "IMEI", imei_valid},
};

constexpr uint32_t size_max = 18;
constexpr uint32_t sizes = [] {
  uint32_t bits = 0;
  for (const NationalNumber& number : numbers) bits |= 1U << number.size;
  return bits;
}();

// The first groups of a number: their digits, and how they are written ("3.3.3-2").
struct Writing {
  std::array<uint8_t, size_max> digits{};
  uint32_t size = 0;
  std::array<char, group_count_max * 3> shape{};
  size_t shape_size = 0;
  bool uniform = true;  // one gap between all groups

  [[nodiscard]] std::string_view text() const { return {shape.data(), shape_size}; }
  // False where it is too long, or the gap is more than one separator.
  [[nodiscard]] bool add(const Groups& groups, size_t index) {
    const uint32_t group = groups.size(index);
    if (size + group > size_max) return false;
    if (index > 0) {
      const std::string_view gap = groups.gap(index - 1);
      if (gap.size() != 1 || gap[0] == '(' || gap[0] == ')') return false;
      uniform = uniform && gap == groups.gap(0);
      shape[shape_size++] = gap[0];
    }
    if (group >= 10) shape[shape_size++] = static_cast<char>('0' + group / 10);
    shape[shape_size++] = static_cast<char>('0' + group % 10);
    for (uint32_t i = 0; i < group; ++i) digits[size++] = groups.digit(index, i);
    return true;
  }
};

bool is_free(Bytes field, Range value) {
  return !is_alnum_before(field, value.begin) && !is_alnum_at(field, value.end) &&
         !joined_left(field, value.begin, "-./+") && !joined_right(field, value.end, "-./");
}

std::optional<DigitHit> judge_writing(Bytes field, const Writing& writing, bool lone, Range value,
                                      DetectorSet detectors) {
  if (!is_free(field, value)) return std::nullopt;
  constexpr uint32_t word_size_min = 3;
  const bool has_words = writing.uniform && field.size() >= value.size() + word_size_min;
  for (const NationalNumber& number : numbers) {
    if (number.size != writing.size || !detectors.has(number.id)) continue;
    const bool alone = lone ? number.bare : any_part(number.shapes, [&](std::string_view shape) {
      return !shape.empty() && shape == writing.text();
    });
    if (!alone && (number.words.empty() || !has_words)) continue;
    if (!number.valid({writing.digits.data(), writing.size})) continue;
    if (alone || has_context(field, value, number.words)) return DigitHit{value, number.id};
  }
  return std::nullopt;
}

// Seventeen digits and an X: a Chinese number whose check is ten.
std::optional<Range> cn_id_with_x(const Groups& groups) {
  const Range digits = groups.at[0];
  const Bytes field = groups.field;
  if (digits.size() != 17 || digits.end >= field.size() || to_upper(field[digits.end]) != 'X') return {};
  const Range value{digits.begin, digits.end + 1};
  if (!is_free(field, value) || !cn_id_valid(field.subspan(value.begin, value.size()))) return {};
  return value;
}

// DNI: eight digits and a letter; NIE: X, Y or Z, seven digits and a letter. One dash may stand before a
// letter.
std::optional<Range> es_id(const Groups& groups) {
  const Range digits = groups.at[0];
  const Bytes field = groups.field;
  if (digits.size() != 7 && digits.size() != 8) return {};
  Range value = digits;
  uint32_t number = groups.number(0);
  if (digits.size() == 7) {
    if (value.begin > 0 && field[value.begin - 1] == '-') --value.begin;
    if (value.begin == 0) return {};
    const uint8_t head = field[--value.begin];
    if (head < 'X' || head > 'Z') return {};
    number += static_cast<uint32_t>(head - 'X') * 10'000'000;
  }
  if (value.end < field.size() && field[value.end] == '-') ++value.end;
  if (value.end >= field.size() || number == 0) return {};
  if (field[value.end++] != es_letter(number) || !is_free(field, value)) return {};
  return value;
}

// AB 12 34 56 C.
std::optional<Range> uk_nino_spaced(const Groups& groups) {
  const Bytes field = groups.field;
  if (groups.count != 3 || groups.gap(0) != " " || groups.gap(1) != " ") return {};
  for (size_t i = 0; i < 3; ++i) {
    if (groups.size(i) != 2) return {};
  }
  const uint32_t begin = groups.at[0].begin;
  const uint32_t end = groups.at[2].end;
  if (begin < 3 || field[begin - 1] != ' ' || end + 2 > field.size() || field[end] != ' ') return {};
  const Range value{begin - 3, end + 2};
  if (!uk_nino_prefix_valid(field[begin - 3], field[begin - 2]) || field[end + 1] < 'A' ||
      field[end + 1] > 'D' || !is_free(field, value)) {
    return {};
  }
  return value;
}

}  // namespace

std::optional<DigitHit> judge_national(const Groups& groups, DetectorSet detectors) {
  std::optional<DigitHit> best;
  // None stands behind a letter or a joined digit but the NIE, whose head is a letter: most runs end here.
  const uint32_t begin = groups.at[0].begin;
  if (is_alnum_before(groups.field, begin) || joined_left(groups.field, begin, "-./+")) {
    if (groups.size(0) != 7 || !detectors.has(DetectorId::EsId)) return {};
    const auto nie = es_id(groups);
    return nie ? std::optional(DigitHit{*nie, DetectorId::EsId}) : std::nullopt;
  }
  Writing writing;
  for (size_t i = 0; i < groups.count && writing.add(groups, i); ++i) {
    if ((sizes >> writing.size & 1) == 0) continue;
    const Range value{groups.at[0].begin, groups.at[i].end};
    if (const auto hit = judge_writing(groups.field, writing, i == 0, value, detectors)) best = hit;
  }
  const auto offer = [&](std::optional<Range> value, DetectorId id) {
    if (value && (!best || value->size() >= best->range.size())) best = DigitHit{*value, id};
  };
  if (detectors.has(DetectorId::CnId)) offer(cn_id_with_x(groups), DetectorId::CnId);
  if (detectors.has(DetectorId::EsId)) offer(es_id(groups), DetectorId::EsId);
  if (detectors.has(DetectorId::UkNino)) offer(uk_nino_spaced(groups), DetectorId::UkNino);
  return best;
}

}  // namespace sallyport::guard
