#include "filters/token_service/signing_keys.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <thread>

#include "base/temporary_folder.hpp"
#include "base/want_of_memory.hpp"
#include "state/sqlite/sqlite_store.hpp"
#include "tests/unit/run_until.hpp"
#include "tests/unit/scarce_memory.hpp"

namespace postern::token_service {
namespace {

// The engine's thread, whose memory is scarce.
struct Engine {
  ~Engine() {
    io.stop();
    thread.join();
  }
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<Executor> work{io.get_executor()};
  std::thread thread{[this] {
    ScarceMemory::is_about_this_thread = true;
    insist([this] { io.run(); });
  }};
};

// Another gateway makes a key.
void add_as_another(state::Store& store) {
  using Outcome = tl::expected<state::SigningKeySet, state::StoreError>;
  std::promise<Outcome> loaded, added;
  store.load_signing_keys([&](Outcome outcome) { loaded.set_value(std::move(outcome)); });
  state::SigningKeySet set = loaded.get_future().get().value();
  const auto key = jose::SigningKey::generate(*jose::find_algorithm("ES256")).value();
  state::SigningKeyRecord record = set.keys.back();
  record.kid = key.kid();
  record.private_key = key.to_pem();
  store.add_signing_key(std::move(record), set.version, [&](Outcome outcome) { added.set_value(std::move(outcome)); });
  REQUIRE(added.get_future().get().has_value());
}

}  // namespace

TEST_CASE("Whichever allocation fails while keys are loaded or made, they are there when they are asked for again") {
  const auto level = spdlog::get_level();  // the logger is made at its first use
  spdlog::set_level(spdlog::level::off);
  const TemporaryFolder folder("postern-keys-");
  boost::asio::io_context io{1};  // is there until the engine has ended: it may be bringing what has arrived already
  Engine engine;
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    CAPTURE(granted);
    const std::string file = folder.path_of(std::to_string(granted));
    const auto store = std::make_shared<StoreHolder>(std::move(state::open_sqlite_store({.file = file}).value()));
    const auto keys = std::make_shared<SigningKeys>(engine.io, store, Revocations::follow(*store->get()),
                                                    schedule_of(conf::TokenService()), Secret());
    const unsigned refused = ScarceMemory::refused;
    ScarceMemory::granted = granted;
    keys->start();
    CHECK(wait_until([&] { return ScarceMemory::refused != refused || !keys->known().keys.empty(); }));
    ScarceMemory::granted = -1;
    was_refused = ScarceMemory::refused != refused;
    std::optional<SigningKeys::Made> made;
    const auto rotate = [&]() -> Task<void> { made = co_await keys->rotate(); };
    spawn(io.get_executor(), rotate());
    run_until(io, [&] { return made.has_value(); });
    CHECK_MESSAGE(made->has_value(), made->error());
    CHECK_FALSE(keys->known().keys.empty());
    store->close();
  }
  CHECK(granted > 20);
  spdlog::set_level(level);
}

TEST_CASE("Whichever allocation of a look at the keys fails, they are looked at again without being asked") {
  const auto level = spdlog::get_level();  // the logger is made at its first use
  spdlog::set_level(spdlog::level::off);
  const TemporaryFolder folder("postern-keys-");
  Engine engine;
  const LookPauses pauses{std::chrono::milliseconds(2), std::chrono::milliseconds(2)};
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    CAPTURE(granted);
    const std::string file = folder.path_of(std::to_string(granted));
    const auto store = std::make_shared<StoreHolder>(std::move(state::open_sqlite_store({.file = file}).value()));
    auto keys =
        std::make_shared<SigningKeys>(engine.io, store, Revocations::follow(*store->get()),
                                      schedule_of(conf::TokenService()), Secret(), pauses);
    keys->start();
    REQUIRE(wait_until([&] { return keys->known().keys.size() == 1; }));
    const unsigned refused = ScarceMemory::refused;
    ScarceMemory::granted = granted;
    add_as_another(*store->get());
    CHECK(wait_until([&] { return ScarceMemory::refused != refused || keys->known().keys.size() == 2; }));
    ScarceMemory::granted = -1;
    was_refused = ScarceMemory::refused != refused;
    add_as_another(*store->get());
    CHECK(wait_until([&] { return keys->known().keys.size() == 3; }));
    store->close();
    const std::weak_ptr<SigningKeys> ended = keys;
    keys.reset();
    REQUIRE(wait_until([&] { return ended.expired(); }));
  }
  CHECK(granted > 10);
  spdlog::set_level(level);
}

}  // namespace postern::token_service
