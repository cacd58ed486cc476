#include "core/path/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "config/check.h"
#include "config/descriptor.h"

namespace sallyport {
namespace {

constexpr size_t file_size_max = 256u << 20;
constexpr size_t digest_digit_count = 64;

Result<void> check_owner(const struct stat& status, const std::string& what) {
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    return fail(what + " belongs to user id " + std::to_string(status.st_uid) +
                ", not to root or to the user that runs sallyport: chown root it");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(what + " is writable by its group or by others: chmod go-w it");
  }
  return {};
}

Result<std::string> hash(int fd, off_t size) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  CHECK(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  std::array<unsigned char, 64 * 1024> block;
  off_t at = 0;
  while (at < size) {
    const ssize_t count = pread(fd, block.data(), block.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("read", errno);
    if (count == 0) return fail("it became shorter while it was read");
    CHECK(EVP_DigestUpdate(context.get(), block.data(), static_cast<size_t>(count)) == 1);
    at += count;
  }
  std::array<unsigned char, 32> digest;
  CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  std::string text;
  for (const unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

Result<void> check_pin(std::string pin, const std::string& digest) {
  if (pin.empty()) return {};
  std::transform(pin.begin(), pin.end(), pin.begin(),
                 [](unsigned char c) { return static_cast<char>(tolower(c)); });
  if (pin.starts_with("sha256:")) pin.erase(0, 7);
  if (pin.size() != digest_digit_count || pin.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return fail("the pinned digest is not a SHA-256 of 64 hexadecimal digits: correct it in the config");
  }
  if (pin != digest) {
    return fail("its SHA-256 is " + digest + ", but the config pins " + pin +
                ": if you replaced the plugin yourself, update the pin; if not, do not load it");
  }
  return {};
}

// Once linked, the descriptor must stay open for good: the linker knows an object by the name it was opened
// with, so a second plugin at the same /proc/self/fd/N would silently be answered with the first.
Result<const sp_plugin*> link(Descriptor& file) {
  // No RTLD_DEEPBIND: host and plugin share one heap. No unloading either, so no handle is kept.
  void* handle =
      dlopen(("/proc/self/fd/" + std::to_string(file.get())).c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) {
    const char* why = dlerror();
    return fail(std::string("the dynamic linker refuses it: ") + (why ? why : "no reason given"));
  }
  file.keep();
  const void* symbol = dlsym(handle, "sallyport_plugin");
  if (!symbol) {
    return fail(
        "it exports no symbol sallyport_plugin: it is not a Sallyport plugin, or was built without "
        "SP_EXPORT");
  }
  return static_cast<const sp_plugin*>(symbol);
}

Result<Plugin> load_open_file(const std::filesystem::path& path, const LoadOptions& options) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0 && errno == ELOOP) return fail("it is a symbolic link: name the file itself");
  if (file.get() < 0) return fail_errno("open", errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return fail_errno("stat", errno);
  if (!S_ISREG(status.st_mode)) return fail("it is not a regular file");
  if (static_cast<size_t>(status.st_size) > file_size_max) return fail("it is larger than 256 MiB");
  if (options.check_ownership) {
    struct stat directory {};
    if (stat(path.parent_path().c_str(), &directory) != 0) return fail_errno("stat of its directory", errno);
    if (Result<void> good = check_owner(status, "the file"); !good) return std::unexpected(good.error());
    if (Result<void> good = check_owner(directory, "its directory " + path.parent_path().string()); !good) {
      return std::unexpected(good.error());
    }
  }
  Result<std::string> digest = hash(file.get(), status.st_size);
  if (!digest) return std::unexpected(digest.error());
  if (Result<void> good = check_pin(options.digest, *digest); !good) return std::unexpected(good.error());
  const Result<const sp_plugin*> abi = link(file);
  if (!abi) return std::unexpected(abi.error());
  if (Result<void> good = check_plugin_table(**abi); !good) return std::unexpected(good.error());
  return Plugin{.abi = *abi, .path = path, .digest = std::move(*digest)};
}

}  // namespace

Result<Plugin> load_plugin(const std::filesystem::path& path, const LoadOptions& options) {
  if (!path.is_absolute())
    return fail("plugin " + path.string() + ": the path is not absolute: write it in full");
  Result<Plugin> plugin = load_open_file(path, options);
  if (!plugin) return std::unexpected(std::move(plugin.error()).in("plugin " + path.string()));
  return plugin;
}

}  // namespace sallyport
