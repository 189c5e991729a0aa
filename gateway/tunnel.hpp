// Raw bytes both ways after a `101 Switching Protocols` (RFC 9110 section 7.8): WebSocket and every other upgrade.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/http/websocket_frames.hpp"
#include "gateway/transport.hpp"
#include "gateway/watch.hpp"
#include "gateway/worker.hpp"

namespace postern {

struct TunnelEnd {
  std::uint64_t from_client = 0;  // bytes
  std::uint64_t from_upstream = 0;
  bool drained = false;       // the client was told that the gateway goes away, and may still be sending
  error_code client_failure;  // with which a side left, where it did not end
  error_code upstream_failure;
};

// Runs until both sides have ended, one has failed, or the watch's deadline of the phase passes without a byte. An end
// of one side is passed on as an end of sending, so that the other can still answer; and what a side sent before it
// left, while the other was still sending, is passed on first. A side that fails, or that the watch cuts off, is a
// reset at the other. `first` are bytes of the client that were received with its head.
//
// `frames`, of a WebSocket, have followed what the client was sent so far; else null. When the worker drains, a client
// of a WebSocket gets a Close frame with 1001 between two frames of the upstream's, also of one that never pauses, and
// what it has said goes to such an upstream first; other tunnels go on until the drain ends them.
Task<TunnelEnd> run_tunnel(Worker& worker, Transport& client, Transport& upstream, Watch& watch, std::string_view first,
                           http::WebSocketFrames* frames);

}  // namespace postern
