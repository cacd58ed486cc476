#include "core/identity/delegation.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/pattern.h"
#include "config/quantity.h"
#include "core/identity/plain.h"

namespace sallyport::identity {
namespace {

bool fits(const std::vector<std::string>& patterns, std::string_view name) {
  return std::ranges::any_of(
      patterns, [name](const std::string& pattern) { return config::glob_match(pattern, name); });
}

bool share(std::span<const std::string> some, std::span<const std::string> others) {
  return std::ranges::any_of(
      some, [others](const std::string& one) { return std::ranges::find(others, one) != others.end(); });
}

bool is_utf8(std::string_view text) {
  using nlohmann::json;
  const json kept = json::parse(json(std::string(text)).dump(-1, ' ', false, json::error_handler_t::replace),
                                nullptr, false);
  return kept.is_string() && kept.get_ref<const std::string&>() == text;
}

const config::User* user_called(const config::Config& config, std::string_view name) {
  const auto user = std::ranges::find(config.users, name, &config::User::name);
  return user == config.users.end() ? nullptr : &*user;
}

}  // namespace

bool may_speak_for(const config::Config& config, std::string_view speaker,
                   std::span<const std::string> groups, std::string_view person) {
  if (person.empty() || person.size() > limits::person_name_size_max || !is_utf8(person) ||
      !is_plain_text(person))
    return false;
  const config::User* user = user_called(config, person);
  return std::ranges::any_of(config.delegations, [&](const config::Delegation& one) {
    const bool is_speaker = share(one.groups, groups) || fits(one.identities, speaker);
    return is_speaker &&
           (fits(one.persons, person) || (user != nullptr && share(one.groups_of_persons, user->groups)));
  });
}

// Whatever spelling was chosen: a person too many takes an approval away, and never gives one.
void speak_for(const config::Config& config, const std::string& person, Identity& speaker) {
  speaker.on_behalf_of = person;
  std::vector<std::string> also = {person_called(person)};
  if (const config::User* user = user_called(config, person)) {
    for (std::string& one : user->persons()) also.push_back(std::move(one));
  }
  if (const size_t at = person.find('@'); at != person.npos)
    also.push_back("mailto:" + config::lower_case(person.substr(person.substr(0, at).rfind(':') + 1)));
  for (std::string& one : also) {
    if (std::ranges::find(speaker.persons, one) == speaker.persons.end())
      speaker.persons.push_back(std::move(one));
  }
}

std::string person_called(std::string_view name) { return "name:" + config::lower_case(std::string(name)); }

}  // namespace sallyport::identity
