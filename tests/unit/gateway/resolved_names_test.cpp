#include "gateway/resolved_names.hpp"

#include <doctest/doctest.h>

#include <array>
#include <boost/asio/error.hpp>
#include <optional>

#include "gateway/upstream_pool.hpp"
#include "tests/unit/run_until.hpp"
#include "tests/unit/slow_names.hpp"

using namespace postern;
namespace asio = boost::asio;

namespace {

const Addresses first{asio::ip::make_address("192.0.2.1")};
const Addresses second{asio::ip::make_address("192.0.2.2"), asio::ip::make_address("2001:db8::2")};
const error_code not_found = asio::error::host_not_found;
constexpr SteadyTime start{std::chrono::hours(1)};
constexpr std::chrono::nanoseconds instant{1};

KnownAddresses ended_with(const Resolved& outcome) {
  KnownAddresses known;
  known.begun();
  known.ended(outcome, start);
  return known;
}

// Somebody who needs a name's addresses.
struct Asking {
  void begin(asio::io_context& io, const std::shared_ptr<ResolvedName>& asked_for) {
    name = asked_for;
    spawn(io.get_executor(), ask());
  }
  Task<void> ask() { error = co_await name->resolve(given_up); }
  void give_up() {
    given_up = true;
    name->wake();
  }

  std::shared_ptr<ResolvedName> name;
  bool given_up = false;
  std::optional<error_code> error;
};

struct World {
  SlowNames slow;
  asio::io_context io{1};
  ResolvedNames names{io.get_executor(), slow.resolve()};
};

conf::Upstream upstream_at(const std::string& endpoint) {
  conf::Upstream upstream;
  upstream.endpoints = {endpoint};
  return upstream;
}

Task<void> open(UpstreamConnection& connection, std::optional<error_code>& outcome) {
  outcome = co_await connection.open(nullptr);
}

}  // namespace

TEST_CASE("a name is looked up when it is first needed, and not twice at a time") {
  KnownAddresses known;
  CHECK(known.is_due(start));
  CHECK_FALSE(known.must_be_awaited());
  known.begun();
  CHECK_FALSE(known.is_due(start));
  CHECK(known.must_be_awaited());
}

TEST_CASE("an address is never looked up") {
  const KnownAddresses known(first);
  CHECK_FALSE(known.is_due(start));
  CHECK(known.addresses() == first);
}

TEST_CASE("addresses serve for 30 s, and on while they are looked up again and when that fails") {
  KnownAddresses known = ended_with(first);
  CHECK_FALSE(known.is_due(start + std::chrono::seconds(30) - instant));
  const SteadyTime later = start + std::chrono::seconds(30);
  CHECK(known.is_due(later));
  known.begun();
  CHECK_FALSE(known.must_be_awaited());
  CHECK(known.addresses() == first);
  SUBCASE("a failure") {
    known.ended(tl::unexpected(not_found), later);
  }
  SUBCASE("no address") {
    known.ended(Addresses{}, later);
  }
  CHECK(known.addresses() == first);
  CHECK_FALSE(known.is_due(later + std::chrono::seconds(1) - instant));
  CHECK(known.is_due(later + std::chrono::seconds(1)));
  known.begun();
  known.ended(second, later);
  CHECK(known.addresses() == second);
}

TEST_CASE("a failure is the answer for a second") {
  const KnownAddresses known = ended_with(tl::unexpected(not_found));
  CHECK_FALSE(known.must_be_awaited());
  CHECK(known.addresses().empty());
  CHECK(known.failure() == not_found);
  CHECK_FALSE(known.is_due(start + std::chrono::seconds(1) - instant));
  CHECK(known.is_due(start + std::chrono::seconds(1)));
}

TEST_CASE("a name without an address is one that is not found") {
  CHECK(ended_with(Addresses{}).failure() == not_found);
}

TEST_CASE("those who ask while a name is looked up share that look-up, and its failure those who ask right after it") {
  World world;
  std::array<Asking, 5> asking;
  for (std::size_t i = 0; i < 4; ++i) asking[i].begin(world.io, world.names.find("a"));
  world.io.poll();
  world.slow.wait_for_look_ups(1);
  world.slow.open(tl::unexpected(not_found));
  run_until(world.io, [&] { return asking[3].error.has_value(); });
  asking[4].begin(world.io, world.names.find("a"));
  run_until(world.io, [&] { return asking[4].error.has_value(); });
  for (const Asking& one : asking) CHECK(one.error == not_found);
  CHECK(world.slow.asked().size() == 1);
}

TEST_CASE("one who gives up waits no longer, be it before the wait or within it; others do") {
  World world;
  std::array<Asking, 3> asking;
  asking[0].given_up = true;
  for (Asking& one : asking) one.begin(world.io, world.names.find("a"));
  world.io.poll();
  CHECK(asking[0].error == asio::error::operation_aborted);
  CHECK_FALSE(asking[1].error);
  asking[1].give_up();
  world.io.poll();
  CHECK(asking[1].error == asio::error::operation_aborted);
  CHECK_FALSE(asking[2].error);
  world.slow.open(first);
  run_until(world.io, [&] { return asking[2].error.has_value(); });
  CHECK_FALSE(*asking[2].error);
  CHECK(asking[2].name->addresses() == first);
  CHECK(world.slow.asked().size() == 1);
}

TEST_CASE("what a look-up brings is kept when nobody waits for it any more") {
  World world;
  Asking hasty;
  hasty.begin(world.io, world.names.find("a"));
  world.io.poll();
  hasty.give_up();
  world.io.poll();
  REQUIRE(hasty.error);
  world.slow.open(first);
  run_until(world.io, [&] { return !hasty.name->addresses().empty(); });
  Asking next;
  next.begin(world.io, world.names.find("a"));
  run_until(world.io, [&] { return next.error.has_value(); });
  CHECK(next.error == error_code());
  CHECK(world.slow.asked().size() == 1);
}

TEST_CASE("a name is known as long as somebody has it, and no longer") {
  World world;
  auto name = world.names.find("a");
  CHECK(world.names.find("a") == name);
  CHECK(world.names.find("b") != name);
  const std::weak_ptr<ResolvedName> gone = name;
  name.reset();
  CHECK(gone.expired());
  CHECK(world.names.find("a") != nullptr);
}

TEST_CASE("names may go, and their worker end, while they are looked up") {
  SlowNames slow;
  {
    asio::io_context io{1};
    ResolvedNames names(io.get_executor(), slow.resolve());
    Asking asking;
    asking.begin(io, names.find("a"));
    {
      Asking other;
      other.begin(io, names.find("b"));
      io.poll();
      other.give_up();
      io.poll();
    }
    slow.wait_for_look_ups(2);
  }
  slow.open(first);
  while (!slow.is_left_alone()) std::this_thread::yield();
}

TEST_CASE("an upstream's connection gives up its name when it is cancelled, and another one has it once it is known") {
  World world;
  Ticker ticker(world.io);
  asio::ip::tcp::acceptor acceptor(world.io, {asio::ip::address_v4::loopback(), 0});
  const std::string url = "http://orders.example:" + std::to_string(acceptor.local_endpoint().port());
  UpstreamPool pool(world.io, ticker, world.names, upstream_at(url), nullptr, nullptr);
  std::array<std::unique_ptr<UpstreamConnection>, 3> connections;
  std::array<std::optional<error_code>, 3> outcomes;
  for (std::size_t i = 0; i < 3; ++i) {
    connections[i] = pool.make(0);
    if (i == 0) connections[i]->cancel();
    spawn(world.io.get_executor(), open(*connections[i], outcomes[i]));
  }
  world.io.poll();
  CHECK(outcomes[0] == asio::error::operation_aborted);
  CHECK_FALSE(outcomes[1]);
  connections[1]->cancel();
  world.io.poll();
  CHECK(outcomes[1] == asio::error::operation_aborted);
  world.slow.open(Addresses{asio::ip::address_v4::loopback()});
  run_until(world.io, [&] { return outcomes[2].has_value(); });
  CHECK(outcomes[2] == error_code());
}
