#include "gateway/server.hpp"

#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <new>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "gateway/access_log.hpp"
#include "gateway/admin.hpp"
#include "gateway/listen_socket.hpp"
#include "gateway/snapshot.hpp"
#include "gateway/start_only.hpp"
#include "gateway/start_pages.hpp"
#include "gateway/worker_group.hpp"

namespace postern {
namespace asio = boost::asio;
namespace {

// A proxied request needs two descriptors; many systems give a process 1024 until it asks for what it may have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) spdlog::warn("the limit of open files could not be raised");
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

// What is revoked and which keys sign come from a store, by threads of its own. Judging by half of it would let revoked
// tokens pass, or refuse good ones. False when the time is over first.
bool await_loaded(const FilterFactory& filters) {
  constexpr std::chrono::seconds longest{5};
  constexpr std::chrono::milliseconds between_looks{2};
  const auto until = std::chrono::steady_clock::now() + longest;
  while (!filters.has_loaded()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(between_looks);
  }
  return true;
}

// How long what is cut off may take to be recorded, before the process ends under it.
constexpr std::chrono::milliseconds last_words{500};

// Everything but the workers' insides runs on the control thread, the one that called run_server().
class Server final : public AdminActions {
 public:
  explicit Server(const ServerOptions& options)
      : options_(options), signals_(control_, SIGTERM, SIGINT, SIGHUP), drain_timer_(control_) {
    signals_.add(SIGUSR1);
  }

  int run();

  bool ready() const override;
  Task<std::string> metrics() override;
  std::string config_yaml() const override;
  std::string providers_json() const override { return to_json(snapshot_->filters->provider_statuses()); }
  std::string reload() override;
  void drain() override;
  bool set_log_level(const std::string& level) override;
  std::string log_level() const override;
  std::vector<AdminPage> pages() const override { return snapshot_->filters->admin_pages(); }

 private:
  std::optional<int> start();
  std::shared_ptr<const Snapshot> load_snapshot(conf::Problems& problems);
  std::string take_new();
  std::string install(std::shared_ptr<const Snapshot> snapshot);
  void announce() const;
  void await_signal();
  void on_signal(int number);
  void cut_off();
  void stop();

  const ServerOptions& options_;
  double start_time_ = unix_now();
  StartOnly start_only_;
  MetricRegistry metric_registry_;
  std::unique_ptr<AccessLog> access_log_;
  asio::io_context control_{1};
  asio::signal_set signals_;
  asio::steady_timer drain_timer_;
  std::unique_ptr<AdminListener> admin_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<WorkerGroup> workers_;
  std::string last_reload_problems_;
  bool last_reload_successful_ = true;
  bool draining_ = false;
  bool cutting_off_ = false;
};

int Server::run() {
  if (const auto exit_code = start()) return *exit_code;
  announce();
  unmap_start_pages();
  await_signal();
  control_.run();
  if (options_.on_end) options_.on_end();
  workers_.reset();
  access_log_.reset();
  return exit_ok;
}

std::shared_ptr<const Snapshot> Server::load_snapshot(conf::Problems& problems) {
  conf::Loaded loaded = options_.load();
  problems = std::move(loaded.problems);
  auto snapshot = build_snapshot(std::move(loaded.config), options_.make_filters, metric_registry_, problems);
  log_problems(problems);
  return snapshot;
}

// Nothing serves before everything is known to work.
std::optional<int> Server::start() {
  raise_descriptor_limit();
  conf::Problems problems;
  snapshot_ = load_snapshot(problems);
  if (!snapshot_) return exit_bad_config;
  if (!await_loaded(*snapshot_->filters)) spdlog::warn("the store does not answer: the start does not wait for it");
  const conf::Config& config = snapshot_->config;
  start_only_ = start_only_of(config);
  auto log = AccessLog::open(config.access_log_file.empty() ? config.access_log : config.access_log_file.resolved);
  if (!log) {
    spdlog::error("{}", log.error());
    return exit_bad_config;
  }
  access_log_ = std::move(*log);
  const unsigned count = config.workers != 0 ? config.workers : allowed_cpus();
  workers_ = std::make_unique<WorkerGroup>(control_, count, snapshot_, *access_log_);
  auto sockets = workers_->bind(config);
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
  }
  snapshot_->filters->take_effect();
  workers_->install(snapshot_, std::move(*sockets));
  workers_->start();
  if (admin_) admin_->start();
  return std::nullopt;
}

void Server::announce() const {
  std::vector<std::string> addresses = workers_->addresses();
  std::string text;
  for (const std::string& address : addresses) text += " " + address;
  spdlog::info("serving{} admin {}", text, admin_ ? admin_->address() : "off");
  if (admin_) addresses.push_back(admin_->address());
  if (options_.on_serving) options_.on_serving(addresses);
}

std::string Server::reload() {
  if (draining_) {  // a new listener would take connections again
    spdlog::error("reload refused: the gateway is draining");
    return "the gateway is draining, and takes no new configuration\n";
  }
  try {
    last_reload_problems_ = take_new();
  } catch (const std::bad_alloc&) {
    last_reload_problems_ = "out of memory\n";
  } catch (const std::exception& failure) {  // of a thread, say, that could not be had
    last_reload_problems_ = std::string(failure.what()) + "\n";
  }
  last_reload_successful_ = last_reload_problems_.empty();
  if (last_reload_successful_) {
    spdlog::info("reloaded");
  } else {
    spdlog::error("reload refused, the configuration before goes on");
  }
  return last_reload_problems_;
}

// The configuration as its file is now; what is wrong with it, a line each.
std::string Server::take_new() {
  conf::Problems problems;
  std::shared_ptr<const Snapshot> snapshot = load_snapshot(problems);
  if (!snapshot) return join_problems(problems);
  const std::string problem = install(std::move(snapshot));
  if (problem.empty()) return {};
  spdlog::error("{}", problem);
  return problem + "\n";
}

// What stands in the way; nothing: it is the snapshot in use.
std::string Server::install(std::shared_ptr<const Snapshot> snapshot) {
  // A new store has to load before it replaces one that has: what is known to be revoked would be forgotten.
  if (snapshot_->filters->has_loaded() && !await_loaded(*snapshot->filters)) {
    return "the store of this configuration does not answer";
  }
  auto sockets = workers_->bind(snapshot->config);
  if (!sockets) return std::move(sockets.error());
  warn_about_restart(start_only_, start_only_of(snapshot->config));
  snapshot->filters->take_effect();
  workers_->install(snapshot, std::move(*sockets));
  snapshot_ = std::move(snapshot);
  return {};
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
        cut_off();
      } else {
        drain();
      }
  }
}

void Server::drain() {
  if (draining_) return;
  draining_ = true;
  spdlog::info("draining: no new connections, requests in flight may finish");
  workers_->drain([this] { stop(); });
  drain_timer_.expires_after(snapshot_->config.timeouts.drain);
  drain_timer_.async_wait([this](const error_code& error) {
    if (error) return;
    spdlog::warn("timeouts.drain has passed: requests in flight are cut off");
    cut_off();
  });
}

// The end comes when the workers have taken note, by what drain() gave them, or soon.
void Server::cut_off() {
  if (std::exchange(cutting_off_, true)) return;
  workers_->cut_off();
  drain_timer_.expires_after(last_words);
  drain_timer_.async_wait([this](const error_code& error) {
    if (!error) stop();
  });
}

void Server::stop() {
  workers_->stop();
  control_.stop();
}

// ---- admin

bool Server::ready() const {
  if (draining_) return false;
  const auto providers = snapshot_->filters->provider_statuses();
  const auto can_judge = [](const ProviderStatus& provider) { return provider.can_judge(); };
  switch (snapshot_->config.ready_when) {
    case conf::ReadyWhen::all:
      return std::all_of(providers.begin(), providers.end(), can_judge);
    case conf::ReadyWhen::any:
      return providers.empty() || std::any_of(providers.begin(), providers.end(), can_judge);
    case conf::ReadyWhen::none:
      break;
  }
  return true;
}

Task<std::string> Server::metrics() {
  const WorkerMetrics sum = co_await workers_->collect_metrics();
  ProcessFacts facts;
  facts.last_reload_successful = last_reload_successful_;
  facts.access_log_dropped = access_log_->dropped_lines();
  facts.version = options_.version;
  facts.start_time = start_time_;
  facts.providers = snapshot_->filters->provider_statuses();
  co_return render_metrics(sum, metric_registry_.routes, metric_registry_.upstreams, facts);
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
  // A connection's buffers shall be mappings of their own. In the heap, small objects that stay would keep what lies
  // between them from ever serving another size: a gateway that ran out of memory would not recover. OpenSSL's buffers,
  // of less than 17 KiB, come and go with each record and stay in the heap.
  ::mallopt(M_MMAP_THRESHOLD, 18 * 1024);
  Server server(options);
  return server.run();
}

}  // namespace postern
