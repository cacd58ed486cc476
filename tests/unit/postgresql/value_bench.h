// One value through Collector and Builder, with a host that is a function of an atom's kind and text.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/postgresql/rows/walk.h"
#include "tests/unit/postgresql/value_vectors.h"

namespace sallyport::pg::test {

inline constexpr uint32_t first_user_oid = 16'384;
// Users' types, with the OIDs that the server's bytes of value_vectors.h have.
inline constexpr uint32_t hstore_oid = 16'408, hstore_array_oid = 16'413, citext_oid = 16'536,
                          citext_array_oid = 16'541, mood_oid = 16'641, mood_array_oid = 16'640,
                          mail_oid = 16'646, mail_array_oid = 16'645, mails_oid = 16'648, pair_oid = 16'650,
                          person_oid = 16'654, person_array_oid = 16'653, family_oid = 16'657,
                          textrange_oid = 16'661, textrange_array_oid = 16'658, textmultirange_oid = 16'659;

inline void add_user_types(Types& types) {
  types.add(hstore_oid, {.form = Form::Hstore});
  types.add(hstore_array_oid, {.form = Form::Array, .element = hstore_oid});
  types.add(citext_oid, {.form = Form::Text});
  types.add(citext_array_oid, {.form = Form::Array, .element = citext_oid});
  types.add(mood_oid, {.form = Form::Enum});
  types.add(mood_array_oid, {.form = Form::Array, .element = mood_oid});
  types.add(mail_oid, {.form = Form::Domain, .element = 25});
  types.add(mail_array_oid, {.form = Form::Array, .element = mail_oid});
  types.add(mails_oid, {.form = Form::Domain, .element = 1009});
  types.add(pair_oid, {.form = Form::Domain, .element = 23});
  const uint32_t person[] = {25, mail_oid, 1082, 1009, 3802, 17, 20};
  types.add(person_oid, {.form = Form::Record}, person);
  types.add(person_array_oid, {.form = Form::Array, .element = person_oid});
  const uint32_t family[] = {person_oid, person_array_oid, hstore_oid};
  types.add(family_oid, {.form = Form::Record}, family);
  types.add(textrange_oid, {.form = Form::Range, .element = 25});
  types.add(textrange_array_oid, {.form = Form::Array, .element = textrange_oid});
  types.add(textmultirange_oid, {.form = Form::Multirange, .element = textrange_oid});
}

struct Atom {
  sp_kind kind;
  std::string text;
  bool operator==(const Atom&) const = default;
};
inline void PrintTo(const Atom& atom, std::ostream* out) { *out << atom.kind << " '" << atom.text << "'"; }

// What a mask makes of an atom: nothing (it stays), a text, or withholds it.
struct Masked {
  sp_mask_outcome outcome = SP_MASK_UNCHANGED;
  std::string text = {};
};
using Mask = std::function<Masked(const Atom&)>;

// `what` is replaced wherever it stands; empty `what`: all of the atom.
inline Mask replace(std::string what, std::string with) {
  return [what, with](const Atom& atom) -> Masked {
    if (what.empty()) return {SP_MASK_REPLACED, with};
    std::string text = atom.text;
    bool found = false;
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
      text.replace(at, what.size(), with);
      found = true;
    }
    if (!found) return {};
    return {SP_MASK_REPLACED, std::move(text)};
  };
}
inline Mask withhold(std::string what) {
  return [what](const Atom& atom) -> Masked {
    return {atom.text.find(what) != std::string::npos ? SP_MASK_WITHHELD : SP_MASK_UNCHANGED};
  };
}

struct Passed {
  Walked collected = Walked::Good;
  Walked built = Walked::Good;
  bool met_all = true;
  std::vector<Atom> atoms;
  std::string bytes;  // what was built

  // "withheld" and "null" stand for what has no bytes.
  [[nodiscard]] std::string said() const {
    if (collected == Walked::Malformed) return "withheld";
    return built == Walked::Good ? bytes : "null";
  }
};

class ValueBench {
 public:
  ValueBench() {
    add_user_types(types);
    for (uint32_t i = 0; i < kind_count; ++i) fields_[i] = i + 1;
  }

  Passed pass(uint32_t oid, bool binary, std::string_view value, const Mask& mask = {}) {
    // A block of exactly its size, so that sanitizers see a read beyond it.
    const auto block = std::make_unique<uint8_t[]>(value.size());
    std::ranges::copy(value, block.get());
    const Bytes data(block.get(), value.size());
    Passed out;
    Atoms atoms;
    atoms.data = data;
    Collector collector(atoms, fields_);
    Walk<Collector> collect(types, collector);
    out.collected = collect.value(types.find(oid), binary, data);
    if (out.collected == Walked::Malformed) return out;
    std::vector<std::unique_ptr<std::string>> kept;
    atoms.outcomes.assign(atoms.spans.size(), {SP_MASK_UNCHANGED, {nullptr, 0}});
    for (size_t i = 0; i < atoms.spans.size(); ++i) {
      const sp_span& span = atoms.spans[i];
      uint8_t* at = span.bytes != nullptr ? span.bytes : block.get() + span.offset;
      out.atoms.push_back({static_cast<sp_kind>(span.field - 1), std::string(as_text({at, span.size}))});
      const Masked masked = mask ? mask(out.atoms.back()) : Masked{};
      sp_masked& outcome = atoms.outcomes[i];
      outcome.outcome = masked.outcome;
      if (masked.outcome != SP_MASK_REPLACED) continue;
      if (masked.text.size() == span.size) {
        outcome.outcome = SP_MASK_EDITED;
        std::ranges::copy(masked.text, at);
        continue;
      }
      kept.push_back(std::make_unique<std::string>(masked.text));
      outcome.replacement = {as_bytes(*kept.back()).data(), kept.back()->size()};
    }
    Builder builder(atoms, fields_, 0, atoms.spans.size(), out.bytes);
    Walk<Builder> build(types, builder);
    out.built = build.value(types.find(oid), binary, data);
    out.met_all = builder.met_all();
    return out;
  }

  Types types;

 private:
  FieldSet fields_{};
};

inline std::string unhex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  }
  return out;
}

inline std::string wire_of(const Vector& vector, bool binary) {
  return binary ? unhex(vector.binary) : std::string(vector.text);
}

}  // namespace sallyport::pg::test
