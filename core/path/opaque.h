// Opaque: what a session of an opaque listener (`protocol = "tcp"`) has in a plugin's place. Nobody reads its
// bytes: they are counted, and passed on. session_opaque.cc brings it from stage to stage, session_flow.cc
// moves the bytes.
//
//   greeting -> connecting (-> securing) -> moving        (the session's own states stand beside)
//
// Where neither side has TLS each direction has a pipe of the core's pool and bytes are spliced; else, or
// when the pool is empty, they are copied from one leg's buffer to the other's queue. Either way at most a
// pipe or a send queue is under way, and a direction waits for its reader alone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/control/snapshot.h"
#include "core/io/pipe.h"
#include "core/path/certificate.h"
#include "plugins/plugin.h"

namespace sallyport {

// One direction. Invariant: `held` > 0 only with a pipe; `finished` only when `ended` and `held` is 0.
struct Flow {
  Pipe pipe;
  size_t held = 0;        // bytes in the pipe
  uint64_t sequence = 0;  // of the record that they wait for; 0: none
  uint64_t bytes = 0;     // that the other side has been given
  bool ended = false;     // the sender has said its last, or nobody takes it any more
  bool finished = false;  // and the receiver has been told
};

struct Opaque {
  enum class Stage : uint8_t {
    greeting,    // the caller's TLS, if there is any
    connecting,  // the caller may pass; the target is dialled
    securing,    // the target's TLS
    moving
  };

  Stage stage = Stage::greeting;
  bool spliced = false;
  std::array<Flow, 2> flows;    // by the leg that sends
  Address peer;                 // the caller's
  PeerCertificate certificate;  // the caller's, of a listener that asks for one
  bool is_cut = false;          // one side broke off: the other must not take what it has for the whole
  std::string_view trouble;     // the first that befell the bytes; the session's end tells it
};

// Who calls at an opaque listener, and whether he may.
struct OpaqueCaller {
  std::string who;
  std::vector<std::string> groups;
  std::string_view proof;  // "certificate", "source"
  std::string refusal;     // a reason code; empty: may pass
};

// The rules of [[listener]] and [[user]]: sources first; then whose the certificate is, where the listener
// asks for one; then the target's `allow`.
OpaqueCaller find_opaque_caller(const Snapshot& snapshot, const ListenerState& listener, const Address& peer,
                                const PeerCertificate& certificate);

// What Policy::compile must know of a protocol without a plugin: it has no facts, no masks, and may have TLS.
const sp_manifest& opaque_manifest();

}  // namespace sallyport
