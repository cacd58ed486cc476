#include "cli/plugin_record.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "cli/record_text.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "core/path/kit_capture.h"
#include "core/path/kit_play.h"
#include "core/path/loader.h"

namespace sallyport::cli {

namespace {

struct Options {
  std::string file, listen, target, title, script, output, password_file;
};

constexpr const char* header =
    "Recorded by `sallyport plugin record`. The passwords are stand-ins, of the caller and of the target; "
    "all else\n"
    "is what client and target sent, unmasked: read it before you keep it.\n";

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return fail_errno("read " + path, errno);
  return text.str();
}

// The file that is written at the end, made at the beginning: a conversation is not lost to a path that
// cannot be.
class Output {
 public:
  explicit Output(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
  ~Output() {
    if (fd_ >= 0) ::close(fd_);
    if (fd_ >= 0 && !kept_) unlink(part_.c_str());
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  Result<void> open() {
    struct stat there {};
    if (lstat(path_.c_str(), &there) == 0) return fail(path_ + " exists already, and is not overwritten");
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd_ < 0) return fail_errno("write " + part_, errno);
    return {};
  }

  Result<void> keep(std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = ::write(fd_, text.data(), text.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return fail_errno("write " + part_, errno);
      text.remove_prefix(static_cast<size_t>(size));
    }
    if (link(part_.c_str(), path_.c_str()) != 0) return fail_errno("write " + path_, errno);
    kept_ = unlink(part_.c_str()) == 0;
    return {};
  }

 private:
  std::string path_, part_;
  int fd_ = -1;
  bool kept_ = false;
};

Result<KitScript> read_script(const Options& options) {
  KitScript script;
  if (!options.script.empty()) {
    const Result<std::string> text = read_file(options.script);
    if (!text) return std::unexpected(text.error());
    Result<KitTranscript> lines = parse_transcript(options.script, *text);
    if (!lines) return std::unexpected(lines.error());
    if (!lines->steps.empty()) {
      return fail(
          options.script + ":" + std::to_string(lines->steps[0].line) +
          ": a script has `set`, `answer` and `mask` lines only; what happens comes from client and target");
    }
    script = std::move(lines->script);
  }
  if (script.client_tls_required || script.target_tls != SP_TARGET_TLS_OFF)
    return fail(options.script + ": a script with TLS cannot be recorded: the bytes would not be plain");
  script.client_tls_offered = false;
  std::random_device random;
  if (script.seed == KitScript().seed) script.seed = (uint64_t{random()} << 32) | random();
  return script;
}

Result<std::string> read_password(const Options& options, const KitScript& script) {
  if (options.password_file.empty()) return script.target_password;
  Result<std::string> text = read_file(options.password_file);
  if (!text) return text;
  text->erase(std::min(text->find_first_of("\r\n"), text->size()));
  if (text->empty()) return fail(options.password_file + " is empty");
  return text;
}

int stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

Result<KitCaptured> capture(const Options& options, const sp_plugin& plugin, const KitScript& script) {
  const Result<KitAddress> listen = KitAddress::parse(options.listen);
  if (!listen) return std::unexpected(listen.error());
  Result<KitAddress> target = KitAddress::parse(options.target);
  if (!target) return std::unexpected(target.error());
  const int stop = stop_signals();
  Result<KitSocket> listener = KitSocket::listen(*listen);
  if (!listener) return std::unexpected(listener.error());
  const auto say = [](const std::string& text) { fprintf(stderr, "%s\n", visible(text).c_str()); };
  say("waiting for one client at " + listen->host + ":" + std::to_string(listener->port()) +
      ", in plaintext; its password is `" + script.password + "`, the target " + target->text() +
      " sees the login `" + script.target_user + "`");
  return capture_session(
      plugin, script, std::move(*listener),
      {.target = std::move(*target), .stop_fd = stop, .command_fd = STDIN_FILENO, .say = say});
}

// The transcript's text, played once and found to say what the live session said.
Result<KitRecorded> transcribe(const Options& options, const sp_plugin& plugin, const KitScript& script,
                               const KitCaptured& captured, const std::string& password) {
  const std::string title = header + options.title;
  Result<KitRecorded> recorded = record_session(plugin, title, script, captured.parts, password);
  const bool same =
      recorded && recorded->client_output == captured.client_output && recorded->ended == captured.ended;
  if (!same && password != script.target_password) {
    return fail("played again with the stand-in for the target's password, the session is another one" +
                (recorded ? std::string() : " (" + recorded.error().text + ")") +
                ": record at a target that takes the script's target_password");
  }
  if (!recorded) return recorded;
  if (!same)
    return fail("played again, the session is another one: does the plugin do what its input does not say?");
  const bool shown = std::any_of(captured.parts.begin(), captured.parts.end(), [&](const KitCapture& part) {
    return part.bytes.find(password) != std::string::npos;
  });
  if (shown && password != script.target_password) {
    return fail(
        "the target's password itself stands in what client or target sent: record at a target whose "
        "password may be seen");
  }
  return recorded;
}

int record(const Context& context, const Options& options) {
  const auto no = [&context](const Error& error) {
    print_error(context, error.text);
    return exit_no;
  };
  const Result<Plugin> plugin =
      load_plugin(std::filesystem::absolute(options.file), {.digest = "", .check_ownership = false});
  if (!plugin) return no(plugin.error());
  const Result<KitScript> script = read_script(options);
  if (!script) return no(script.error());
  const Result<std::string> password = read_password(options, *script);
  if (!password) return no(password.error());
  Output output(options.output);
  if (const Result<void> open = output.open(); !open) return no(open.error());
  KitScript live = *script;
  live.target_password = *password;
  const Result<KitCaptured> captured = capture(options, *plugin->abi, live);
  if (!captured) return no(captured.error());
  if (captured->parts.empty()) return no({"the client sent nothing: nothing to record"});
  const Result<KitRecorded> recorded = transcribe(options, *plugin->abi, *script, *captured, *password);
  if (!recorded) return no(recorded.error());
  if (const Result<void> kept = output.keep(recorded->text); !kept) return no(kept.error());
  const Result<KitTranscript> again = parse_transcript(options.output, recorded->text);
  if (!again) return no(again.error());
  const std::vector<std::string> failures =
      kit_play(*plugin->abi, *again, {.kind = KitSplit::Kind::kWhole}).failures;
  if (!failures.empty())
    return no({options.output + " is written, and the plugin does not pass it: " + failures[0]});
  if (context.json) {
    puts(json_text({{"ok", true}, {"output", options.output}, {"ended", recorded->ended}}).c_str());
    return exit_done;
  }
  printf("%s written; the session's end: %s\n", visible(options.output).c_str(),
         recorded->ended.empty() ? "stopped" : visible(recorded->ended).c_str());
  printf("read it, then: sallyport plugin check %s --transcripts FOLDER\n", visible(options.file).c_str());
  return exit_done;
}

}  // namespace

void add_plugin_record(CLI::App& group, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = group.add_subcommand(
      "record", "run one real conversation through a plugin and write it as a transcript");
  command->add_option("FILE", options->file, "the shared object")->required();
  command->add_option("--listen", options->listen, "loopback HOST:PORT where the client comes; port 0: any")
      ->required();
  command->add_option("--target", options->target, "HOST:PORT of the real target, spoken to in plaintext")
      ->required();
  command->add_option("--output", options->output, "the transcript; an existing file is not overwritten")
      ->required();
  command->add_option("--title", options->title, "what it shows");
  command->add_option("--script", options->script, "`set`, `answer` and `mask` lines, as in a transcript");
  command->add_option("--target-password-file", options->password_file,
                      "the target's real password; the transcript holds the script's in its place");
  command->footer(
      "Example: sallyport plugin record ./lines.so --listen 127.0.0.1:7000 --target 127.0.0.1:7001 --output "
      "lines/transcripts/hello.transcript");
  command->callback(
      [&context, options] { context.run = [&context, options] { return record(context, *options); }; });
}

}  // namespace sallyport::cli
