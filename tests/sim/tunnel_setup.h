// What all seeds of opaque sessions share: four listeners with their targets, compiled from a config's text.
#pragma once

#include "core/control/snapshot.h"

namespace sallyport::sim {

// By TunnelWorld::Place.
inline constexpr const char* tunnel_listeners[] = {"127.0.0.1:7001", "127.0.0.1:7002", "127.0.0.1:7003",
                                                   "127.0.0.1:7004"};
inline constexpr const char* tunnel_targets[] = {"10.0.0.1:9000", "10.0.0.2:9000", "10.0.0.3:9000",
                                                 "10.0.0.1:9000"};
inline constexpr const char* tunnel_names[] = {"plain", "durable", "gone", "closed"};

// Made at the first call; immutable.
[[nodiscard]] SnapshotPointer shared_tunnel_snapshot();

}  // namespace sallyport::sim
