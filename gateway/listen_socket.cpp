#include "gateway/listen_socket.hpp"

#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>

#include "conf/address.hpp"

namespace postern {
namespace {

using boost::asio::ip::tcp;

Descriptor open_bound(const tcp::endpoint& endpoint, bool share_port) {
  Descriptor socket(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (socket.get() < 0) return socket;
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share_port) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // the accepted ones inherit it
  if (::bind(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) return Descriptor();
  return socket;
}

tcp::endpoint name_of(const Descriptor& socket) {
  tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(socket.get(), endpoint.data(), &size) == 0) endpoint.resize(size);
  return endpoint;
}

// cgroup v2: `cpu.max` holds `<quota> <period>` or `max <period>`, here and in every parent.
std::optional<unsigned> cgroup_cpus() {
  std::ifstream own("/proc/self/cgroup");
  std::string path;
  for (std::string line; std::getline(own, line);) {
    if (line.starts_with("0::")) path = line.substr(3);
  }
  std::optional<unsigned> least;
  while (!path.empty()) {
    std::ifstream file("/sys/fs/cgroup" + path + "/cpu.max");
    double quota = 0;
    double period = 0;
    if (file >> quota >> period && quota > 0 && period > 0) {
      const auto cpus = static_cast<unsigned>(std::ceil(quota / period));
      least = std::min(least.value_or(cpus), cpus);
    }
    path.erase(path.rfind('/'));
  }
  return least;
}

}  // namespace

tl::expected<BoundAddress, std::string> bind_address(const std::string& address, std::size_t sockets) {
  const auto failed = [&](const std::string& why) {
    return tl::make_unexpected("cannot listen on " + address + ": " + why);
  };
  const auto parsed = conf::parse_listen_address(address);
  if (!parsed) return failed(parsed.error());
  const tcp::endpoint endpoint(boost::asio::ip::make_address(parsed->ip), parsed->port);
  if (endpoint.port() != 0 && open_bound(endpoint, false).get() < 0) return failed(std::strerror(errno));
  BoundAddress bound{endpoint, {}};
  for (std::size_t i = 0; i < sockets; ++i) {
    Descriptor socket = open_bound(bound.endpoint, true);
    if (socket.get() < 0 || ::listen(socket.get(), SOMAXCONN) != 0) return failed(std::strerror(errno));
    if (i == 0) bound.endpoint = name_of(socket);
    bound.sockets.push_back(std::move(socket));
  }
  return bound;
}

std::string to_text(const tcp::endpoint& endpoint) {
  const std::string ip = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + ip + "]" : ip) + ":" + std::to_string(endpoint.port());
}

unsigned allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned cpus = 1;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) cpus = static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::min(cpus, cgroup_cpus().value_or(cpus)));
}

}  // namespace postern
