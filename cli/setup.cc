#include "cli/setup.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "cli/certificate.h"
#include "cli/setup_config.h"
#include "config/check.h"
#include "config/file.h"
#include "config/limits.h"
#include "config/quantity.h"
#include "config/scram_secret.h"

namespace sallyport::cli {

namespace {

namespace fs = std::filesystem;

constexpr size_t secret_size = 24;  // bytes

struct File {
  fs::path path;
  std::string text;
  mode_t mode;
};

Result<void> write_new(const File& file) {
  const int fd = open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file.mode);
  if (fd < 0) return fail_errno("write " + file.path.string(), errno);
  // The umask may have taken from what was asked for; it must not add to it either.
  (void)fchmod(fd, file.mode);
  size_t done = 0;
  while (done < file.text.size()) {
    const ssize_t n = write(fd, file.text.data() + done, file.text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int code = errno;
      close(fd);
      return fail_errno("write " + file.path.string(), code);
    }
    done += static_cast<size_t>(n);
  }
  if (close(fd) != 0) return fail_errno("write " + file.path.string(), errno);
  return {};
}

Result<void> write_all(const std::vector<File>& files) {
  for (const File& file : files) {
    if (fs::exists(fs::symlink_status(file.path))) {
      return fail(file.path.string() +
                  " is there already and is not overwritten: give another --dir, or take it away");
    }
  }
  for (const File& file : files) {
    const fs::path folder = file.path.parent_path();
    const bool is_private = folder.filename() == "secrets" || folder.filename() == "tls";
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (mkdir(folder.c_str(), is_private ? 0711 : 0755) != 0 && errno != EEXIST) {
      return fail_errno("make the folder " + folder.string(), errno);
    }
    if (Result<void> written = write_new(file); !written) return written;
  }
  return {};
}

// Values go into TOML strings as they are: nothing in them may end one.
bool is_plain(const std::string& value) {
  return !value.empty() && std::ranges::none_of(value, [](unsigned char c) {
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
  });
}

Result<void> check_options(SetupOptions& options) {
  Result<config::Address> target = config::parse_address(options.target_address);
  if (!target) return fail("the target's address: " + target.error().text);
  Result<config::Address> listen = config::parse_address(options.listen);
  if (!listen) return fail("the address to listen at: " + listen.error().text);
  if (!config::is_numeric_host(listen->host)) return fail("listen at a numeric address, as 127.0.0.1:6432");
  if (!is_plain(options.target_database))
    return fail("the target's database is missing, or no name to write into a file");
  if (!is_plain(options.target_user))
    return fail("the target's user is missing, or no name to write into a file");
  if (options.target_name.empty()) {
    options.target_name = config::check_name(options.target_database) ? options.target_database : "db";
  }
  if (Result<void> name = config::check_name(options.target_name); !name)
    return fail("the target's name: " + name.error().text);
  if (options.target_tls.empty()) {
    const bool near = target->host == "localhost" ||
                      (config::is_numeric_host(target->host) && config::is_loopback(target->host));
    options.target_tls = near ? "off" : "verify-full";
  }
  const bool own = !options.certificate.empty();
  if (own == options.key.empty())
    return fail("a certificate of your own needs --certificate and --key, both");
  if (own && options.ca.empty()) return fail("--ca: which CA do clients check your certificate by?");
  for (const fs::path* path : {&options.certificate, &options.key, &options.ca}) {
    if (path->empty()) continue;
    if (!is_plain(path->string()) || access(path->c_str(), R_OK) != 0)
      return fail_errno("read " + path->string(), errno);
  }
  return {};
}

std::vector<std::string> certificate_names(const config::Address& listen) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  if (config::check_name(host) && std::string(host) != "localhost") names.insert(names.begin(), host);
  const bool any = listen.host == "0.0.0.0" || listen.host == "::";
  if (!any && std::ranges::find(names, listen.host) == names.end()) names.push_back(listen.host);
  return names;
}

// Where a client on this machine reaches the listener.
std::string client_host(const config::Address& listen) {
  return listen.host == "0.0.0.0" || listen.host == "::" || config::is_loopback(listen.host) ? "localhost"
                                                                                             : listen.host;
}

std::string url_encoded(const std::string& value) {
  std::string out;
  char code[4];
  for (const unsigned char c : value) {
    if (isalnum(c) || strchr("-._~/,", c)) {
      out += static_cast<char>(c);
    } else {
      snprintf(code, sizeof code, "%%%02X", c);
      out += code;
    }
  }
  return out;
}

Result<std::string> verifier_of(const std::string& secret) {
  const auto made = config::make_scram_secret(secret);
  if (!made) return std::unexpected(made.error());
  return made->text();
}

}  // namespace

std::string random_secret() {
  unsigned char bytes[secret_size];
  char text[secret_size / 3 * 4 + 1];
  CHECK(RAND_bytes(bytes, sizeof bytes) == 1);
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text), bytes, sizeof bytes);
  OPENSSL_cleanse(bytes, sizeof bytes);
  std::string secret = text;
  std::ranges::replace(secret, '+', '-');
  std::ranges::replace(secret, '/', '_');
  return secret;
}

Result<fs::path> find_plugin_dir(const fs::path& given) {
  std::error_code error;
  if (!given.empty()) {
    if (fs::exists(given / "postgresql.so", error)) return given;
    return fail("no postgresql.so in " + given.string() + ": give the folder that holds it");
  }
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::string tried;
  for (const fs::path& folder :
       {here / "../plugins/postgresql", here / "../lib/x86_64-linux-gnu/sallyport/plugins",
        here / "../lib/sallyport/plugins", fs::path("/usr/lib/sallyport/plugins")}) {
    const fs::path whole = fs::weakly_canonical(folder, error);
    if (fs::exists(whole / "postgresql.so", error)) return whole;
    tried += " " + whole.string();
  }
  return fail("no postgresql.so in" + tried + ": build or install the plugins first, or give --plugin-dir");
}

fs::path Setup::secret_file(const std::string& user) const { return directory / "secrets" / (user + ".txt"); }

std::string Setup::url(const std::string& user) const {
  return "postgresql://" + url_encoded(user + "," + target) + "@" +
         config::Address{client_host(listen), listen.port}.text() + "/" + url_encoded(database) +
         "?sslmode=verify-full&sslrootcert=" + url_encoded(ca_file.string());
}

Result<Setup> make_setup(const SetupOptions& given) {
  SetupOptions options = given;
  std::error_code error;
  for (fs::path* path :
       {&options.directory, &options.certificate, &options.key, &options.ca, &options.plugin_dir}) {
    if (!path->empty()) *path = fs::weakly_canonical(fs::absolute(*path), error);
  }
  if (Result<void> good = check_options(options); !good) return std::unexpected(good.error());
  const Result<fs::path> plugins = find_plugin_dir(options.plugin_dir);
  if (!plugins) return std::unexpected(plugins.error());
  const std::string agent = random_secret(), approver = random_secret();
  const Result<std::string> agent_verifier = verifier_of(agent), approver_verifier = verifier_of(approver);
  if (!agent_verifier || !approver_verifier) return fail("cannot make secrets: libcrypto refuses");
  const std::string config = setup_config(options, {*agent_verifier, *approver_verifier}, plugins->string());
  const fs::path& at = options.directory;
  std::vector<File> files = {{at / "sallyport.toml", config, 0644},
                             {at / "secrets" / options.target_name, options.target_password + "\n", 0600},
                             {at / "secrets/agent.txt", agent + "\n", 0600},
                             {at / "secrets/approver.txt", approver + "\n", 0600}};
  if (options.certificate.empty()) {
    const Result<CertificateSet> made =
        make_certificates(certificate_names(*config::parse_address(options.listen)));
    if (!made) return std::unexpected(made.error());
    files.push_back({at / "tls/ca.crt", made->ca_certificate, 0644});
    files.push_back({at / "tls/ca.key", made->ca_key, 0600});
    files.push_back({at / "tls/server.crt", made->certificate, 0644});
    files.push_back({at / "tls/server.key", made->key, 0600});
  } else {
    // Beside the rest, so that every printed line can name it.
    const Result<std::string> ca = config::read_file(options.ca, limits::config_file_size_max);
    if (!ca) return std::unexpected(ca.error());
    files.push_back({at / "tls/ca.crt", *ca, 0644});
  }
  if (Result<void> written = write_all(files); !written) return std::unexpected(written.error());
  return read_setup(at);
}

Result<Setup> read_setup(const fs::path& directory) {
  Setup setup;
  std::error_code error;
  setup.directory = fs::weakly_canonical(fs::absolute(directory), error);
  setup.config_file = setup.directory / "sallyport.toml";
  const auto config = config::load(setup.config_file);
  if (!config) return fail(config.error().front().place.text() + ": " + config.error().front().text);
  if (config->targets.empty() || config->listeners.empty())
    return fail(setup.config_file.string() + " has no target or no listener");
  setup.ca_file = setup.directory / "tls/ca.crt";
  const Result<std::string> ca = config::read_file(setup.ca_file, limits::config_file_size_max);
  if (!ca) return std::unexpected(ca.error());
  const Result<std::string> print = fingerprint_of(*ca);
  if (!print) return std::unexpected(print.error());
  setup.ca_fingerprint = *print;
  setup.target = config->targets.front().name;
  setup.database = config->targets.front().database;
  setup.target_address = config->targets.front().addresses.front();
  setup.listen = config->listeners.front().address;
  return setup;
}

}  // namespace sallyport::cli
