#include "core/path/opaque.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace sallyport {

namespace {

sp_text text_of(std::string_view text) { return {text.data(), text.size()}; }

constexpr std::array<uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// The address alone, in network order; nothing for a Unix path. An IPv4 caller of a listener at [::] is one
// here, too.
std::span<const uint8_t> host_bytes(const Address& address) {
  if (address.family() == AF_INET) {
    const auto& host = reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr;
    return {reinterpret_cast<const uint8_t*>(&host), sizeof host};
  }
  if (address.family() == AF_INET6) {
    const auto& host = reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr;
    const std::span bytes(reinterpret_cast<const uint8_t*>(&host), sizeof host);
    return std::ranges::equal(bytes.first(12), mapped_prefix) ? bytes.subspan(12) : bytes;
  }
  return {};
}

std::string host_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const std::span<const uint8_t> bytes = host_bytes(address);
  if (!bytes.empty()) inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

void name_caller(const Snapshot& snapshot, const config::Listener& listener, const Address& peer,
                 const PeerCertificate& certificate, OpaqueCaller& caller) {
  if (!listener.tls || listener.tls->client_ca.empty()) {
    caller.who = "tcp:" + host_text(peer);
    caller.groups = listener.groups;
    return;
  }
  caller.proof = "certificate";
  CertificateBearer bearer = bearer_of(snapshot.policy->config(), listener, certificate);
  caller.who = std::move(bearer.who);
  caller.groups = std::move(bearer.groups);
  caller.refusal = std::move(bearer.refusal);
}

}  // namespace

OpaqueCaller find_opaque_caller(const Snapshot& snapshot, const ListenerState& state, const Address& peer,
                                const PeerCertificate& certificate) {
  const config::Listener& listener = *state.listener;
  OpaqueCaller caller;
  caller.proof = "source";
  const std::span<const uint8_t> host = host_bytes(peer);
  const auto holds = [host](const config::Network& network) { return network.contains(host); };
  if (!listener.sources.empty() && std::ranges::none_of(listener.sources, holds)) {
    caller.who = "tcp:" + host_text(peer);
    caller.refusal = "source-not-listed";
    return caller;
  }
  name_caller(snapshot, listener, peer, certificate, caller);
  if (!caller.refusal.empty()) return caller;
  const TargetState* target = snapshot.target(listener.target);
  if (!target || !target->target->is_opaque()) {
    caller.refusal = "unknown-target";
  } else if (!snapshot.policy->may_open(*target->target, caller.groups)) {
    caller.refusal = "target-not-allowed";
  }
  return caller;
}

const sp_manifest& opaque_manifest() {
  static const sp_manifest manifest = {.size = sizeof(sp_manifest),
                                       .name = text_of(config::opaque_protocol),
                                       .version = text_of("1"),
                                       .summary = text_of("bytes that nobody reads"),
                                       .capabilities = SP_CAN_TLS,
                                       .facts = nullptr,
                                       .fact_count = 0,
                                       .sets = nullptr,
                                       .set_count = 0,
                                       .options = nullptr,
                                       .option_count = 0,
                                       .alpn = nullptr,
                                       .alpn_count = 0};
  return manifest;
}

}  // namespace sallyport
