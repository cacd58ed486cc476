// Whether digits (ASCII, of the right count, without separators) are a number that an authority could have
// given out: check digits, dates and ranges. Pure; any thread. The sources stand in docs/MASKING.md.
#pragma once

#include "core/guard/detector.h"

namespace sallyport::guard {

[[nodiscard]] bool us_itin_valid(Bytes digits);
[[nodiscard]] bool uk_nhs_valid(Bytes digits);
[[nodiscard]] bool de_tax_id_valid(Bytes digits);
[[nodiscard]] bool fr_nir_valid(Bytes digits);
[[nodiscard]] bool nl_bsn_valid(Bytes digits);
[[nodiscard]] bool pl_pesel_valid(Bytes digits);
[[nodiscard]] bool se_personnummer_valid(Bytes digits);
[[nodiscard]] bool no_fodselsnummer_valid(Bytes digits);
[[nodiscard]] bool be_national_number_valid(Bytes digits);
[[nodiscard]] bool ch_ahv_valid(Bytes digits);
[[nodiscard]] bool br_cpf_valid(Bytes digits);
[[nodiscard]] bool br_cnpj_valid(Bytes digits);
[[nodiscard]] bool in_aadhaar_valid(Bytes digits);
[[nodiscard]] bool ca_sin_valid(Bytes digits);
[[nodiscard]] bool au_tfn_valid(Bytes digits);
[[nodiscard]] bool au_medicare_valid(Bytes digits);
[[nodiscard]] bool za_id_valid(Bytes digits);
[[nodiscard]] bool cn_id_valid(Bytes text);  // the last may be X
[[nodiscard]] bool kr_rrn_valid(Bytes digits);
[[nodiscard]] bool jp_my_number_valid(Bytes digits);
[[nodiscard]] bool imei_valid(Bytes digits);

// The control letter of a Spanish DNI or NIE.
[[nodiscard]] uint8_t es_letter(uint32_t number);
// HM Revenue and Customs, NIM39110.
[[nodiscard]] bool uk_nino_prefix_valid(uint8_t first, uint8_t second);

}  // namespace sallyport::guard
