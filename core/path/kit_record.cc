// From captured bytes to a transcript: plays them through the plugin and writes what comes out beside them.
#include "core/path/kit_host.h"
#include "core/path/kit_text.h"
#include "core/path/kit_transcript.h"

namespace sallyport {
namespace {

constexpr size_t line_bytes_max = 4096;  // a longer capture becomes several lines, which are read as one

std::string leg_words(uint32_t leg) { return leg == SP_LEG_CLIENT ? "client" : "leg " + std::to_string(leg); }

class Record {
 public:
  Record(const sp_plugin& plugin, const KitScript& script) : host_(plugin, script) {}

  // Legs open and handshakes finish as soon as the plugin wants them to.
  void follow() {
    for (bool again = true; again;) {
      again = false;
      for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
        if (host_.leg(leg).state == KitLegState::kConnecting) {
          expect();
          text_ += "opened " + std::to_string(leg) + "\n";
          again = host_.opened(leg);
        } else if (host_.leg(leg).handshaking) {
          expect();
          text_ += "tls " + std::to_string(leg) + "\n";
          again = host_.tls_done(leg);
        }
      }
    }
    expect();
  }

  bool receive(const KitCapture& part) {
    for (size_t at = 0; at < part.bytes.size(); at += line_bytes_max) {
      const std::string piece = part.bytes.substr(at, line_bytes_max);
      text_ += leg_words(part.leg) + " < " + kit_quote(piece) + "\n";
    }
    if (!host_.receive(part.leg, part.bytes)) return false;
    follow();
    return true;
  }

  std::string finish() {
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      const size_t held = host_.leg(leg).unconsumed.size();
      if (held != 0) text_ += "expect held " + leg_words(leg) + " " + std::to_string(held) + "\n";
    }
    if (host_.ended()) text_ += "expect ended " + kit_quote(host_.ended_why()) + "\n";
    for (const std::string& violation : host_.violations()) text_ += "# contract broken: " + violation + "\n";
    return std::move(text_);
  }

  [[nodiscard]] const std::string& problem() const { return host_.problem(); }
  std::string text_;

 private:
  void expect() {
    const std::vector<std::string>& asks = host_.trace(KitTrace::kAsk);
    for (; asked_ < asks.size(); ++asked_) text_ += "expect ask " + kit_quote(asks[asked_]) + "\n";
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      const std::string bytes = host_.take(leg);
      if (!bytes.empty()) text_ += "expect " + leg_words(leg) + " > " + kit_quote(bytes) + "\n";
    }
  }

  KitHost host_;
  size_t asked_ = 0;
};

}  // namespace

Result<std::string> record_transcript(const sp_plugin& plugin, std::string_view title,
                                      const KitScript& script, std::span<const KitCapture> capture) {
  Record record(plugin, script);
  for (size_t at = 0; at <= title.size();) {
    const size_t end = std::min(title.find('\n', at), title.size());
    record.text_ += "# " + std::string(title.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  const KitScript otherwise;
  if (script.password != otherwise.password)
    record.text_ += "set password " + kit_quote(script.password) + "\n";
  if (script.target_user != otherwise.target_user) {
    record.text_ += "set target_user " + kit_quote(script.target_user) + "\n";
  }
  if (script.target_password != otherwise.target_password) {
    record.text_ += "set target_password " + kit_quote(script.target_password) + "\n";
  }
  if (script.seed != otherwise.seed) record.text_ += "set seed " + std::to_string(script.seed) + "\n";
  record.follow();
  for (const KitCapture& part : capture) {
    if (part.leg >= SP_LEG_COUNT_MAX || !record.receive(part)) {
      return fail("bytes of " + leg_words(part.leg) + " came before the plugin wanted them (" +
                  record.problem() + "): does the login in the capture fit the transcript's password?");
    }
  }
  return record.finish();
}

}  // namespace sallyport
