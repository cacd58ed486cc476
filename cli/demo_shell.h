// What the demo's stories share: programs run as a person would run them, shown with what they print.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/process.h"
#include "cli/setup.h"

namespace sallyport::cli {

// A proof runs what a person would run (psql, this binary), prints it and its output, and says what it has
// proven, or fails with what it saw instead. Nothing here can be switched off.
struct DemoStep {
  const char* title;
  std::function<Result<std::string>()> prove;
};

inline constexpr int demo_query_timeout_ms = 60'000;

void show_command(const std::string& line);
void show_output(const std::string& output);
// As a shell takes it: what is shown may be pasted.
[[nodiscard]] std::string shell_quoted(const std::string& word);
[[nodiscard]] bool holds(const std::string& text, const std::string& part);
// The first true address of the demo's data that stands in `text`; empty where none does.
[[nodiscard]] std::string leaked_email(const std::string& text);
// What a command printed as JSON; an error where it failed.
[[nodiscard]] Result<nlohmann::json> parsed(const Result<Finished>& done);

// psql as a caller starts it: `url` and `environment` as libpq takes them; `shown` stands for both on the
// screen.
struct DemoCaller {
  std::string url;
  std::vector<std::string> environment;
  std::string shown;
};

class DemoShell {
 public:
  // Scratch files go to setup.directory.
  explicit DemoShell(const Setup& setup) : setup_(setup) {}

  [[nodiscard]] ProcessOptions psql(const DemoCaller& caller, const std::vector<std::string>& statements,
                                    const std::string& output) const;
  // This binary. `shown`: empty, and nothing is shown.
  [[nodiscard]] Result<Finished> sallyport(const std::vector<std::string>& words,
                                           std::vector<std::string> environment,
                                           const std::string& shown) const;
  [[nodiscard]] std::string scratch(const char* name) const { return (setup_.directory / name).string(); }
  // Starts it; returns once it has been paused.
  [[nodiscard]] static Result<Process> start_paused(const ProcessOptions& options);

 private:
  const Setup& setup_;
};

}  // namespace sallyport::cli
