// Where a command finds the log: the folder that it was given, else the config's.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "ringlog/reader.h"
#include "ringlog/session_name.h"

namespace CLI {
class App;
}

namespace sallyport::cli {

struct LogSource {
  std::string directory;  // --log; empty: the config's
  std::string key;        // --key: an auditor's private key; empty: what is sealed stays so
};

// "2h" ago, or "2026-11-23" or "2026-11-23 03:12" in local time, as nanoseconds since 1970; empty: 0.
[[nodiscard]] std::optional<uint64_t> since_ns(const std::string& text);
inline constexpr char since_help[] =
    "--since: write an age as 2h or 30m, or a time as 2026-11-23 or \"2026-11-23 03:12\"";

// Adds --key to a command that shows texts.
void add_key_option(CLI::App& command, LogSource& source);

// Adds --log to a command.
void add_log_option(CLI::App& command, LogSource& source);

// The folder, or nothing after printing why.
[[nodiscard]] std::optional<std::string> log_directory(const Context& context, const LogSource& source);

// Calls `take` for every record that `filter` lets through, up to the log's present end. Prints what went
// wrong; returns the exit code. With `key_file` what is sealed to it is opened.
int each_record(const Context& context, const std::string& directory, ringlog::Reader::Filter filter,
                const std::function<void(const ringlog::RecordView&)>& take,
                const std::string& key_file = "");

// The newest instance that has the session, where the name gives none. Nothing, after printing why, when
// there is no such session; `exit` is set then.
[[nodiscard]] std::optional<ringlog::Reader::Filter> find_session(const Context& context,
                                                                  const std::string& directory,
                                                                  const std::string& name, int& exit);

}  // namespace sallyport::cli
