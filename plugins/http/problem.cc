#include "plugins/http/problem.h"

#include "plugins/http/host.h"

namespace sallyport::http {

namespace {

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 426: return "Upgrade Required";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

void add_member(std::string& out, std::string_view name, std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":\"");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < 0x20 || byte == 0x7f) {
      out.append("\\u00").append({digits[byte >> 4], digits[byte & 15]});
    } else {
      out += c;
    }
  }
  out += '"';
}

// "approval=7F3K state=pending do=..." as members.
void add_detail(std::string& out, std::string_view detail) {
  while (!detail.empty()) {
    const std::string_view one = detail.substr(0, detail.find(' '));
    const size_t equals = one.find('=');
    const std::string_view name = one.substr(0, std::min(equals, one.size()));
    if (equals == one.npos || name.empty()) return;
    // What to do is a sentence: it stands last.
    const bool is_last = name == "do";
    add_member(out, name, is_last ? detail.substr(equals + 1) : one.substr(equals + 1));
    if (is_last) return;
    detail.remove_prefix(std::min(one.size() + 1, detail.size()));
  }
}

}  // namespace

namespace {

constexpr int rpc_refused = -32001;  // of those that are the server's own (section 5.1)

void add_answer(std::string& out, const Problem& problem) {
  add_member(out, "code", problem.code);
  add_member(out, "detail", problem.text);
  if (problem.answer == nullptr) return;
  if (problem.answer->rule.size > 0) add_member(out, "rule", view_of(problem.answer->rule));
  add_detail(out, view_of(problem.answer->detail));
}

std::string details(const Problem& problem) {
  std::string out = "{";
  add_member(out, "title", reason_of(problem.status));
  out.append(",\"status\":").append(std::to_string(problem.status));
  add_answer(out, problem);
  return out.append("}\n");
}

std::string rpc_error(const Problem& problem) {
  std::string error = "{", data = "{";
  error.append("\"code\":").append(std::to_string(rpc_refused));
  // What an agent reads is the message: all that it needs to go on stands there.
  std::string message(problem.text);
  if (problem.answer != nullptr && problem.answer->detail.size > 0)
    message.append("; ").append(view_of(problem.answer->detail));
  add_member(error, "message", message);
  add_answer(data, problem);
  error.append(",\"data\":").append(data).append("}}");
  std::string out = "{\"jsonrpc\":\"2.0\",\"id\":";
  return out.append(problem.rpc_id).append(",\"error\":").append(error).append("}\n");
}

}  // namespace

std::string problem_response(const Problem& problem, bool closes, bool head_only) {
  const bool is_rpc = !problem.rpc_id.empty();
  const std::string body = is_rpc ? rpc_error(problem) : details(problem);
  std::string out = is_rpc ? "HTTP/1.1 200 OK\r\nContent-Type: application/json"
                           : "HTTP/1.1 " + std::to_string(problem.status) + " " +
                                 std::string(reason_of(problem.status)) +
                                 "\r\nContent-Type: application/problem+json";
  out.append("\r\nCache-Control: no-store\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n")
      .append(problem.extra_fields);
  if (closes) out.append("Connection: close\r\n");
  out.append("\r\n");
  if (!head_only) out.append(body);
  return out;
}

}  // namespace sallyport::http
