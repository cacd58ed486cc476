// [[listener]] and [[user]].
#include <algorithm>
#include <array>
#include <string_view>

#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"
#include "config/scram_secret.h"

namespace sallyport::config {
namespace {

constexpr std::array<std::pair<const char*, CertificateName>, 5> certificate_names = {
    {{"email", CertificateName::email},
     {"uri", CertificateName::uri},
     {"dns", CertificateName::dns},
     {"common-name", CertificateName::common_name},
     {"subject", CertificateName::subject}}};

// { "spiffe://example.org/agents/*" = ["agents"] }
void load_client_groups(Loader& loader, Reader& reader, ClientCertificates& clients) {
  const Value* table = reader.table("client_groups", "{ \"spiffe://example.org/agents/*\" = [\"agents\"] }");
  if (table == nullptr) return;
  Reader inner(*table, reader.where() + ": client_groups", loader.problems);
  for (const Value& item : table->items) {
    std::vector<std::string> groups;
    if (inner.names(item.key, groups)) clients.groups.emplace_back(item.key, std::move(groups));
  }
  if (clients.groups.size() > limits::certificate_group_count_max)
    reader.problem("client_groups", "client_groups: more than " +
                                        std::to_string(limits::certificate_group_count_max) + " names");
}

void load_client_names(Reader& reader, ClientCertificates& clients) {
  std::vector<std::string> words;
  if (!reader.texts("client_names", words)) return;
  clients.names.clear();
  for (const std::string& word : words) {
    const auto* known =
        std::ranges::find_if(certificate_names, [&word](const auto& one) { return word == one.first; });
    if (known != certificate_names.end()) {
      clients.names.push_back(known->second);
    } else {
      reader.problem("client_names",
                     "client_names: no kind of name is " + in_quotes(word) +
                         ": write \"email\", \"uri\", \"dns\", \"common-name\" or \"subject\"");
    }
  }
  if (words.empty()) reader.problem("client_names", "client_names is empty: then nobody could be named");
}

// Of callers' certificates; nothing of it without the CAs that sign them.
void load_clients(Loader& loader, Reader& reader, const Listener& listener, ListenerTls& tls) {
  reader.file("client_ca", loader.folder, tls.client_ca);
  ClientCertificates& clients = tls.clients;
  reader.file("client_crl", loader.folder, clients.crl);
  reader.choice("client_certificates", clients.required, {{"required", true}, {"optional", false}});
  load_client_names(reader, clients);
  load_client_groups(loader, reader, clients);
  if (reader.duration("client_session_max", clients.session_max_ms, limits::issuer_session_cap_ms) &&
      clients.session_max_ms == 0)
    reader.problem("client_session_max", "client_session_max is nothing: write \"8h\"");
  for (const char* key :
       {"client_crl", "client_certificates", "client_names", "client_groups", "client_session_max"}) {
    if (reader.has(key) && !reader.has("client_ca"))
      reader.problem(key,
                     std::string(key) + " is of callers' certificates: write client_ca = \"file:…\" too");
  }
  if (!listener.is_opaque()) return;
  if (!clients.required)
    reader.problem(
        "client_certificates",
        "client_certificates = \"optional\" is for protocols that have other proofs: leave it out");
  if (reader.has("client_session_max"))
    reader.problem(
        "client_session_max",
        "client_session_max: nobody knows an idle point of a protocol that nobody reads: leave it out");
}

// tls = { certificate, key }, or the word "off".
void load_tls(Loader& loader, Reader& reader, Listener& listener) {
  const Value* value = reader.find("tls");
  if (value == nullptr) {
    if (!listener.address.host.empty() && !is_loopback(listener.address.host)) {
      reader.problem_at(
          listener.place,
          "tls is missing: write tls = { certificate = \"file:…\", key = \"file:…\" }, or tls = "
          "\"off\" to take plaintext from the network");
    }
    return;
  }
  if (value->kind == Value::Kind::string && value->text == "off") return;
  const Value* table = reader.table("tls", "{ certificate = \"file:…\", key = \"file:…\" }, or \"off\"");
  if (table == nullptr) return;
  Reader inner(*table, reader.where() + ": tls", loader.problems);
  ListenerTls tls;
  inner.require("certificate", "certificate = \"file:tls/server.crt\"");
  inner.require("key", "key = \"file:tls/server.key\"");
  inner.file("certificate", loader.folder, tls.certificate);
  inner.file("key", loader.folder, tls.key);
  inner.boolean("required", tls.required);
  load_clients(loader, inner, listener, tls);
  if (listener.is_opaque() && !tls.required) {
    inner.problem("required", "required = false is for protocols that begin in plaintext: leave it out");
  }
  if (!tls.required && !listener.address.host.empty() && !is_loopback(listener.address.host)) {
    inner.problem("required",
                  "required = false takes plaintext from the network too: leave it out, or give "
                  "plaintext a listener of its own with tls = \"off\"");
  }
  inner.finish();
  listener.tls = std::move(tls);
}

void load_sources(Reader& reader, Listener& listener) {
  std::vector<std::string> texts;
  if (!reader.texts("sources", texts)) return;
  if (texts.size() > limits::source_count_max)
    reader.problem("sources", "sources: more than " + std::to_string(limits::source_count_max) + " networks");
  for (const std::string& text : texts) {
    Result<Network> network = Network::parse(text);
    if (network) {
      listener.sources.push_back(*network);
    } else {
      reader.problem("sources", "sources: " + network.error().text);
    }
  }
}

// Who may come to an opaque listener: bytes that nobody reads carry no name and no proof.
void load_callers(Reader& reader, Listener& listener) {
  const bool has_certificates = listener.tls && !listener.tls->client_ca.empty();
  if (!listener.is_opaque()) {
    reader.refuse("sources", "only a listener with protocol = \"tcp\" has it: here callers prove themselves");
    if (!reader.names("groups", listener.groups) || has_certificates) return;
    reader.problem("groups",
                   "groups is of callers whom a certificate names: write client_ca = \"file:…\" in tls, or "
                   "leave it out: here callers prove themselves in the protocol");
    return;
  }
  reader.require("target", "target = \"…\": nothing else can name it");
  load_sources(reader, listener);
  reader.names("groups", listener.groups);
  if (!has_certificates && !reader.has("sources")) {
    reader.problem_at(
        listener.place,
        "anybody could come: write client_ca = \"file:…\" in tls, for callers with a certificate, or "
        "sources = [\"10.0.0.0/24\"], or both");
  } else if (!has_certificates && listener.groups.empty()) {
    reader.problem_at(
        listener.place,
        "groups is missing: without client certificates it says to which groups callers from sources "
        "belong");
  }
}

}  // namespace

void load_listener(Loader& loader, const Value& table) {
  Reader reader(table, "listener", loader.problems);
  Listener listener;
  listener.place = table.place;
  reader.require("protocol", "protocol = \"postgresql\"");
  reader.require("address", "address = \"127.0.0.1:5432\"");
  reader.name("protocol", listener.protocol);
  if (reader.address("address", listener.address, true)) {
    reader.rename("listener " + listener.address.text());
    if (!is_numeric_host(listener.address.host)) {
      reader.problem("address",
                     "address names a host: write a numeric address, as \"127.0.0.1:5432\", \"0.0.0.0:5432\" "
                     "or \"[::]:5432\"");
      listener.address.host.clear();  // what follows from the address would only repeat this
    }
  }
  load_tls(loader, reader, listener);
  reader.name("target", listener.target);
  load_callers(reader, listener);
  reader.refuse("proxy_protocol", "this version does not speak the PROXY protocol: leave the line out");
  reader.finish();
  const auto same = std::ranges::find_if(loader.config.listeners, [&](const Listener& other) {
    return other.address.port != 0 && other.address.text() == listener.address.text();
  });
  if (same != loader.config.listeners.end() && !listener.address.host.empty()) {
    reader.problem("address", "address is already taken by the listener at " + same->place.text());
  }
  loader.config.listeners.push_back(std::move(listener));
}

std::vector<std::string> User::persons() const {
  std::vector<std::string> all = {"user:" + name};
  if (!email.empty()) all.push_back("mailto:" + lower_case(email));
  return all;
}

void load_user(Loader& loader, const Value& table) {
  const size_t problem_count = loader.problems.count();
  Reader reader(table, "user", loader.problems);
  User user;
  user.place = table.place;
  reader.require("name", "name = \"…\"");
  if (reader.name("name", user.name)) reader.rename("user \"" + user.name + "\"");
  if (user.name == canary_name)
    reader.problem("name", "this name is the gateway's own (sallyport canary): choose another");
  if (user.name == token_name)
    reader.problem("name", "this name stands for whoever a token names: choose another");
  reader.names("groups", user.groups);
  if (reader.text("secret", user.secret)) {
    if (const Result<ScramSecret> secret = parse_scram_secret(user.secret); !secret) {
      reader.problem("secret", "secret " + secret.error().text);
      user.secret.clear();
    }
  }
  reader.text("os_user", user.os_user);
  reader.text("certificate", user.certificate);
  reader.text("email", user.email);
  if (!reader.has("secret") && !reader.has("os_user") && !reader.has("certificate")) {
    reader.problem(
        "secret",
        "has neither secret nor os_user nor certificate and could prove itself nowhere: write secret = "
        "\"SCRAM-SHA-256$…\", made by `sallyport user hash`");
  }
  reader.refuse("password",
                "a password never stands in the config: write secret = \"SCRAM-SHA-256$…\", made by "
                "`sallyport user hash`");
  reader.finish();
  // Otherwise one person could ask as one and approve as the other.
  for (const User& other : loader.config.users) {
    const std::string is_taken = " is that of user \"" + other.name + "\" at " + other.place.text();
    if (!user.os_user.empty() && user.os_user == other.os_user)
      reader.problem("os_user", "os_user" + is_taken);
    if (!user.certificate.empty() && user.certificate == other.certificate)
      reader.problem("certificate", "certificate" + is_taken);
    if (!user.secret.empty() && user.secret == other.secret) reader.problem("secret", "secret" + is_taken);
  }
  loader.has_all_users = loader.has_all_users && loader.problems.count() == problem_count;
  loader.config.users.push_back(std::move(user));
}

}  // namespace sallyport::config
