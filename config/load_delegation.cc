// [[delegation]].
#include <algorithm>

#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {

void load_delegation(Loader& loader, const Value& table) {
  Reader reader(table, "delegation", loader.problems);
  Delegation one;
  one.place = table.place;
  reader.names("groups", one.groups);
  reader.texts("identities", one.identities);
  reader.texts("for", one.persons);
  reader.names("for_groups", one.groups_of_persons);
  if (!reader.has("groups") && !reader.has("identities"))
    reader.problem_at(one.place,
                      "nobody may speak by it: write groups = [\"…\"], or identities = [\"corp:agent-*\"]");
  if (!reader.has("for") && !reader.has("for_groups"))
    reader.problem_at(one.place,
                      "nobody is spoken for: write for = [\"corp:*@example.com\"], or for_groups = [\"…\"], "
                      "groups of [[user]]s");
  reader.finish();
  if (loader.config.delegations.size() == limits::delegation_count_max)
    reader.problem_at(one.place, "there are more than " + std::to_string(limits::delegation_count_max) +
                                     " of [[delegation]]");
  loader.config.delegations.push_back(std::move(one));
}

}  // namespace sallyport::config
