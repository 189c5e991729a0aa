#include "filters/token_service/stores.hpp"

#include <doctest/doctest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/want_of_memory.hpp"
#include "tests/unit/scarce_memory.hpp"

namespace postern::token_service {
namespace {

// The store's answer, which comes on a thread of its own.
template <class Call>
state::SigningKeySet answer_of(const Call& call) {
  std::promise<tl::expected<state::SigningKeySet, state::StoreError>> answer;
  call([&](auto outcome) { answer.set_value(std::move(outcome)); });
  return answer.get_future().get().value();
}

// Adds what the next sweep removes.
void add_a_retired_key(state::Store& store, int number) {
  const auto known = answer_of([&](auto done) { store.load_signing_keys(done); });
  state::SigningKeyRecord key;
  key.kid = std::to_string(number);
  key.alg = "ES256";
  key.retired = 1;
  answer_of([&](auto done) { store.add_signing_key(std::move(key), known.version, done); });
}

bool is_swept(state::Store& store) {
  return answer_of([&](auto done) { store.load_signing_keys(done); }).keys.empty();
}

}  // namespace

TEST_CASE("Whichever allocation of a sweeper's turn fails, another turn sweeps") {
  std::string directory = (std::filesystem::temp_directory_path() / "postern-stores-XXXXXX").string();
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<Executor> work{io.get_executor()};
  Stores stores(io, std::chrono::milliseconds(2));
  std::thread sweeping{[&] {
    ScarceMemory::is_about_this_thread = true;
    insist([&] { io.run(); });
  }};
  conf::Problems problems;
  const auto store = stores.follow({state::SqliteOptions{.file = directory + "/db"}, "store", "one"}, problems).store;
  REQUIRE(store != nullptr);
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    CAPTURE(granted);
    const unsigned refused = ScarceMemory::refused;
    ScarceMemory::granted = granted;
    add_a_retired_key(*store->get(), granted);
    CHECK(wait_until([&] { return ScarceMemory::refused != refused || is_swept(*store->get()); }));
    ScarceMemory::granted = -1;
    was_refused = ScarceMemory::refused != refused;
    add_a_retired_key(*store->get(), -1 - granted);
    CHECK(wait_until([&] { return is_swept(*store->get()); }));
  }
  CHECK(granted >= 2);
  stores.close();
  io.stop();
  sweeping.join();
  std::filesystem::remove_all(directory);
}

TEST_CASE("A store whose last holder finds no memory to say so, ends on the stores' thread all the same") {
  std::string directory = (std::filesystem::temp_directory_path() / "postern-stores-XXXXXX").string();
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  boost::asio::io_context io{1};
  Stores stores(io);
  conf::Problems problems;
  auto followed = stores.follow({state::SqliteOptions{.file = directory + "/db"}, "store", "one"}, problems);
  REQUIRE(followed.store != nullptr);
  const std::weak_ptr<StoreHolder> held = followed.store;
  const std::weak_ptr<state::Store> store = followed.store->get();
  REQUIRE_FALSE(store.expired());
  const unsigned refused = ScarceMemory::refused;
  ScarceMemory::is_about_this_thread = true;
  ScarceMemory::granted = 0;
  followed = {};
  ScarceMemory::is_about_this_thread = false;
  ScarceMemory::granted = -1;
  CHECK(ScarceMemory::refused == refused + 1);
  CHECK(held.expired());
  CHECK_FALSE(store.expired());
  io.poll();
  CHECK(store.expired());
  std::filesystem::remove_all(directory);
}

}  // namespace postern::token_service
