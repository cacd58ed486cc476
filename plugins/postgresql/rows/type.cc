#include "plugins/postgresql/rows/type.h"

#include <algorithm>
#include <array>

namespace sallyport::pg {

namespace {

struct BuiltIn {
  uint32_t oid;
  Form form;
  uint32_t element = 0;
};

// pg_type.dat and pg_range.dat, ascending.
constexpr BuiltIn built_in[] = {
    {16, Form::Plain},
    {17, Form::Bytea},
    {18, Form::Letter},
    {19, Form::Text},
    {20, Form::Int8},
    {21, Form::Int2},
    {22, Form::Vector, 21},
    {23, Form::Int4},
    {24, Form::Registered},
    {25, Form::Text},
    {26, Form::Oid},
    {27, Form::Plain},
    {28, Form::Oid},
    {29, Form::Oid},
    {30, Form::Vector, 26},
    {71, Form::Record},
    {75, Form::Record},
    {81, Form::Record},
    {83, Form::Record},
    {114, Form::Json},
    {142, Form::Xml},
    {143, Form::Array, 142},
    {199, Form::Array, 114},
    {210, Form::Array, 71},
    {270, Form::Array, 75},
    {271, Form::Array, 5069},
    {272, Form::Array, 81},
    {273, Form::Array, 83},
    {600, Form::Plain},
    {601, Form::Plain},
    {602, Form::Plain},
    {603, Form::Plain},
    {604, Form::Plain},
    {628, Form::Plain},
    {629, Form::Array, 628},
    {650, Form::Address},
    {651, Form::Array, 650},
    {700, Form::Float},
    {701, Form::Float},
    {705, Form::Text},
    {718, Form::Plain},
    {719, Form::Array, 718},
    {774, Form::Hardware},
    {775, Form::Array, 774},
    {790, Form::Plain},
    {791, Form::Array, 790},
    {829, Form::Hardware},
    {869, Form::Address},
    {1000, Form::Array, 16},
    {1001, Form::Array, 17},
    {1002, Form::Array, 18},
    {1003, Form::Array, 19},
    {1005, Form::Array, 21},
    {1006, Form::Array, 22},
    {1007, Form::Array, 23},
    {1008, Form::Array, 24},
    {1009, Form::Array, 25},
    {1010, Form::Array, 27},
    {1011, Form::Array, 28},
    {1012, Form::Array, 29},
    {1013, Form::Array, 30},
    {1014, Form::Array, 1042},
    {1015, Form::Array, 1043},
    {1016, Form::Array, 20},
    {1017, Form::Array, 600},
    {1018, Form::Array, 601},
    {1019, Form::Array, 602},
    {1020, Form::Plain},
    {1021, Form::Array, 700},
    {1022, Form::Array, 701},
    {1027, Form::Array, 604},
    {1028, Form::Array, 26},
    {1034, Form::Array, 1033},
    {1040, Form::Array, 829},
    {1041, Form::Array, 869},
    {1042, Form::Text},
    {1043, Form::Text},
    {1082, Form::Plain},
    {1083, Form::Plain},
    {1114, Form::Plain},
    {1115, Form::Array, 1114},
    {1182, Form::Array, 1082},
    {1183, Form::Array, 1083},
    {1184, Form::Plain},
    {1185, Form::Array, 1184},
    {1186, Form::Plain},
    {1187, Form::Array, 1186},
    {1231, Form::Array, 1700},
    {1263, Form::Array, 2275},
    {1266, Form::Plain},
    {1270, Form::Array, 1266},
    {1560, Form::Plain},
    {1561, Form::Array, 1560},
    {1562, Form::Plain},
    {1563, Form::Array, 1562},
    {1700, Form::Numeric},
    {1790, Form::Text},
    {2201, Form::Array, 1790},
    {2202, Form::Registered},
    {2203, Form::Registered},
    {2204, Form::Registered},
    {2205, Form::Registered},
    {2206, Form::Registered},
    {2207, Form::Array, 2202},
    {2208, Form::Array, 2203},
    {2209, Form::Array, 2204},
    {2210, Form::Array, 2205},
    {2211, Form::Array, 2206},
    {2249, Form::Record},
    {2275, Form::Text},
    {2277, Form::Array, 25},
    {2278, Form::Text},
    {2287, Form::Array, 2249},
    {2949, Form::Array, 2970},
    {2950, Form::Uuid},
    {2951, Form::Array, 2950},
    {2970, Form::Plain},
    {3220, Form::Plain},
    {3221, Form::Array, 3220},
    {3614, Form::Search},
    {3615, Form::Search},
    {3642, Form::Search},
    {3643, Form::Array, 3614},
    {3644, Form::Array, 3642},
    {3645, Form::Array, 3615},
    {3734, Form::Registered},
    {3735, Form::Array, 3734},
    {3769, Form::Registered},
    {3770, Form::Array, 3769},
    {3802, Form::Jsonb},
    {3807, Form::Array, 3802},
    {3904, Form::Range, 23},
    {3905, Form::Array, 3904},
    {3906, Form::Range, 1700},
    {3907, Form::Array, 3906},
    {3908, Form::Range, 1114},
    {3909, Form::Array, 3908},
    {3910, Form::Range, 1184},
    {3911, Form::Array, 3910},
    {3912, Form::Range, 1082},
    {3913, Form::Array, 3912},
    {3926, Form::Range, 20},
    {3927, Form::Array, 3926},
    {4072, Form::Versioned},
    {4073, Form::Array, 4072},
    {4089, Form::Registered},
    {4090, Form::Array, 4089},
    {4096, Form::Registered},
    {4097, Form::Array, 4096},
    {4191, Form::Registered},
    {4192, Form::Array, 4191},
    {4451, Form::Multirange, 3904},
    {4532, Form::Multirange, 3906},
    {4533, Form::Multirange, 3908},
    {4534, Form::Multirange, 3910},
    {4535, Form::Multirange, 3912},
    {4536, Form::Multirange, 3926},
    {5017, Form::Bytea},
    {5038, Form::Plain},
    {5039, Form::Array, 5038},
    {5069, Form::Int8},
    {6150, Form::Array, 4451},
    {6151, Form::Array, 4532},
    {6152, Form::Array, 4533},
    {6153, Form::Array, 4534},
    {6155, Form::Array, 4535},
    {6157, Form::Array, 4536},
};
static_assert(std::ranges::is_sorted(built_in, {}, &BuiltIn::oid));

// From here on OIDs are given out when a cluster is made (information_schema), then to users' types.
constexpr uint32_t first_given_oid = 10'000;
// Of users; more are not known.
constexpr size_t type_count_max = 16'384;

const Type* find_built_in(uint32_t oid) {
  static const auto types = [] {
    std::array<Type, std::size(built_in)> made;
    for (size_t i = 0; i < made.size(); ++i) made[i] = {built_in[i].form, built_in[i].element, {}};
    return made;
  }();
  const auto found = std::ranges::lower_bound(built_in, oid, {}, &BuiltIn::oid);
  if (found == std::end(built_in) || found->oid != oid) return nullptr;
  return &types[static_cast<size_t>(found - built_in)];
}

constexpr Type obscure;

}  // namespace

const Type* Types::own(uint32_t oid) const {
  if (oid < first_given_oid) return find_built_in(oid);
  const auto found = user_.find(oid);
  return found != user_.end() ? found->second : nullptr;
}

const Type& Types::find(uint32_t oid) const {
  const Type* type = own(oid);
  for (int depth = 0; type != nullptr && type->form == Form::Domain; ++depth) {
    type = depth < type_depth_max ? own(type->element) : nullptr;
  }
  return type != nullptr ? *type : obscure;
}

bool Types::unknown(uint32_t oid) const { return oid >= first_given_oid && !user_.contains(oid); }

void Types::add(uint32_t oid, Type type, std::span<const uint32_t> columns) {
  if (kept_.size() >= type_count_max) {
    user_.emplace(oid, &obscure);
    return;
  }
  if (!columns.empty()) type.columns = columns_.emplace_back(columns.begin(), columns.end());
  kept_.push_back(type);
  user_[oid] = &kept_.back();
}

}  // namespace sallyport::pg
