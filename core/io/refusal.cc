#include "core/io/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace sallyport {

namespace {

std::string running_kernel() {
  utsname name{};
  return uname(&name) == 0 ? std::string(name.release) : "unknown";
}

}  // namespace

std::string ring_too_old() {
  return "io_uring here lacks operations that Sallyport needs: kernel >= 6.1 is required, this is " +
         running_kernel();
}

std::string ring_refusal(int code, const std::string& disabled_setting) {
  std::string text = "io_uring is refused (" + std::string(strerror(code)) +
                     "); Sallyport needs it and kernel >= 6.1, this is " + running_kernel() + ". ";
  switch (code) {
    case EPERM:
    case EACCES:
      if (disabled_setting == "2")
        return text + "kernel.io_uring_disabled is 2: run `sysctl -w kernel.io_uring_disabled=0`";
      if (disabled_setting == "1") {
        return text +
               "kernel.io_uring_disabled is 1: run `sysctl -w kernel.io_uring_disabled=0`, or put the "
               "service's group "
               "into kernel.io_uring_group";
      }
      return text +
             "kernel.io_uring_disabled does not forbid it, so a seccomp filter does: allow io_uring_setup, "
             "io_uring_enter "
             "and io_uring_register in the container's or unit's profile";
    case ENOSYS:
      return text +
             "The kernel was built without CONFIG_IO_URING, or a seccomp filter hides it (container runtimes "
             "do): "
             "use another kernel, or allow io_uring_setup, io_uring_enter and io_uring_register; "
             "kernel.io_uring_disabled is then the next thing to look at";
    case ENOMEM:
      return text + "Too little memory may be locked: raise LimitMEMLOCK in the unit, or `ulimit -l`";
    case EMFILE:
    case ENFILE: return text + "No file descriptor is left: raise LimitNOFILE in the unit, or `ulimit -n`";
    case EINVAL: return text + "The kernel does not know the ring's flags: it is too old";
    default: return text + "Look at kernel.io_uring_disabled and at the container's seccomp profile";
  }
}

std::string io_uring_disabled_setting() {
  int fd = open("/proc/sys/kernel/io_uring_disabled", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  char digit = 0;
  ssize_t size = read(fd, &digit, 1);
  close(fd);
  return size == 1 ? std::string(1, digit) : "";
}

}  // namespace sallyport
