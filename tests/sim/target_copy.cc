// COPY at a target: lines go out, data come in and are held against what the client has to say; it fails at
// any point. And the gateway's question what a COPY shows.
#include "plugins/postgresql/messages.h"
#include "tests/sim/copy.h"
#include "tests/sim/target.h"

namespace sallyport::sim {

void TargetConnection::send_aside(const std::string& bytes) {
  sent_ += bytes.size();
  peer_.send(bytes);
}

void TargetConnection::look_up(std::string_view text) {
  if (status_ == 'E') return fail("25P02", "current transaction is aborted", false);
  if (!text.starts_with("SELECT ") || find_tag(text))
    scene_.journal.fail("a target was asked something else than what a COPY shows: " + std::string(text));
  send_aside(message(pg::back::parse_complete, {}));
}

void TargetConnection::describe_look_up(std::string_view name) {
  if (name != look_up_name || !statements_.contains(name)) {
    return fail("26000", "prepared statement does not exist", false);
  }
  send_aside(message(pg::back::parameter_description, std::string(2, '\0')) + description_of(Kind::copy_out));
}

std::vector<std::string> TargetConnection::copied_out(const Tag& tag) {
  std::vector<std::string> out = {copy_begin_message(tag)};
  for (const std::string& line : copy_lines(tag)) out.push_back(message(pg::back::copy_data, line));
  out.push_back(message(pg::back::copy_done, {}));
  return out;
}

void TargetConnection::begin_copy_in(const Tag& tag, bool simple) {
  copy_ = tag;
  copy_simple_ = simple;
  copied_.clear();
  copy_fails_after_.reset();
  if (scene_.random().chance(200)) copy_fails_after_ = scene_.random().below(6);
  send(copy_begin_message(tag));
  if (copy_fails_after_ == 0) fail_copy("57014", "canceling statement due to statement timeout");
}

void TargetConnection::fail_copy(std::string_view code, std::string_view text) {
  ++scene_.journal.copies_failed;
  copy_.reset();
  fail(code, text, copy_simple_);
}

void TargetConnection::copy_message(uint8_t type, std::string_view body) {
  if (type == pg::front::terminate) return break_off();
  if (type == pg::front::flush) return;  // the gateway's, to have the replies before
  if (client_) scene_.journal.copied(*client_, ++copy_message_count_, scene_.ring, target_.setup().durable);
  if (!copy_) return;  // it has failed, and what was on its way is ignored
  const Tag tag = *copy_;
  switch (type) {
    case pg::front::copy_data: copied_ += body; break;
    case pg::front::copy_done:
    case pg::front::copy_fail: break;
    default:
      return scene_.journal.fail(std::string("a target was sent a message of type ") +
                                 static_cast<char>(type) + " within a COPY");
  }
  const std::string whole = copy_data(tag);
  const bool over = type == pg::front::copy_done;
  if (over ? copied_ != whole : !whole.starts_with(copied_))
    scene_.journal.fail("a target was sent other data than the client's, " + tag.text());
  if (type == pg::front::copy_fail)
    return fail_copy("57014",
                     "COPY from stdin failed: " + std::string(pg::Cursor(pg::as_bytes(body)).text()));
  if (copy_fails_after_ && (over || --*copy_fails_after_ == 0))
    return fail_copy("22P02", "invalid input syntax: \"" + planted_value(tag, 2000) + "\"");
  if (!over) return;
  ++scene_.journal.copied_in;
  copy_.reset();
  send(completion_of(tag));
  if (copy_simple_) ready();
}

}  // namespace sallyport::sim
