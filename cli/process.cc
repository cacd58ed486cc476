#include "cli/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace sallyport::cli {

namespace {

constexpr int poll_interval_us = 10'000;

// In the child: nothing returns from here.
[[noreturn]] void become(const ProcessOptions& options, int output, pid_t parent, char* const* argv) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int input = open("/dev/null", O_RDONLY);
  if (input >= 0) dup2(input, 0);
  if (output >= 0) {
    dup2(output, 1);
    dup2(output, 2);
  }
  // A group of its own: Ctrl-C at the terminal is for this program, which ends its children in order.
  setpgid(0, 0);
  if (options.gid && (setgroups(0, nullptr) != 0 || setgid(*options.gid) != 0)) _exit(126);
  if (options.uid && setuid(*options.uid) != 0) _exit(126);
  // A user who was dropped to may not be allowed to stand in this folder.
  if (options.uid && chdir("/") != 0) _exit(126);
  // After setuid, which clears it.
  prctl(PR_SET_PDEATHSIG, options.death_signal);
  if (getppid() != parent) _exit(126);
  execvp(argv[0], argv);
  _exit(127);
}

}  // namespace

Result<Process> Process::start(const ProcessOptions& options) {
  std::vector<char*> argv;
  for (const std::string& word : options.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  int output = -1;
  if (!options.output.empty()) {
    output = open(options.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) return fail_errno("write " + options.output, errno);
  }
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    for (const std::string& variable : options.environment) putenv(const_cast<char*>(variable.c_str()));
    become(options, output, parent, argv.data());
  }
  const int code = errno;
  if (output >= 0) close(output);
  if (pid < 0) return fail_errno("start " + options.argv[0], code);
  return Process(pid, options.output);
}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(exit_, other.exit_);
  std::swap(output_, other.output_);
  return *this;
}

Process::~Process() { stop(SIGKILL, 1000); }

std::optional<int> Process::ended() {
  int status = 0;
  if (!exit_ && pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) {
    exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
  }
  return exit_;
}

std::optional<int> Process::wait(int timeout_ms) {
  for (int waited_us = 0; !ended() && waited_us / 1000 < timeout_ms; waited_us += poll_interval_us)
    usleep(poll_interval_us);
  return ended();
}

void Process::stop(int signal, int timeout_ms) {
  if (pid_ <= 0 || ended()) return;
  kill(pid_, signal);
  if (wait(timeout_ms)) return;
  kill(pid_, SIGKILL);
  (void)wait(timeout_ms);
}

std::string Process::output() const {
  std::ifstream file(output_);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<Finished> run(ProcessOptions options, int timeout_ms) {
  Result<Process> process = Process::start(options);
  if (!process) return std::unexpected(process.error());
  const std::optional<int> exit = process->wait(timeout_ms);
  if (!exit) return fail(options.argv[0] + " did not end within " + std::to_string(timeout_ms / 1000) + " s");
  if (*exit == 127) return fail(options.argv[0] + " cannot be run: is it installed?");
  return Finished{*exit, process->output()};
}

Result<uint16_t> free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool good = fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  const int code = errno;
  if (fd >= 0) close(fd);
  if (!good) return fail_errno("find a free port on 127.0.0.1", code);
  return ntohs(address.sin_port);
}

}  // namespace sallyport::cli
