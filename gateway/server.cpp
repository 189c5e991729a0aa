#include "gateway/server.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <optional>
#include <sstream>
#include <thread>

#include "gateway/access_log.hpp"
#include "gateway/admin.hpp"
#include "gateway/completion.hpp"
#include "gateway/listen_socket.hpp"
#include "gateway/snapshot.hpp"
#include "gateway/worker.hpp"

namespace postern {
namespace asio = boost::asio;
namespace {

std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

void log_problems(const conf::Problems& problems) {
  for (const auto& warning : problems.warnings()) spdlog::warn("{}", warning.to_text());
  for (const auto& error : problems.errors()) spdlog::error("{}", error.to_text());
}

std::string join_problems(const conf::Problems& problems) {
  std::string text;
  for (const auto& error : problems.errors()) text += error.to_text() + "\n";
  return text;
}

// Everything but the workers' insides runs on the control thread, the one that called run_server().
class Server final : public AdminActions {
 public:
  explicit Server(const ServerOptions& options)
      : options_(options), signals_(control_, SIGTERM, SIGINT, SIGHUP), drain_timer_(control_) {
    signals_.add(SIGUSR1);
  }

  int run();

  bool ready() const override { return serving_ && !draining_; }
  Task<std::string> metrics() override;
  std::string config_yaml() const override;
  std::string reload() override;
  void drain() override;
  bool set_log_level(const std::string& level) override;
  std::string log_level() const override;

 private:
  struct Address {
    std::string configured;
    std::string bound;
    std::uint16_t port = 0;
  };
  using NewSockets = std::vector<BoundAddress>;

  std::optional<int> start();
  tl::expected<NewSockets, std::string> bind_new(const conf::Config& config);
  void install(std::shared_ptr<const Snapshot> snapshot, NewSockets sockets);
  void start_workers();
  void await_signal();
  void on_signal(int number);
  void stop();
  void warn_about_restart(const conf::Config& config) const;
  std::vector<std::string> addresses() const;

  const ServerOptions& options_;
  double start_time_ = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  MetricRegistry metric_registry_;
  std::unique_ptr<AccessLog> access_log_;
  asio::io_context control_{1};
  asio::signal_set signals_;
  asio::steady_timer drain_timer_;
  std::unique_ptr<AdminListener> admin_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<Address> listening_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::string last_reload_problems_;
  bool last_reload_successful_ = true;
  std::size_t undrained_ = 0;
  bool serving_ = false;
  bool draining_ = false;
};

int Server::run() {
  if (const auto exit_code = start()) return *exit_code;
  await_signal();
  control_.run();
  for (auto& thread : threads_) thread.join();
  admin_.reset();
  workers_.clear();
  access_log_.reset();
  return exit_ok;
}

// Nothing serves before everything is known to work.
std::optional<int> Server::start() {
  conf::Loaded loaded = options_.load();
  std::shared_ptr<const Snapshot> snapshot;
  if (!loaded.problems.any()) {
    snapshot = build_snapshot(std::move(loaded.config), options_.make_filters, metric_registry_, loaded.problems);
  }
  log_problems(loaded.problems);
  if (!snapshot) return exit_bad_config;

  const conf::Config& config = snapshot->config;
  auto access_log =
      AccessLog::open(config.access_log_file.empty() ? config.access_log : config.access_log_file.resolved);
  if (!access_log) {
    spdlog::error("{}", access_log.error());
    return exit_bad_config;
  }
  access_log_ = std::move(*access_log);
  const unsigned count = config.workers != 0 ? config.workers : allowed_cpus();
  for (unsigned i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>(snapshot, *access_log_));
  auto sockets = bind_new(config);
  if (!sockets) {
    spdlog::error("{}", sockets.error());
    return exit_cannot_bind;
  }
  if (config.admin.address != "off") {
    auto admin = AdminListener::bind(control_, config.admin.address, *this);
    if (!admin) {
      spdlog::error("{}", admin.error());
      return exit_cannot_bind;
    }
    admin_ = std::move(*admin);
    admin_->start();
  }
  install(std::move(snapshot), std::move(*sockets));
  start_workers();
  return std::nullopt;
}

void Server::start_workers() {
  for (const auto& worker : workers_) threads_.emplace_back([&worker = *worker] { worker.run(); });
  serving_ = true;
  std::string text;
  for (const Address& address : listening_) text += " " + address.bound;
  spdlog::info("serving{} admin {}", text, admin_ ? admin_->address() : "off");
  if (options_.on_serving) options_.on_serving(addresses());
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> all;
  for (const Address& address : listening_) all.push_back(address.bound);
  if (admin_) all.push_back(admin_->address());
  return all;
}

// ---- listeners and snapshots

// Sockets for the addresses that are not listened on yet, in the order of the configuration.
tl::expected<Server::NewSockets, std::string> Server::bind_new(const conf::Config& config) {
  NewSockets sockets;
  for (const conf::Listener& listener : config.listeners) {
    const bool known = std::any_of(listening_.begin(), listening_.end(),
                                   [&](const Address& address) { return address.configured == listener.address; });
    if (known) {
      sockets.emplace_back();
      continue;
    }
    auto bound = bind_address(listener.address, workers_.size());
    if (!bound) return tl::make_unexpected(bound.error());
    sockets.push_back(std::move(*bound));
  }
  return sockets;
}

// Hands a snapshot to every worker: between two requests each takes the new one whole.
void Server::install(std::shared_ptr<const Snapshot> snapshot, NewSockets sockets) {
  const auto& listeners = snapshot->config.listeners;
  std::vector<Address> addresses;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (!sockets[i].sockets.empty()) {
      addresses.push_back({listeners[i].address, to_text(sockets[i].endpoint), sockets[i].endpoint.port()});
    } else {
      addresses.push_back(*std::find_if(listening_.begin(), listening_.end(), [&](const Address& address) {
        return address.configured == listeners[i].address;
      }));
    }
  }
  listening_ = std::move(addresses);
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    std::vector<std::pair<std::size_t, int>> own;  // listener, descriptor
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (!sockets[i].sockets.empty()) own.emplace_back(i, sockets[i].sockets[w].release());
    }
    Worker& worker = *workers_[w];
    worker.post([this, &worker, snapshot, ports = listening_, own = std::move(own)] {
      std::vector<std::string> keep;
      for (const conf::Listener& listener : snapshot->config.listeners) keep.push_back(listener.address);
      worker.keep_listening_on(keep);
      for (std::size_t i = 0; i < keep.size(); ++i) worker.set_tls(keep[i], snapshot->listener_tls[i]);
      worker.swap(snapshot);
      for (const auto& [i, descriptor] : own) {
        auto listening = std::make_shared<Listening>(worker.io(), keep[i]);
        listening->port = ports[i].port;
        listening->tls = snapshot->listener_tls[i];
        const bool v6 = snapshot->config.listeners[i].address.starts_with('[');
        listening->acceptor.assign(v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), descriptor);
        worker.listen(std::move(listening));
      }
    });
  }
  snapshot_ = std::move(snapshot);
}

std::string Server::reload() {
  conf::Loaded loaded = options_.load();
  std::shared_ptr<const Snapshot> snapshot;
  if (!loaded.problems.any()) {
    snapshot = build_snapshot(std::move(loaded.config), options_.make_filters, metric_registry_, loaded.problems);
  }
  log_problems(loaded.problems);
  last_reload_problems_ = join_problems(loaded.problems);
  if (snapshot) {
    auto sockets = bind_new(snapshot->config);
    if (sockets) {
      warn_about_restart(snapshot->config);
      install(std::move(snapshot), std::move(*sockets));
    } else {
      last_reload_problems_ = sockets.error() + "\n";
      spdlog::error("{}", sockets.error());
    }
  }
  last_reload_successful_ = last_reload_problems_.empty();
  if (last_reload_successful_) {
    spdlog::info("reloaded");
  } else {
    spdlog::error("reload refused, the configuration before goes on");
  }
  return last_reload_problems_;
}

void Server::warn_about_restart(const conf::Config& config) const {
  const conf::Config& before = snapshot_->config;
  if (config.workers != before.workers) spdlog::warn("workers: the change needs a restart");
  if (config.admin.address != before.admin.address) spdlog::warn("admin.address: the change needs a restart");
  if (config.access_log != before.access_log) spdlog::warn("access_log: the change needs a restart");
}

// ---- signals and the end

void Server::await_signal() {
  signals_.async_wait([this](const error_code& error, int number) {
    if (error) return;
    on_signal(number);
    await_signal();
  });
}

void Server::on_signal(int number) {
  switch (number) {
    case SIGHUP:
      reload();
      return;
    case SIGUSR1:
      access_log_->reopen();
      return;
    default:
      if (draining_) {
        spdlog::warn("second signal: requests in flight are cut off");
        stop();
      } else {
        drain();
      }
  }
}

void Server::drain() {
  if (draining_) return;
  draining_ = true;
  spdlog::info("draining: no new connections, requests in flight may finish");
  undrained_ = workers_.size();
  for (const auto& worker : workers_) {
    worker->post([this, &worker = *worker] {
      worker.drain([this] {
        asio::post(control_, [this] {
          if (--undrained_ == 0) stop();
        });
      });
    });
  }
  const auto limit = snapshot_->config.timeouts.drain;
  if (limit.count() == 0) return;
  drain_timer_.expires_after(limit);
  drain_timer_.async_wait([this](const error_code& error) {
    if (error) return;
    spdlog::warn("timeouts.drain has passed: requests in flight are cut off");
    stop();
  });
}

void Server::stop() {
  for (const auto& worker : workers_) worker->stop();
  control_.stop();
}

// ---- admin

Task<std::string> Server::metrics() {
  // Every worker adds its own counters; the last one wakes this coroutine.
  struct Collection {
    explicit Collection(const asio::io_context::executor_type& executor) : done(executor) {}
    WorkerMetrics sum;
    std::size_t missing = 0;
    Completion done;
  };
  auto collection = std::make_shared<Collection>(control_.get_executor());
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
  ProcessFacts facts;
  facts.last_reload_successful = last_reload_successful_;
  facts.access_log_dropped = access_log_->dropped_lines();
  facts.version = options_.version;
  facts.start_time = start_time_;
  co_return render_metrics(collection->sum, metric_registry_.routes, metric_registry_.upstreams, facts);
}

std::string Server::config_yaml() const {
  std::string text;
  std::istringstream problems(last_reload_problems_);
  for (std::string line; std::getline(problems, line);) text += "# the last reload was refused: " + line + "\n";
  return text + conf::print_yaml(snapshot_->config);
}

bool Server::set_log_level(const std::string& level) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") return false;
  spdlog::set_level(parsed);
  return true;
}

std::string Server::log_level() const {
  const auto name = spdlog::level::to_string_view(spdlog::get_level());
  return {name.data(), name.size()};
}

}  // namespace

int run_server(const ServerOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed peer is an error code, not the end
  Server server(options);
  return server.run();
}

}  // namespace postern
