// Listening sockets, made on the control thread and handed to the workers: one for each worker and address
// (SO_REUSEPORT).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/file.hpp"

namespace postern {

struct BoundAddress {
  boost::asio::ip::tcp::endpoint endpoint;  // with the port that the kernel chose for port 0
  std::vector<Descriptor> sockets;          // listening, non-blocking, one for each worker
};

// `0.0.0.0:8080`, `[::]:8080`. The error is a sentence with the address. A port that another process listens on is
// found by a probe without SO_REUSEPORT, which would let two gateways share it unnoticed.
tl::expected<BoundAddress, std::string> bind_address(const std::string& address, std::size_t sockets);

// `127.0.0.1:8080`, `[::1]:8080`.
std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

// After an error of accept(), e.g. when no descriptor is left (EMFILE).
inline constexpr std::chrono::milliseconds accept_pause{100};

// The CPUs that this process may use: its affinity, and the cgroup's quota rounded up. At least 1.
unsigned allowed_cpus();

}  // namespace postern
