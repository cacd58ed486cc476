// What a request means to the rules (DESIGN 2.4), and the texts that stand for it. Pure.
//
// As people and `explain` write a request, and the record shows it:
//   METHOD PATH[?QUERY]
//   Name: value           any number of fields
//                         an empty line, then the body
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/http/wire/fault.h"
#include "plugins/http/wire/message.h"
#include "plugins/plugin.h"

namespace sallyport::http {

class Facts {
 public:
  // `body`: whole; `is_whole` false: it is larger than what is judged, and nothing of it is known. An error
  // where it says to be JSON and is none, or more than can be judged.
  static std::expected<Facts, Fault> of(const RequestHead& head, std::string_view path, std::string_view body,
                                        bool is_whole);

  // The id of a call of JSON-RPC, as JSON; empty: it is none, or a notification.
  [[nodiscard]] const std::string& rpc_id() const { return rpc_id_; }
  // Lent until the next call, or the end of these facts.
  [[nodiscard]] const sp_ask& ask(uint64_t ticket, uint32_t flags);

 private:
  void add(std::string_view name, std::string value);
  void add_pairs(std::string_view fact, std::string_view pairs);
  [[nodiscard]] std::expected<void, Fault> add_body(std::string_view type, std::string_view body,
                                                    bool is_whole);

  std::string verb_, path_, text_, binding_, rpc_id_;
  std::vector<std::pair<std::string_view, std::string>> fields_;
  std::vector<sp_pair> pairs_;
  sp_text object_{};
  sp_command command_{};
  sp_ask ask_{};
};

// What a text as above stands for; an error where it is none.
struct Written {
  RequestHead head;
  std::string body;
};
[[nodiscard]] std::expected<Written, Fault> parse_written(std::string_view text);

}  // namespace sallyport::http
