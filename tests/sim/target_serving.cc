// What a logged-in target does with statements.
#include "plugins/postgresql/messages.h"
#include "tests/sim/copy.h"
#include "tests/sim/target.h"

namespace sallyport::sim {

namespace {

constexpr std::string_view refused_word = "SALLYPORT_REFUSED";
// The gateway's own: what a held request's names mean.
constexpr std::string_view state_question = "SELECT pg_catalog.current_setting('search_path')";

std::string plain(uint8_t type) { return message(type, {}); }

std::string text_row(std::initializer_list<std::string_view> values) {
  pg::Writer out;
  out.begin(pg::back::data_row).u16(static_cast<uint16_t>(values.size()));
  for (const std::string_view value : values)
    out.u32(static_cast<uint32_t>(value.size())).bytes(pg::as_bytes(value));
  return std::string(pg::as_text(out.end().view()));
}

}  // namespace

void TargetConnection::handle(uint8_t type, std::string_view body) {
  ++scene_.journal.messages[type];
  if (scene_.mishap(4)) {
    scene_.catalogue_trouble |= target_.setup().masked;
    at_ = At::over;
    return peer_.reset();
  }
  if (scene_.mishap(15)) {
    peer_.stop_reading();
    scene_.network.after(scene_.delay(300), [this] { peer_.start_reading(); });
  }
  if (skipping_ && type != pg::front::sync && type != pg::front::terminate) return;
  const bool copying =
      type == pg::front::copy_data || type == pg::front::copy_done || type == pg::front::copy_fail;
  if (copying || copy_) return copy_message(type, body);
  pg::Cursor cursor(pg::as_bytes(body));
  switch (type) {
    case pg::front::query: return query(cursor.text());
    case pg::front::parse: return parse(body);
    case pg::front::bind: return bind(body);
    case pg::front::describe: return describe(body);
    case pg::front::execute: return execute(body);
    case pg::front::close: return close(body);
    case pg::front::sync: return sync();
    case pg::front::flush: return;
    case pg::front::terminate: return break_off();
    default:
      return scene_.journal.fail(std::string("a target was sent a message of type ") +
                                 static_cast<char>(type));
  }
}

void TargetConnection::enter(const Tag& tag) {
  if (!stretch_tag_) stretch_tag_ = tag;
  client_ = tag.client;
}

void TargetConnection::query(std::string_view text) {
  if (text.starts_with(refused_word)) return fail("42601", "syntax error", true);
  const std::optional<Tag> tag = find_tag(text);
  if (!tag) return catalogue(text);
  scene_.journal.seen(*tag, text, scene_.ring, target_.setup().durable);
  enter(*tag);
  run(*tag, true);
}

// The gateway's question on a leg of its own: where columns come from.
void TargetConnection::catalogue(std::string_view text) {
  if (!text.starts_with("SELECT c.oid, a.attnum")) {
    return scene_.journal.fail("a target was asked what no client said: " + std::string(text.substr(0, 80)));
  }
  if (scene_.mishap(50)) {
    scene_.catalogue_trouble = true;
    return break_off();
  }
  std::string out;
  if (text.find("16384") != std::string_view::npos) {
    out += text_row({"16384", "1", "public", "people", "id", "f", "f"});
    out += text_row({"16384", "2", "public", "people", "email", "f", "f"});
    out += text_row({"16384", "3", "public", "people", "note", "f", "f"});
  }
  if (text.find("16385") != std::string_view::npos) {
    out += text_row({"16385", "1", "public", "plain", "id", "f", "f"});
    out += text_row({"16385", "2", "public", "plain", "note", "f", "f"});
  }
  pg::Writer end;
  end.begin(pg::back::command_complete).text("SELECT 5").end();
  send(out + std::string(pg::as_text(end.view())));
  ready();
}

void TargetConnection::parse(std::string_view body) {
  pg::Cursor cursor(pg::as_bytes(body));
  const std::string name(cursor.text());
  const std::string text(cursor.text());
  if (text.starts_with(refused_word)) return fail("42601", "syntax error", false);
  if (name == look_up_name) {
    statements_[name] = text;
    return look_up(text);
  }
  const std::optional<Tag> tag = find_tag(text);
  if (!tag && text.starts_with(state_question)) {
    statements_[name] = text;
    return status_ == 'E' ? fail("25P02", "current transaction is aborted", false)
                          : send(plain(pg::back::parse_complete));
  }
  if (!tag) return scene_.journal.fail("a target was told to prepare what no client said");
  scene_.journal.seen(*tag, text, scene_.ring, target_.setup().durable);
  enter(*tag);
  statements_[name] = text;
  send(plain(pg::back::parse_complete));
}

void TargetConnection::bind(std::string_view body) {
  pg::Cursor cursor(pg::as_bytes(body));
  const std::string portal(cursor.text());
  const std::string name(cursor.text());
  const auto found = statements_.find(name);
  if (const std::optional<Tag> tag = find_tag(portal)) enter(*tag);
  if (found == statements_.end()) return fail("26000", "prepared statement does not exist", false);
  portals_[portal] = found->second;
  send(plain(pg::back::bind_complete));
}

void TargetConnection::describe(std::string_view body) {
  pg::Cursor cursor(pg::as_bytes(body));
  if (cursor.u8() == 'S') return describe_look_up(cursor.text());
  const auto found = portals_.find(cursor.text());
  if (found == portals_.end()) return fail("34000", "portal does not exist", false);
  const Tag tag = find_tag(found->second).value();
  send(has_rows(tag.kind) ? description_of(tag.kind) : plain(pg::back::no_data));
}

void TargetConnection::execute(std::string_view body) {
  pg::Cursor cursor(pg::as_bytes(body));
  const auto found = portals_.find(cursor.text());
  if (found == portals_.end()) return fail("34000", "portal does not exist", false);
  if (found->second.starts_with(state_question)) return tell_state();
  run(find_tag(found->second).value(), false);
}

void TargetConnection::tell_state() {
  pg::Writer out;
  out.begin(pg::back::command_complete).text("SELECT 1").end();
  send(text_row({"public", "{pg_catalog,public}", "app", "app", "none", "on"}) +
       std::string(pg::as_text(out.view())));
}

void TargetConnection::close(std::string_view body) {
  pg::Cursor cursor(pg::as_bytes(body));
  const char what = static_cast<char>(cursor.u8());
  const std::string name(cursor.text());
  (what == 'S' ? statements_ : portals_).erase(name);
  if (name == look_up_name) return send_aside(plain(pg::back::close_complete));
  send(plain(pg::back::close_complete));
}

void TargetConnection::sync() {
  skipping_ = false;
  ready();
}

void TargetConnection::run(const Tag& tag, bool simple) {
  scene_.journal.ran(tag, scene_.ring, target_.setup().durable);
  if (status_ == 'E' && tag.kind != Kind::rollback && tag.kind != Kind::commit) {
    return fail("25P02", "current transaction is aborted", simple);
  }
  if (takes_copy_data(tag)) return begin_copy_in(tag, simple);
  if (tag.kind != Kind::slow) return finish_run(tag, simple);
  busy_ = true;
  cancelled_ = false;
  const uint64_t number = ++busy_number_;
  slow_ = [this, tag, simple, number](bool cancelled) {
    if (!busy_ || number != busy_number_ || at_ == At::over) return;
    busy_ = false;
    if (cancelled) {
      fail("57014", "canceling statement due to user request", simple);
    } else {
      finish_run(tag, simple);
    }
    take();
  };
  scene_.network.after(scene_.delay(1500), [end = slow_] { end(false); });
}

void TargetConnection::cancel() {
  if (busy_ && slow_) slow_(true);
  if (copy_) fail_copy("57014", "canceling statement due to user request");
}

void TargetConnection::finish_run(const Tag& tag, bool simple) {
  if (scene_.random().chance(80)) {
    // Of a code under which the server quotes no value: others may be masked.
    send(report_message(pg::back::notice, "WARNING", "25P01", "there is no transaction"));
  }
  if (tag.kind == Kind::error)
    return fail("23505", "Key (email)=(" + planted_value(tag, 0) + ") exists", simple);
  if (simple && has_rows(tag.kind)) send(description_of(tag.kind));
  const std::vector<std::string> rows = tag.kind == Kind::copy_out ? copied_out(tag) : rows_of(tag);
  const size_t breaks_at = scene_.mishap(12) ? scene_.random().below(rows.size() + 1) : rows.size() + 1;
  std::string batch;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i == breaks_at) break;
    batch += rows[i];
    if (batch.size() > 64 * 1024) send(std::exchange(batch, {}));
  }
  if (!batch.empty()) send(std::move(batch));
  if (breaks_at <= rows.size()) {
    if (scene_.random().chance(500)) send(error_message("57P01", "terminating connection", "FATAL"));
    return break_off();
  }
  const bool rolls_back = tag.kind == Kind::commit && status_ == 'E';
  send(completion_of(rolls_back ? Tag{.kind = Kind::rollback} : tag));
  change_status(tag.kind);
  if (simple) ready();
}

void TargetConnection::change_status(Kind kind) {
  if (kind == Kind::begin) status_ = 'T';
  if (kind == Kind::commit || kind == Kind::rollback) status_ = 'I';
}

void TargetConnection::fail(std::string_view code, std::string_view text, bool simple) {
  send(error_message(code, text));
  if (status_ == 'T') status_ = 'E';
  if (simple) {
    ready();
  } else {
    skipping_ = true;
  }
}

void TargetConnection::ready() {
  if (status_ == 'I') portals_.clear();
  send(ready_message(status_));
  if (stretch_tag_) scene_.journal.stretches[{stretch_tag_->client, stretch_tag_->segment}].whole = true;
  stretch_tag_.reset();
  stretch_.clear();
}

}  // namespace sallyport::sim
