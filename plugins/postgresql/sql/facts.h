// Gathers a Statement's facts without repeats. Lists are as long as the text is, so membership is a hash
// look-up.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "plugins/postgresql/sql/statement.h"

namespace sallyport::postgresql::sql {

class Facts {
 public:
  // `out` starts with effect read and outlives this.
  explicit Facts(Statement& out) : out_(out) { out_.effect = Effect::read; }

  [[nodiscard]] Statement& statement() { return out_; }

  void verb(std::string_view verb);
  void effect(Effect effect);  // raises Statement::effect too
  void escape(std::string reason);
  void unknown(std::string name);
  void column(std::string_view name);
  void source(std::string_view name);  // a name that FROM gives to rows; as a column it is the whole row
  void setting(Setting setting);
  void object(Object object);  // named only
  void read(Object object);
  void written(Object object);
  void called(Object object);

  // Once, when everything is gathered.
  void finish();

  // Takes over all that an inner statement does.
  void merge(const Statement& inner);
  // Of EXPLAIN without ANALYZE: names what is named; planning may run functions, nothing else happens.
  void merge_planned(const Statement& inner);

 private:
  bool fresh(char list, std::string_view text);
  bool fresh(char list, const Object& object);

  Statement& out_;
  std::unordered_set<std::string> seen_;
  std::unordered_set<std::string> sources_;
};

}  // namespace sallyport::postgresql::sql
