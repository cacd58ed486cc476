// The synchronous calls on real sockets that Ring needs at start-up and while connecting. Any thread.
#pragma once

#include "config/error.h"
#include "core/io/address.h"

namespace sallyport::sockets {

// An unconnected stream socket, nonblocking, close-on-exec, TCP_NODELAY where TCP.
Result<int> open_stream(int family);
// Bound and listening; SO_REUSEADDR always, SO_REUSEPORT where asked (one listener a core shares the
// address).
Result<int> open_listener(const Address& address, bool reuse_port, int backlog);
Result<Address> local_address(int fd);
Result<Address> peer_address(int fd);
void set_reset_on_close(int fd);  // without effect on Unix sockets
void set_no_delay(int fd);        // refused by Unix sockets and dead peers, harmlessly

}  // namespace sallyport::sockets
