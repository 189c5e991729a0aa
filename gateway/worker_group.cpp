#include "gateway/worker_group.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/want_of_memory.hpp"
#include "gateway/completion.hpp"
#include "gateway/redirect.hpp"

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

// From here on nothing gives up for want of memory: half of the workers would go on with the snapshot before.
void WorkerGroup::install(std::shared_ptr<const Snapshot> snapshot, Sockets sockets) {
  insist([&] { addresses_ = addresses_of(snapshot->config, sockets); });
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    insist([&] {
      std::vector<int> descriptors;
      for (const BoundAddress& bound : sockets) {
        descriptors.push_back(bound.sockets.empty() ? no_socket : bound.sockets[w].get());
      }
      const auto action = [&worker = *workers_[w], snapshot, all = addresses_, own = std::move(descriptors)]() mutable {
        install_on(worker, snapshot, all, own);
      };
      workers_[w]->post(action);
    });
    for (BoundAddress& bound : sockets) {
      if (!bound.sockets.empty()) bound.sockets[w].release();  // the worker's now
    }
  }
}

std::vector<WorkerGroup::Address> WorkerGroup::addresses_of(const conf::Config& config, const Sockets& sockets) const {
  std::vector<Address> addresses;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const std::string& configured = config.listeners[i].address;
    const Address* known = sockets[i].sockets.empty() ? find(configured) : nullptr;
    const auto& endpoint = sockets[i].endpoint;
    addresses.push_back(known != nullptr ? *known : Address{configured, to_text(endpoint), endpoint.port()});
  }
  return addresses;
}

// May be left at any point for want of memory, and begun again: a descriptor that has its acceptor is taken out.
void WorkerGroup::install_on(Worker& worker, const std::shared_ptr<const Snapshot>& snapshot,
                             const std::vector<Address>& addresses, std::vector<int>& descriptors) {
  std::vector<std::string> keep;
  for (const Address& address : addresses) keep.push_back(address.configured);
  worker.keep_listening_on(keep);
  const auto https_port = [&](std::size_t i) { return https_port_of(snapshot->config.listeners[i]); };
  for (std::size_t i = 0; i < keep.size(); ++i) {
    worker.set_listener(keep[i], snapshot->listener_tls[i], https_port(i));
  }
  worker.swap(snapshot);
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    if (descriptors[i] == no_socket) continue;
    const auto listening = std::make_shared<Listening>(worker.io(), keep[i]);
    listening->port = addresses[i].port;
    listening->tls = snapshot->listener_tls[i];
    listening->https_port = https_port(i);
    const auto protocol = keep[i].starts_with('[') ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
    listening->acceptor.assign(protocol, descriptors[i]);
    descriptors[i] = no_socket;
    worker.see_through([&] { worker.listen(listening); });
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
  drained_ = std::move(drained);
  const auto on_drained = [this] {
    if (--undrained_ == 0) drained_();
  };
  for (const auto& worker : workers_) {
    worker->post([this, &worker = *worker, on_drained] {
      worker.drain([this, on_drained] { insist([&] { asio::post(control_, on_drained); }); });
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
    void add(const WorkerMetrics& one) {
      WorkerMetrics more;
      insist([&] {
        more = sum;
        more.merge(one);
      });
      sum = std::move(more);
      if (--missing == 0) done.set();
    }
    WorkerMetrics sum;
    std::size_t missing = 0;
    Completion done;
  };
  const auto collection = std::make_shared<Collection>(control_.get_executor());
  collection->missing = workers_.size();
  for (const auto& worker : workers_) {
    worker->post([this, collection, &worker = *worker] {
      asio::post(control_, [collection, copy = worker.metrics()] { collection->add(copy); });
    });
  }
  co_await collection->done.wait();
  co_return std::move(collection->sum);
}

}  // namespace postern
