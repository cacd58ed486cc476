// `allow = ["on-request"]` and `on_request` of [[target]].
#include <algorithm>

#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

constexpr const char* write_table = "{ groups = [\"developers\"], approvers = [\"dba\"], longest = \"4h\" }";

void load_times(Reader& reader, OnRequest& out) {
  reader.duration("longest", out.longest_ms, limits::access_longest_max_ms);
  if (out.longest_ms < 1000)
    reader.problem("longest", "longest is less than 1s: nobody could log in meanwhile");
  reader.duration("grace", out.grace_ms, limits::access_grace_max_ms);
  if (reader.duration("timeout", out.timeout_ms, limits::approval_timeout_max_ms) && out.timeout_ms == 0)
    reader.problem("timeout", "timeout is 0: nobody could answer in time");
}

}  // namespace

void load_on_request(Loader& loader, Reader& reader, Target& target, bool is_allowed) {
  const Value* const table = reader.table("on_request", write_table);
  if (table == nullptr) {
    if (is_allowed && !reader.has("on_request")) {
      reader.problem("allow", std::string("allow: \"on-request\" needs who may ask and who says yes: write "
                                          "on_request = ") +
                                  write_table);
    }
    return;
  }
  if (!is_allowed)
    reader.problem("on_request",
                   "on_request is for allow = [\"…\", \"on-request\"]: add \"on-request\" to allow");
  OnRequest& out = target.on_request;
  out.place = table->place;
  out.longest_ms = limits::access_longest_ms;
  out.grace_ms = limits::access_grace_ms;
  out.timeout_ms = limits::approval_timeout_default_ms;
  Reader inner(*table, reader.where() + ": on_request", loader.problems);
  inner.require("groups", "groups = [\"…\"], those who may ask");
  inner.require("approvers", "approvers = [\"…\"], the groups that may say yes");
  inner.names("groups", out.groups);
  load_times(inner, out);
  Rule rule;
  rule.timeout_ms = out.timeout_ms;
  rule.approvers_place = table->place;
  load_terms(loader, inner, rule);
  out.approvers = std::move(rule.approvers);
  out.approvers_place = rule.approvers_place;
  out.terms = std::move(rule.terms);
  inner.finish();
}

}  // namespace sallyport::config
