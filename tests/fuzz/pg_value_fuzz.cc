// Any bytes as a value of any type, text and binary, taken apart and put together again: what no mask changed
// comes out as it went in, both walks meet the same atoms, what was changed is nowhere in the result, and a
// result can be taken apart too.
#include "plugins/postgresql/rows/walk.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/postgresql/value_bench.h"

using namespace sallyport;
using namespace sallyport::pg;
using namespace sallyport::pg::test;

namespace {

constexpr std::string_view hidden = "secret";
constexpr uint32_t types[] = {25,
                              16,
                              17,
                              18,
                              20,
                              21,
                              23,
                              26,
                              114,
                              142,
                              700,
                              701,
                              650,
                              774,
                              829,
                              869,
                              1042,
                              1082,
                              1700,
                              2205,
                              2950,
                              3614,
                              3802,
                              4072,
                              22,
                              30,
                              1009,
                              1001,
                              1007,
                              1231,
                              199,
                              3807,
                              2951,
                              1041,
                              2249,
                              2287,
                              3904,
                              3906,
                              3912,
                              3905,
                              4451,
                              6150,
                              hstore_oid,
                              citext_oid,
                              mood_oid,
                              mail_oid,
                              mails_oid,
                              pair_oid,
                              person_oid,
                              family_oid,
                              mood_array_oid,
                              textrange_oid,
                              textmultirange_oid,
                              hstore_array_oid,
                              person_array_oid,
                              textrange_array_oid,
                              99'999};

enum class Mode : uint8_t { None, Edit, Replace, Syntax, Empty, Withhold, Some };

Mask mask_of(Mode mode, std::shared_ptr<fuzz::Source> source) {
  switch (mode) {
    case Mode::None: return {};
    case Mode::Edit: return replace(std::string(hidden), "{,\"\\})");
    case Mode::Replace: return replace(std::string(hidden), "[masked]");
    case Mode::Syntax: return replace(std::string(hidden), "NULL\",\\)}=> (");
    case Mode::Empty: return replace(std::string(hidden), "");
    case Mode::Withhold: return withhold(std::string(hidden));
    case Mode::Some: break;
  }
  // Whatever the host may say, of any atom.
  return [source](const Atom& atom) -> Masked {
    switch (source->u8() % 4) {
      case 0: return {SP_MASK_REPLACED, std::string(atom.text.size(), '0')};
      case 1: return {SP_MASK_REPLACED, source->text(source->u8() % 8)};
      case 2: return {SP_MASK_WITHHELD};
      default: return {};
    }
  };
}

bool holds(const std::vector<Atom>& atoms) {
  return std::ranges::any_of(atoms,
                             [](const Atom& atom) { return atom.text.find(hidden) != std::string::npos; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static ValueBench& values = *new ValueBench;
  fuzz::Source source(data, size);
  const uint32_t oid = types[source.u8() % std::size(types)];
  const uint8_t bits = source.u8();
  const bool binary = (bits & 1) != 0;
  const auto mode = static_cast<Mode>(bits / 2 % 7);
  const std::string choices = source.text(mode == Mode::Some ? source.u8() % 16 : 0);
  const auto chosen =
      std::make_shared<fuzz::Source>(reinterpret_cast<const uint8_t*>(choices.data()), choices.size());
  const std::string value = source.rest();

  const Passed plain = values.pass(oid, binary, value);
  FUZZ_REQUIRE(plain.met_all);
  if (plain.collected == Walked::Malformed) return 0;
  FUZZ_REQUIRE(plain.bytes == value);

  const Passed masked = values.pass(oid, binary, value, mask_of(mode, chosen));
  FUZZ_REQUIRE(masked.met_all && masked.atoms == plain.atoms);
  if (masked.built != Walked::Good) return 0;
  if (!holds(plain.atoms) && mode != Mode::Some) FUZZ_REQUIRE(masked.bytes == value);
  const Passed again = values.pass(oid, binary, masked.bytes);
  FUZZ_REQUIRE(again.collected != Walked::Malformed && again.met_all && again.bytes == masked.bytes);
  // What stood around an emptied word may be that word.
  if (mode == Mode::None || mode == Mode::Some || mode == Mode::Empty) return 0;
  FUZZ_REQUIRE(!holds(again.atoms));
  return 0;
}
