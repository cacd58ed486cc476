// [admin].
#include <sys/un.h>

#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

constexpr const char* tls_form = "{ certificate = \"file:…\", key = \"file:…\" }, or \"off\"";

// Tickets and statements travel here: plaintext is for this machine alone.
void load_tls(Loader& loader, Reader& reader, Admin& admin) {
  const Value* value = reader.find("tls");
  const bool is_off = value != nullptr && value->kind == Value::Kind::string && value->text == "off";
  if (value == nullptr || is_off) {
    if (!admin.address.host.empty() && !is_loopback(admin.address.host) && !is_off) {
      reader.problem("address",
                     "address: callers of the network need tls = { certificate = \"file:…\", key = "
                     "\"file:…\" }; plaintext is for 127.0.0.1 and ::1");
    } else if (is_off && !is_loopback(admin.address.host)) {
      reader.problem("tls",
                     "tls = \"off\" is for 127.0.0.1 and ::1: tickets would cross the network readable");
    }
    return;
  }
  const Value* table = reader.table("tls", tls_form);
  if (table == nullptr) return;
  Reader inner(*table, "[admin]: tls", loader.problems);
  CertificateFiles files;
  inner.require("certificate", "certificate = \"file:tls/admin.crt\"");
  inner.require("key", "key = \"file:tls/admin.key\"");
  inner.file("certificate", loader.folder, files.certificate);
  inner.file("key", loader.folder, files.key);
  inner.finish();
  admin.tls = std::move(files);
}

void load_roles(Loader& loader, Reader& reader, Admin& admin) {
  const Value* table = reader.table("roles", "{ viewer = [\"GROUP\"], admin = [\"GROUP\"] }");
  if (table == nullptr) return;
  Reader inner(*table, "[admin]: roles", loader.problems);
  inner.names("viewer", admin.roles[static_cast<size_t>(Role::viewer)]);
  inner.names("approver", admin.roles[static_cast<size_t>(Role::approver)]);
  inner.names("auditor", admin.roles[static_cast<size_t>(Role::auditor)]);
  inner.names("admin", admin.roles[static_cast<size_t>(Role::admin)]);
  inner.finish();
}

void load_url(Reader& reader, Admin& admin) {
  if (!reader.text("url", admin.url)) {
    if (!admin.address.host.empty()) admin.url = (admin.tls ? "https://" : "http://") + admin.address.text();
    return;
  }
  if (admin.url.ends_with('/')) admin.url.pop_back();
  const bool is_https = admin.url.starts_with("https://");
  const bool is_url = is_https || admin.url.starts_with("http://");
  if (!is_url || admin.url.find_first_of(" \"'<>\\\r\n\t") != std::string::npos)
    reader.problem("url", "url: write what people's browsers reach: \"https://gateway.example.com:8420\"");
}

}  // namespace

void load_admin(Loader& loader, const Value* table) {
  Admin& admin = loader.config.admin;
  admin.socket = loader.config.server.state_dir / "admin.sock";
  admin.ticket_life_ms = limits::ticket_life_ms;
  admin.place = {loader.files.front(), 1};
  if (table != nullptr) {
    admin.place = table->place;
    Reader reader(*table, "[admin]", loader.problems);
    reader.path("socket", loader.folder, admin.socket);
    reader.address("address", admin.address, true);
    load_tls(loader, reader, admin);
    reader.texts("names", admin.names);
    load_url(reader, admin);
    load_roles(loader, reader, admin);
    reader.duration("ticket_life", admin.ticket_life_ms, limits::ticket_life_max_ms);
    reader.finish();
  }
  if (admin.socket.string().size() >= sizeof(sockaddr_un::sun_path)) {
    loader.problems.add(admin.place,
                        "[admin]: the socket's path " + admin.socket.string() +
                            " is longer than 107 bytes: write socket = \"/run/sallyport/admin.sock\"");
  }
}

}  // namespace sallyport::config
