// FunctionCall, and what of a session for replication differs from others on the client's side.
#include <utility>

#include "plugins/postgresql/call.h"
#include "plugins/postgresql/frontend.h"
#include "plugins/postgresql/replication.h"

namespace sallyport::pg {

namespace {

constexpr std::string_view permit_function_call =
    "A login of the target may be permitted them: permit = [\"function-call\"]; not where values are masked.";

}  // namespace

Frontend::Step Frontend::on_function_call(const Message& message) {
  if (!room()) return wait_for_replies();
  if (!wire_.permissions.function_call) {
    return refuse(message.type, message.whole.size(),
                  unsupported("FunctionCall (fast-path, large objects)", permit_function_call));
  }
  const std::optional<Call> call = parse_call(message.body);
  if (!call) return broken("invalid FunctionCall message");
  Refusal refusal;
  switch (rule_portal(call->arguments, 0, refusal)) {
    case Ruling::Held: return Step::Held;
    case Ruling::Refused: return refuse(message.type, message.whole.size(), std::move(refusal));
    case Ruling::Allowed: break;
  }
  Entry entry{.await = Await::Call, .vague = true, .judged = true, .facts = call->function->facts};
  mark_doubt(true);
  ++wire_.meaning;
  end_segment(entry);
  forward(message, std::move(entry));
  wire_.unsynced = false;
  return Step::Done;
}

std::optional<Refusal> Frontend::unsupported_part(const Facts& facts) const {
  const std::string& part = facts.unsupported();
  if (!part.empty()) {
    return unsupported(part, part.contains("standard_conforming_strings")
                                 ? "The gateway follows \"on\" alone: write E'...' where backslashes escape."
                                 : "The gateway reads UTF8 alone: leave the encoding at that.");
  }
  if (facts.large_objects() && !wire_.permissions.function_call)
    return unsupported("a large object function", permit_function_call);
  return std::nullopt;
}

// As the server will take the text.
std::shared_ptr<const Facts> Frontend::facts_of_query(std::string_view text, bool& command) {
  command = false;
  if (wire_.replication == Replication::None) return facts_of(text, wire_.cache_key);
  std::shared_ptr<const Facts> facts = replication_facts(text);
  command = facts != nullptr;
  return command ? facts : facts_of(text, wire_.cache_key);
}

// A walsender refuses these. It gets others in their place that it must refuse in the same way.
bool Frontend::replication_refuses(uint8_t type) const {
  if (wire_.replication == Replication::None) return false;
  return type == front::parse || type == front::bind || type == front::describe || type == front::execute ||
         type == front::close || type == front::function_call;
}

}  // namespace sallyport::pg
