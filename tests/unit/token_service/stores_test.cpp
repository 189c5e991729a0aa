#include "filters/token_service/stores.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/temporary_folder.hpp"
#include "base/want_of_memory.hpp"
#include "tests/unit/scarce_memory.hpp"

namespace postern::token_service {
namespace {

// The store's answer, which comes on a thread of its own.
template <class T, class Call>
T answer_of(const Call& call) {
  std::promise<tl::expected<T, state::StoreError>> answer;
  call([&](auto outcome) { answer.set_value(std::move(outcome)); });
  return answer.get_future().get().value();
}

// Of one session's tokens.
state::TokenHash hash_of(const std::string& sid, std::uint8_t number) {
  state::TokenHash hash{number};
  std::copy(sid.begin(), sid.end(), hash.begin() + 1);
  return hash;
}

// The session's first token is presented within its grace, in 1970.
state::Rotation presented(const std::string& sid, state::Rotation::Kind kind) {
  constexpr state::Millis now = 1100, grace = 10;
  return {.kind = kind,
          .sid = sid,
          .presented = hash_of(sid, 1),
          .client = "app",
          .successor = hash_of(sid, kind == state::Rotation::Kind::look ? 3 : 2),
          .sealed = {"sealed", now + grace},
          .lifetime = 500,
          .presented_at = now,
          .now = now,
          .grace = grace};
}

// Adds what the next sweep removes, also in the first hour: a sealed successor.
void add_a_used_token(state::Store& store, const std::string& sid) {
  state::Family family;
  family.sid = sid;
  family.client = "app";
  family.ends = 5000;
  answer_of<state::Begun>([&](auto done) { store.begin_session(family, {hash_of(sid, 1), 0, 5000, {}, {}}, done); });
  const auto rotated =
      answer_of<state::Rotated>([&](auto done) { store.rotate(presented(sid, state::Rotation::Kind::rotate), done); });
  REQUIRE(rotated.presented == state::Presented::current);
}

bool is_swept(state::Store& store, const std::string& sid) {
  const auto looked =
      answer_of<state::Rotated>([&](auto done) { store.rotate(presented(sid, state::Rotation::Kind::look), done); });
  return looked.presented == state::Presented::unknown;
}

}  // namespace

TEST_CASE("Whichever allocation of a sweeper's turn fails, another turn sweeps") {
  const TemporaryFolder folder("postern-stores-");
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<Executor> work{io.get_executor()};
  Stores stores(io, std::chrono::milliseconds(2));
  std::thread sweeping{[&] {
    ScarceMemory::is_about_this_thread = true;
    insist([&] { io.run(); });
  }};
  conf::Problems problems;
  const auto store =
      stores.follow({state::SqliteOptions{.file = folder.path_of("db")}, "store", "one"}, problems).store;
  REQUIRE(store != nullptr);
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    CAPTURE(granted);
    const unsigned refused = ScarceMemory::refused;
    ScarceMemory::granted = granted;
    const std::string sid = std::to_string(granted);
    add_a_used_token(*store->get(), sid);
    CHECK(wait_until([&] { return ScarceMemory::refused != refused || is_swept(*store->get(), sid); }));
    ScarceMemory::granted = -1;
    was_refused = ScarceMemory::refused != refused;
    add_a_used_token(*store->get(), sid + " again");
    REQUIRE(wait_until([&] { return is_swept(*store->get(), sid + " again"); }));
  }
  CHECK(granted >= 2);
  stores.close();
  io.stop();
  sweeping.join();
}

TEST_CASE("A store whose last holder finds no memory to say so, ends on the stores' thread all the same") {
  const TemporaryFolder folder("postern-stores-");
  boost::asio::io_context io{1};
  Stores stores(io);
  conf::Problems problems;
  auto followed = stores.follow({state::SqliteOptions{.file = folder.path_of("db")}, "store", "one"}, problems);
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
}

}  // namespace postern::token_service
