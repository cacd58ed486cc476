#include "plugins/http/facts.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "plugins/http/body/body_mask.h"
#include "plugins/http/body/form_body.h"
#include "plugins/http/body/text_body.h"
#include "plugins/http/bounds.h"
#include "plugins/http/host.h"
#include "plugins/http/json_facts.h"
#include "plugins/http/rpc_facts.h"
#include "plugins/http/wire/parser.h"

namespace sallyport::http {

namespace {

// A request runs wherever its target is: nothing that came before it changes that.
constexpr std::string_view where("http\0", 5);

constexpr Fault no_request{400, "no-request", "write METHOD PATH, then fields, an empty line, the body"};
constexpr Fault json_too_large{413, "body-too-large",
                               "a JSON body of more than 512 KiB cannot be judged: send it in parts"};

constexpr Fault too_many_pairs{413, "body-too-complex", "the form has more pairs than can be judged"};
constexpr Fault unreadable_body{
    415, "body-unreadable",
    "a body that is coded, or in another charset than UTF-8, cannot be judged: send it plain"};

// RFC 9110, 9.2.1: what a method is meant to do.
std::string_view effect_of(std::string_view method) {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return "read";
  if (method == "DELETE") return "destroy";
  if (method == "POST" || method == "PUT" || method == "PATCH") return "write";
  return "unknown";
}

bool is_shown(std::string_view name) {
  static constexpr std::array<std::string_view, 4> hidden = {"authorization", "cookie", "proxy-authorization",
                                                             "host"};
  return std::ranges::find(hidden, name) == hidden.end();
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(tolower(c)); });
  return out;
}

std::string digest_of(std::string_view body) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), out.data());
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

std::string shown_body(std::string_view body, bool is_whole) {
  if (!is_whole) return "[a body of more than 512 KiB]";
  if (!is_text(body)) return "[" + std::to_string(body.size()) + " bytes that are no text]";
  if (body.size() <= shown_body_size_max) return std::string(body);
  return std::string(body.substr(0, shown_body_size_max)) + "\n[and " +
         std::to_string(body.size() - shown_body_size_max) + " bytes more]";
}

}  // namespace

void Facts::add(std::string_view name, std::string value) { fields_.emplace_back(name, std::move(value)); }

// Each pair decoded, "name=value".
void Facts::add_pairs(std::string_view fact, std::string_view rest) {
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    if (end > 0) add(fact, form_decoded(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

// What says to be JSON is, or is refused. What does not say so is read as JSON where it is some: servers are
// known to take it without a type.
std::expected<void, Fault> Facts::add_body(std::string_view type, std::string_view body, bool is_whole) {
  const Media media = media_of(type);
  const bool says_json = lower(type).contains("json");
  if (says_json && media != Media::json && media != Media::json_lines)
    return std::unexpected(unreadable_body);
  if (media == Media::form && is_whole) {
    if (std::ranges::count(body, '&') >= static_cast<ptrdiff_t>(json_fact_count_max))
      return std::unexpected(too_many_pairs);
    add_pairs("form", body);
  }
  if (says_json && !is_whole) return std::unexpected(json_too_large);
  const size_t first = body.find_first_not_of(" \t\r\n");
  const bool looks_like_json = first != body.npos && (body[first] == '{' || body[first] == '[');
  if (body.empty() || (media != Media::json && !looks_like_json)) return {};
  auto facts = json_facts(body);
  if (!facts) {
    const bool is_none = media != Media::json && facts.error().code == no_json_code;
    return is_none ? std::expected<void, Fault>() : std::unexpected(facts.error());
  }
  for (std::string& one : *facts) add("json", std::move(one));
  auto rpc = rpc_facts(body);
  if (!rpc) return std::unexpected(rpc.error());
  rpc_id_ = std::move(rpc->id);
  for (auto& [name, value] : rpc->fields) add(name, std::move(value));
  return {};
}

std::expected<Facts, Fault> Facts::of(const RequestHead& head, std::string_view path, std::string_view body,
                                      bool is_whole) {
  Facts out;
  out.verb_ = head.method;
  out.path_ = path;
  out.add("effect", std::string(effect_of(head.method)));
  out.add_pairs("query", head.query);
  std::string text = head.method + " " + std::string(path) + (head.has_query ? "?" + head.query : "");
  std::string binding = std::string(where) + text;
  for (const Field& field : head.fields) {
    const std::string name = lower(field.name);
    if (!is_shown(name)) continue;
    out.add("header", name + ": " + field.value.substr(0, fact_size_max));
    // Fields that say what is done or with what; those of a client's own mood are no part of it.
    if (name != "content-type" && !name.starts_with("x-") && !name.starts_with("if-")) continue;
    text.append("\n").append(name).append(": ").append(field.value);
    binding.append(1, '\0').append(name).append(1, '\0').append(field.value);
  }
  const std::string* type = head.fields.find("content-type");
  const std::string* coding = head.fields.find("content-encoding");
  if (coding && lower(*coding) != "identity") return std::unexpected(unreadable_body);
  if (type) out.add("type", lower(std::string_view(*type).substr(0, type->find(';'))));
  if (const auto added = out.add_body(type ? *type : "", body, is_whole); !added)
    return std::unexpected(added.error());
  if (!body.empty() || !is_whole) text.append("\n\n").append(shown_body(body, is_whole));
  binding.append(2, '\0').append(digest_of(body));
  out.text_ = std::move(text);
  out.binding_ = std::move(binding);
  return out;
}

const sp_ask& Facts::ask(uint64_t ticket, uint32_t flags) {
  pairs_.clear();
  for (const auto& [name, value] : fields_) pairs_.push_back({text_of(name), text_of(value)});
  object_ = text_of(path_);
  command_ = {.size = sizeof command_,
              .verb = text_of(verb_),
              .objects = &object_,
              .object_count = 1,
              .fields = pairs_.data(),
              .field_count = pairs_.size()};
  ask_ = {.size = sizeof ask_,
          .ticket = ticket,
          .stage = SP_STAGE_EXECUTE,
          .transaction = 0,
          .commands = &command_,
          .command_count = 1,
          .text = text_of(text_),
          .values = nullptr,
          .value_count = 0,
          .binding = {reinterpret_cast<const uint8_t*>(binding_.data()), binding_.size()},
          .flags = flags | SP_ASK_PLAIN_CONTEXT,
          .context = {reinterpret_cast<const uint8_t*>(binding_.data()), where.size()}};
  return ask_;
}

std::expected<Written, Fault> parse_written(std::string_view text) {
  const size_t blank = text.find("\n\n");
  std::string_view lines = text.substr(0, blank);
  Written out;
  if (blank != text.npos) out.body = text.substr(blank + 2);
  std::string whole;
  bool is_first = true, names_host = false;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const std::string name = lower(line.substr(0, line.find(':')));
    names_host = names_host || (!is_first && name == "host");
    if (!is_first && (name == "content-length" || name == "transfer-encoding")) continue;
    whole.append(line).append(is_first ? " HTTP/1.1\r\n" : "\r\n");
    is_first = false;
  }
  if (!names_host) whole.append("Host: target\r\n");
  whole.append("\r\n");
  RequestParser parser;
  const Step step = parser.step({reinterpret_cast<const uint8_t*>(whole.data()), whole.size()});
  if (step.kind == Step::Kind::bad) return std::unexpected(parser.fault());
  if (step.kind != Step::Kind::head) return std::unexpected(no_request);
  out.head = parser.head();
  return out;
}

}  // namespace sallyport::http
