// Which fields of a message go on, and as what (RFC 9110, 7.6.1). Pure.
#pragma once

#include <string_view>

#include "plugins/http/route.h"
#include "plugins/http/wire/message.h"

namespace sallyport::http {

struct RequestTerms {
  std::string_view host;              // of the target, for Host
  bool is_masked = false;             // the reply is looked into
  std::string_view credential_name;   // the field or cookie that carries the target's credential; empty: none
  std::string_view credential_value;  // that field's whole value
};

// What the target is sent: its own Host and credential; nothing hop-by-hop, nothing that claims an identity
// or another method; no range and no coding where the reply is looked into. Its framing is that of
// `body_size`, or chunked where that is unknown.
void write_request_fields(RequestHead& head, const RequestTerms& terms);
void frame_request(RequestHead& head, bool has_body, bool is_chunked, size_t size);

// What the caller is sent: nothing hop-by-hop; addresses of the target's own led back through the prefix.
void write_response_fields(ResponseHead& head, const Route& route, std::string_view target_host);
// Of a body that is made anew: its digests, validators and ranges are not this one's.
void forget_body_fields(Fields& fields);

}  // namespace sallyport::http
