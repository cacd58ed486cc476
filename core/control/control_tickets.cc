// Tickets: making them, taking them back, and telling the cores.
#include <openssl/rand.h>

#include <algorithm>

#include "config/check.h"
#include "config/clock.h"
#include "config/quantity.h"
#include "core/control/answers.h"
#include "core/control/control.h"
#include "core/control/ticket_text.h"
#include "core/identity/delegation.h"

namespace sallyport {

namespace {

using nlohmann::json;

// The canary counts its barriers from 1.
constexpr uint64_t own_barriers = uint64_t{1} << 63;

}  // namespace

void Control::after_cores(std::function<void()> then) {
  const uint64_t number = own_barriers | ++barrier_;
  after_cores_[number] = {.core_count = outboxes_.size(), .then = std::move(then)};
  for (uint16_t core = 0; core < outboxes_.size(); ++core) send(core, Barrier{.number = number});
}

void Control::on_barrier(uint64_t number) {
  if ((number & own_barriers) == 0) return canary_->on_barrier(number);
  const auto found = after_cores_.find(number);
  if (found == after_cores_.end() || --found->second.core_count > 0) return;
  const std::function<void()> then = std::move(found->second.then);
  after_cores_.erase(found);
  then();
}

// `request`: "targets", names (none: whatever the identity may open); "life_s".
void Control::grant(identity::IdentityPointer identity, const std::string& from, const json& request,
                    const Reply& reply) {
  const config::Config& config = snapshot_->policy->config();
  auto ticket = std::make_shared<identity::Ticket>();
  const auto wanted = request.find("targets");
  for (const json& one : wanted != request.end() && wanted->is_array() ? *wanted : json::array()) {
    const std::string name = one.is_string() ? one.get<std::string>() : "";
    const TargetState* target = snapshot_->target(name);
    if (!target || !(snapshot_->policy->may_open(*target->target, identity->groups) ||
                     snapshot_->policy->may_request(*target->target, identity->groups)))
      return reply(refuse("target:" + name + " is none that " + identity->name + " may open"));
    ticket->targets.push_back(name);
  }
  if (ticket->targets.size() > limits::ticket_target_count_max)
    return reply(refuse("a ticket opens at most " + std::to_string(limits::ticket_target_count_max) +
                        " named targets: name fewer, or none for all"));
  if (const std::string person = text_of(request, "on_behalf_of"); !person.empty()) {
    if (!identity::may_speak_for(config, identity->name, identity->groups, person))
      return reply(refuse(identity->name + " may not speak for " + config::in_quotes(person) +
                              ": leave on_behalf_of out to ask for yourself, or ask your operator, whose "
                              "[[delegation]] says who may speak for whom",
                          403));
    auto speaker = std::make_shared<identity::Identity>(*identity);
    identity::speak_for(config, person, *speaker);
    identity = std::move(speaker);
  }
  const int64_t now_ns = wall_ns();
  if (const Result<void> room = tickets_.has_room(identity->name, now_ns); !room)
    return reply(refuse(room.error().text, 429));
  if (closed_.identities.contains(identity->name)) return reply(refuse("the token was refused", 403));
  int64_t life_s = config.admin.ticket_life_ms / 1000;
  if (const auto life = request.find("life_s"); life != request.end() && life->is_number_integer())
    life_s = std::clamp<int64_t>(life->get<int64_t>(), 1, life_s);
  ticket->created_ns = now_ns;
  ticket->expires_ns = std::min(now_ns + life_s * 1'000'000'000, identity->expires_ns);
  ticket->identity = std::move(identity);
  ticket->from = from;
  const bool taken = workers_->submit([this, ticket, reply]() -> Workers::Done {
    auto text = std::make_shared<std::string>(identity::make_ticket_text(
        [](std::span<uint8_t> out) { CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1); }));
    ticket->id = text->substr(0, identity::ticket_id_size);
    const Result<void> sealed = identity::seal_ticket(*text, *ticket);
    return [this, ticket, text, good = sealed.has_value(), reply] {
      if (good) return keep_ticket(ticket, *text, reply);
      reply(refuse("no ticket could be made; see the gateway's own output", 500));
    };
  });
  if (!taken) reply(refuse("the gateway is too busy; try again", 503));
}

void Control::keep_ticket(std::shared_ptr<identity::Ticket> ticket, const std::string& text,
                          const Reply& reply) {
  if (const Result<void> kept = store_->add_ticket(*ticket); !kept) {
    options_.say("tickets: " + kept.error().text);
    return reply(refuse("no ticket could be kept; see the gateway's own output", 500));
  }
  tickets_.add(ticket);
  record_admin(ticket->identity->name, "ticket", ticket->id + " from " + ticket->from);
  for (uint16_t core = 0; core < outboxes_.size(); ++core)
    send(core, TicketsChanged{.added = {ticket}, .removed = {}, .reason = ""});
  json answer = describe_ticket(*ticket);
  answer["ok"] = true;
  answer["text"] = text;
  // It is good wherever its bearer goes with it.
  after_cores([reply, answer = std::move(answer)] { reply(answer); });
}

// The cores are told even where the store fails: it is of no more use now, but may be after a restart.
Result<void> Control::take_back(const std::vector<std::string>& ids, const std::string& who,
                                const std::string& reason) {
  if (ids.empty()) return {};
  tickets_.remove(ids);
  for (uint16_t core = 0; core < outboxes_.size(); ++core)
    send(core, TicketsChanged{.added = {}, .removed = ids, .reason = reason});
  for (const std::string& id : ids) record_admin(who, "ticket-revoked", id + ": " + reason);
  return store_->remove_tickets(ids);
}

json Control::list_tickets(const Caller& caller) const {
  const bool sees_all = may(caller, config::Role::auditor);
  json all = json::array();
  for (const identity::TicketPointer& ticket : tickets_.all()) {
    if (sees_all || ticket->identity->name == caller.name) all.push_back(describe_ticket(*ticket));
  }
  return {{"ok", true}, {"tickets", all}};
}

json Control::revoke_tickets(const Caller& caller, const json& request) {
  const std::string id = text_of(request, "id");
  const identity::TicketPointer ticket = tickets_.find(id);
  const bool is_own = ticket && ticket->identity->name == caller.name;
  if (!ticket || !(is_own || may(caller, config::Role::admin)))
    return refuse("no ticket of that id is yours to take back; `sallyport tickets` lists them", 404);
  if (const Result<void> done =
          take_back({id}, caller.name_on_record(), "ticket revoked by " + caller.name_on_record());
      !done)
    return refuse("the ticket is of no use any more, but the store failed and it may be after a restart: " +
                      done.error().text,
                  500);
  return {{"ok", true}};
}

void Control::forget_tickets() {
  const std::vector<std::string> ids = tickets_.forgotten(wall_ns());
  if (ids.empty()) return;
  tickets_.remove(ids);
  for (uint16_t core = 0; core < outboxes_.size(); ++core)
    send(core, TicketsChanged{.added = {}, .removed = ids, .reason = ""});
  if (const Result<void> done = store_->remove_tickets(ids); !done)
    options_.say("tickets: " + done.error().text);
}

}  // namespace sallyport
