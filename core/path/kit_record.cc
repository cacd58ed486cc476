// From captured bytes to a transcript: plays them through the plugin and writes what comes out beside them.
#include <array>

#include "core/path/kit_play.h"
#include "core/path/kit_scram.h"
#include "core/path/kit_text.h"
#include "core/path/kit_transcript.h"

namespace sallyport {
namespace {

constexpr size_t line_bytes_max = 4096;  // a longer capture becomes several lines, which are read as one
constexpr size_t login_bytes_max = 16 * 1024;  // a target's login is over by then

std::string leg_words(uint32_t leg) { return leg == SP_LEG_CLIENT ? "client" : "leg " + std::to_string(leg); }

class Record {
 public:
  Record(const sp_plugin& plugin, const KitScript& script, std::string_view real_password)
      : host_(plugin, script), real_password_(real_password) {}

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

  Result<void> play(const KitCapture& part) {
    if (part.leg >= SP_LEG_COUNT_MAX) return fail("there is no leg " + std::to_string(part.leg));
    return part.step.empty() ? receive(part) : happen(part.step);
  }

  KitRecorded finish() {
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      const size_t held = host_.leg(leg).unconsumed.size();
      if (held != 0) text_ += "expect held " + leg_words(leg) + " " + std::to_string(held) + "\n";
    }
    if (host_.ended()) text_ += "expect ended " + kit_quote(host_.ended_why()) + "\n";
    for (const std::string& violation : host_.violations()) text_ += "# contract broken: " + violation + "\n";
    return {.text = std::move(text_),
            .client_output = host_.output(SP_LEG_CLIENT),
            .ended = host_.ended_why(),
            .violations = host_.violations()};
  }

  std::string text_;

 private:
  Result<void> receive(const KitCapture& part) {
    const std::string bytes = part.leg == SP_LEG_CLIENT ? part.bytes : without_real_password(part);
    for (size_t at = 0; at < bytes.size(); at += line_bytes_max) {
      const std::string piece = bytes.substr(at, line_bytes_max);
      text_ += leg_words(part.leg) + " < " + kit_quote(piece) + "\n";
    }
    if (!host_.receive(part.leg, bytes)) return fail(host_.problem());
    follow();
    return {};
  }

  // The target's proof in a SCRAM login tells guessers whether they have its password: the stand-in's comes
  // in its place.
  std::string without_real_password(const KitCapture& part) {
    std::string bytes = part.bytes;
    std::string& received = received_[part.leg];
    if (real_password_ == host_.script.target_password || received.size() > login_bytes_max) return bytes;
    const KitScramLogin login = {.sent = host_.output(part.leg),
                                 .received = received,
                                 .real = real_password_,
                                 .stand_in = host_.script.target_password};
    if (kit_sign_anew(login, bytes)) {
      received.assign(login_bytes_max + 1, '\0');  // logged in: no further look
    } else {
      received += bytes;
    }
    return bytes;
  }

  Result<void> happen(const std::string& line) {
    const Result<KitTranscript> step = parse_transcript("step", line);
    if (!step) return std::unexpected(step.error());
    text_ += line + "\n";
    for (const KitStep& one : step->steps) {
      if (!kit_happen(host_, one)) return fail(host_.problem());
    }
    follow();
    return {};
  }

  void expect() {
    const std::vector<std::string>& asks = host_.trace(KitTrace::kAsk);
    for (; asked_ < asks.size(); ++asked_) text_ += "expect ask " + kit_quote(asks[asked_]) + "\n";
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      const std::string bytes = host_.take(leg);
      if (!bytes.empty()) text_ += "expect " + leg_words(leg) + " > " + kit_quote(bytes) + "\n";
    }
  }

  KitHost host_;
  const std::string real_password_;
  std::array<std::string, SP_LEG_COUNT_MAX> received_;  // of each leg's login
  size_t asked_ = 0;
};

}  // namespace

Result<KitRecorded> record_session(const sp_plugin& plugin, std::string_view title, const KitScript& script,
                                   std::span<const KitCapture> capture, std::string_view real_password) {
  Record record(plugin, script, real_password);
  for (size_t at = 0; at <= title.size();) {
    const size_t end = std::min(title.find('\n', at), title.size());
    record.text_ += "# " + std::string(title.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  record.text_ += script_text(script);
  record.follow();
  for (const KitCapture& part : capture) {
    if (const Result<void> played = record.play(part); !played) {
      return fail("what came from " + (part.step.empty() ? leg_words(part.leg) : "`" + part.step + "`") +
                  " came before the plugin wanted it (" + played.error().text +
                  "): does the login in the capture fit the transcript's password?");
    }
  }
  return record.finish();
}

}  // namespace sallyport
