#include <doctest/doctest.h>

#include <new>

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
