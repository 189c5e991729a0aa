#include "gateway/worker_group.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "gateway/completion.hpp"

namespace postern {
namespace asio = boost::asio;
namespace {

constexpr int no_socket = -1;

}  // namespace

WorkerGroup::WorkerGroup(asio::io_context& control, unsigned count, std::shared_ptr<const Snapshot> snapshot,
                         AccessLog& access_log)
    : control_(control) {
  for (unsigned i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>(snapshot, access_log));
}

WorkerGroup::~WorkerGroup() {
  stop();
  for (auto& thread : threads_) thread.join();
}

const WorkerGroup::Address* WorkerGroup::find(const std::string& configured) const {
  const auto found = std::find_if(addresses_.begin(), addresses_.end(),
                                  [&](const Address& address) { return address.configured == configured; });
  return found != addresses_.end() ? &*found : nullptr;
}

tl::expected<WorkerGroup::Sockets, std::string> WorkerGroup::bind(const conf::Config& config) const {
  Sockets sockets;
  for (const conf::Listener& listener : config.listeners) {
    if (find(listener.address) != nullptr) {
      sockets.emplace_back();
      continue;
    }
    auto bound = bind_address(listener.address, workers_.size());
    if (!bound) return tl::make_unexpected(std::move(bound.error()));
    sockets.push_back(std::move(*bound));
  }
  return sockets;
}

void WorkerGroup::install(std::shared_ptr<const Snapshot> snapshot, Sockets sockets) {
  const auto& listeners = snapshot->config.listeners;
  std::vector<Address> addresses;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const Address* known = sockets[i].sockets.empty() ? find(listeners[i].address) : nullptr;
    const auto& endpoint = sockets[i].endpoint;
    addresses.push_back(known != nullptr ? *known : Address{listeners[i].address, to_text(endpoint), endpoint.port()});
  }
  addresses_ = std::move(addresses);
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    std::vector<int> descriptors;
    for (BoundAddress& bound : sockets) {
      descriptors.push_back(bound.sockets.empty() ? no_socket : bound.sockets[w].release());
    }
    workers_[w]->post([&worker = *workers_[w], snapshot, all = addresses_, own = std::move(descriptors)] {
      install_on(worker, snapshot, all, own);
    });
  }
}

void WorkerGroup::install_on(Worker& worker, std::shared_ptr<const Snapshot> snapshot,
                             const std::vector<Address>& addresses, const std::vector<int>& descriptors) {
  std::vector<std::string> keep;
  for (const Address& address : addresses) keep.push_back(address.configured);
  worker.keep_listening_on(keep);
  for (std::size_t i = 0; i < keep.size(); ++i) worker.set_tls(keep[i], snapshot->listener_tls[i]);
  worker.swap(snapshot);
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    if (descriptors[i] == no_socket) continue;
    auto listening = std::make_shared<Listening>(worker.io(), keep[i]);
    listening->port = addresses[i].port;
    listening->tls = snapshot->listener_tls[i];
    const auto protocol = keep[i].starts_with('[') ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
    listening->acceptor.assign(protocol, descriptors[i]);
    worker.listen(std::move(listening));
  }
}

void WorkerGroup::start() {
  for (const auto& worker : workers_) threads_.emplace_back([&worker = *worker] { worker.run(); });
}

std::vector<std::string> WorkerGroup::addresses() const {
  std::vector<std::string> bound;
  for (const Address& address : addresses_) bound.push_back(address.bound);
  return bound;
}

void WorkerGroup::drain(std::function<void()> drained) {
  undrained_ = workers_.size();
  const auto one_drained = [this, drained = std::move(drained)] {
    if (--undrained_ == 0) drained();
  };
  for (const auto& worker : workers_) {
    worker->post([this, &worker = *worker, one_drained] {
      worker.drain([this, one_drained] { asio::post(control_, one_drained); });
    });
  }
}

void WorkerGroup::cut_off() {
  for (const auto& worker : workers_) {
    worker->post([&worker = *worker] { worker.cut_off(); });
  }
}

void WorkerGroup::stop() {
  for (const auto& worker : workers_) worker->stop();
}

Task<WorkerMetrics> WorkerGroup::collect_metrics() {
  // Every worker hands over a copy of its own; the last one wakes this coroutine.
  struct Collection {
    explicit Collection(const Executor& executor) : done(executor) {}
    WorkerMetrics sum;
    std::size_t missing = 0;
    Completion done;
  };
  const auto collection = std::make_shared<Collection>(control_.get_executor());
  collection->missing = workers_.size();
  for (const auto& worker : workers_) {
    worker->post([this, collection, &worker = *worker] {
      asio::post(control_, [collection, copy = worker.metrics()] {
        collection->sum.merge(copy);
        if (--collection->missing == 0) collection->done.set();
      });
    });
  }
  co_await collection->done.wait();
  co_return std::move(collection->sum);
}

}  // namespace postern
