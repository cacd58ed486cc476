// Judges a run of digits and separators: cards, phones, addresses, national numbers. The run says where to
// look; what stands around it inside the field counts too. Pure; any thread.
//
// Card: 13 to 19 digits of a known issuer with a valid Luhn sum, whole or in groups of three and more with
// the same
//   separator (one to three of: space - . /) between all. Digits after a decimal point are no card.
// SSN: 3-2-4 with the same separator, area 001-899 without 666, group and serial not zero (SSA, RM
// 10201.030). Nine
//   bare digits count only where "ssn" or "social sec" stands in the 32 bytes before, or SSN or SOCIAL
//   SECURITY as words near: as a number they are too common; a field rule masks such a column.
// National numbers and IP addresses: national.cc, address.cc.
// Nothing counts inside a UUID or a long hexadecimal string.
// Phone: + and 8 to 15 digits (E.164; 11 for +1 and +7); 00 likewise when grouped; 3-3-4 of the North
// American plan;
//   a leading 0 with 9 to 12 digits in groups. Bare digits are no phone.
#pragma once

#include <vector>

#include "core/guard/detector.h"

namespace sallyport::guard {

struct DigitHit {
  Range range;
  DetectorId detector{};
};

// Appends hits to `hits`. `run` is clipped to the field; `detectors` says which count.
void judge_digit_run(Bytes field, Range run, DetectorSet detectors, std::vector<DigitHit>& hits);

// Can there be any hit in a run of at most 64 bytes? `digits` has a bit for each. Turns away most runs at
// little cost: dates, the commonest, with little behind them; few digits, but for addresses and what has
// letters around; and digits that stand together, are fewer than a card has and fill their field, so that
// no word can say what they are.
[[nodiscard]] bool worth_judging(Bytes field, Range run, uint64_t digits);

// Of a bare card number: issuer's range and length (ISO/IEC 7812; 13 to 19 digits).
[[nodiscard]] bool card_issuer_known(std::span<const uint8_t> digits);

}  // namespace sallyport::guard
