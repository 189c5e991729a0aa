// Raw bytes both ways after a `101 Switching Protocols` (RFC 9110 section 7.8): WebSocket and every other upgrade.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/transport.hpp"
#include "gateway/watch.hpp"
#include "gateway/worker.hpp"

namespace postern {

struct TunnelBytes {
  std::uint64_t from_client = 0;
  std::uint64_t from_upstream = 0;
};

// Runs until both sides have ended, one has failed, or the watch's deadline of the phase passes without a byte. An end
// of one side is passed on as an end of sending, so that the other can still answer. `first` are bytes of the client
// that were received with its head.
Task<TunnelBytes> run_tunnel(Worker& worker, Transport& client, Transport& upstream, Watch& watch,
                             std::string_view first);

}  // namespace postern
