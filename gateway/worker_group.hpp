// All workers as one: the control thread hands them snapshots, sockets and the end, and asks them for their counters.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/access_log.hpp"
#include "gateway/listen_socket.hpp"
#include "gateway/metrics.hpp"
#include "gateway/snapshot.hpp"
#include "gateway/worker.hpp"

namespace postern {

class WorkerGroup {
 public:
  // `control` is the io_context of the thread that calls every member function here.
  WorkerGroup(boost::asio::io_context& control, unsigned count, std::shared_ptr<const Snapshot> snapshot,
              AccessLog& access_log);
  ~WorkerGroup();  // stop() and the threads' end

  // Sockets for the listeners of a configuration, in its order; no sockets for an address that is listened on already.
  using Sockets = std::vector<BoundAddress>;
  tl::expected<Sockets, std::string> bind(const conf::Config& config) const;

  // Hands a snapshot to every worker: between two requests each takes the new one whole, with its listeners.
  void install(std::shared_ptr<const Snapshot> snapshot, Sockets sockets);
  void start();

  // The addresses with the ports that were bound, in the order of the configuration.
  std::vector<std::string> addresses() const;

  // No new connections; `drained` is called on the control thread when the last request has ended.
  void drain(std::function<void()> drained);
  // Ends the requests that the drain has left; `drained` is called as before.
  void cut_off();
  void stop();

  Task<WorkerMetrics> collect_metrics();

 private:
  struct Address {
    std::string configured;
    std::string bound;
    std::uint16_t port = 0;
  };
  const Address* find(const std::string& configured) const;
  std::vector<Address> addresses_of(const conf::Config& config, const Sockets& sockets) const;
  static void install_on(Worker& worker, const std::shared_ptr<const Snapshot>& snapshot,
                         const std::vector<Address>& addresses, std::vector<int>& descriptors);

  boost::asio::io_context& control_;
  std::vector<Address> addresses_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::size_t undrained_ = 0;
  std::function<void()> drained_;
};

}  // namespace postern
