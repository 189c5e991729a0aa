#include <doctest/doctest.h>

#include <new>
#include <optional>
#include <string>
#include <utility>

#include "gateway/worker_group.hpp"
#include "tests/unit/run_until.hpp"
#include "tests/unit/scarce_memory.hpp"

using namespace postern;
namespace asio = boost::asio;

namespace {

// What a factory's states tell of themselves.
struct Told {
  int made = 0;
  int retired = 0;
  std::function<void()> on_made = [] {};  // on the worker's thread
};

struct CountedState final : WorkerState {
  explicit CountedState(Told& t) : told(t) {}
  void retire() noexcept override { ++told.retired; }
  Told& told;
};

struct NoFilters final : FilterFactory {
  explicit NoFilters(Told& t) : told(t) {}
  Chain make_chain(const conf::Route&) override { return {}; }
  std::unique_ptr<WorkerState> make_worker_state() const override {
    ++told.made;
    told.on_made();
    return std::make_unique<CountedState>(told);
  }
  std::vector<ProviderStatus> provider_statuses() const override { return {}; }
  Told& told;
};

std::shared_ptr<Snapshot> some_snapshot(Told& told) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->filters = std::make_unique<NoFilters>(told);
  return snapshot;
}

}  // namespace

TEST_CASE("a reload retires the state of the snapshot before it, also while a request holds that") {
  Told told;
  const auto log = AccessLog::open("off");
  Worker worker(some_snapshot(told), **log);
  CHECK(told.retired == 0);
  const std::shared_ptr<ActiveSnapshot> held = worker.active();
  worker.swap(some_snapshot(told));
  CHECK(told.made == 2);
  CHECK(told.retired == 1);
  CHECK(held->state != nullptr);
}

TEST_CASE("what a worker is handed is done once it finds memory") {
  Told told;
  const auto log = AccessLog::open("off");
  Worker worker(some_snapshot(told), **log);
  int begun = 0;
  worker.post([&] {
    if (++begun < 3) throw std::bad_alloc();
    worker.stop();
  });
  worker.run();
  CHECK(begun == 3);
}

TEST_CASE("whichever allocation a worker is refused at a reload, it takes it whole, listens, and tells its metrics") {
  asio::io_context control{1};
  Told told;
  const auto log = AccessLog::open("off");
  WorkerGroup group(control, 1, some_snapshot(told), **log);
  group.start();
  std::uint64_t connections = 0;
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    const unsigned refused = ScarceMemory::refused;
    auto snapshot = some_snapshot(told);
    snapshot->config.listeners.emplace_back().address = "127.0.0." + std::to_string(1 + granted % 2) + ":0";
    snapshot->listener_tls.emplace_back();
    auto sockets = group.bind(snapshot->config);
    REQUIRE(sockets);
    told.on_made = [granted, is_first = true]() mutable {
      ScarceMemory::is_about_this_thread = true;
      if (std::exchange(is_first, false)) ScarceMemory::granted = granted;
    };
    group.install(snapshot, std::move(*sockets));
    const auto metrics = [&] {
      std::optional<WorkerMetrics> collected;
      const auto collect = [&]() -> Task<void> { collected = co_await group.collect_metrics(); };
      spawn(control.get_executor(), collect());
      run_until(control, [&] { return collected.has_value(); });
      return *collected;
    };
    metrics();
    ScarceMemory::granted = -1;
    was_refused = ScarceMemory::refused != refused;
    asio::ip::tcp::socket client(control);
    const std::string address = group.addresses().front();
    client.connect({asio::ip::make_address(address.substr(0, address.find(':'))),
                    static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1)))});
    ++connections;
    REQUIRE(wait_until([&] { return metrics().downstream_connections_total == connections; }));
  }
  CHECK(granted >= 3);
  group.stop();
}
