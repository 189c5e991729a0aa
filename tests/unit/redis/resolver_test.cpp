#include "state/redis/resolver.hpp"

#include <doctest/doctest.h>

#include <array>
#include <boost/asio/error.hpp>
#include <optional>
#include <utility>

#include "state/redis/connection.hpp"
#include "tests/unit/run_until.hpp"
#include "tests/unit/slow_names.hpp"

using namespace postern;
using namespace postern::state;
using namespace postern::state::redis;
namespace asio = boost::asio;

namespace {

const Addresses loopback{asio::ip::make_address("127.0.0.1"), asio::ip::make_address("::1")};

// Somebody who asks for a name.
struct Asking {
  void begin(asio::io_context& io, Resolver& resolver, const std::string& name) {
    host = name;
    spawn(io.get_executor(), ask(resolver));
  }
  Task<void> ask(Resolver& resolver) { outcome = co_await resolver.resolve(host, given_up); }

  std::string host;
  bool given_up = false;
  std::optional<Resolved> outcome;
};

Task<void> fail_to_open(Executor executor, Resolver& resolver, int times, int& failures) {
  RedisOptions options;
  options.timeout = std::chrono::milliseconds(5);
  const std::vector<GreetingStep> steps;
  for (int i = 0; i < times; ++i) {
    const auto connection = std::make_shared<Connection>(executor, options, resolver);
    conf::RedisAddress address{"redis.example", 6379};
    const MaybeError failed = co_await connection->open(std::move(address), steps);
    failures += failed && failed->detail == "Redis at redis.example port 6379: no answer in time";
  }
}

}  // namespace

TEST_CASE("ten attempts to connect that time out cause one look-up") {
  SlowNames names;
  asio::io_context io{1};
  int failures = 0;
  {
    Resolver resolver(io.get_executor(), names.resolve());
    spawn(io.get_executor(), fail_to_open(io.get_executor(), resolver, 10, failures));
    io.run();
    names.wait_for_look_ups(1);
  }
  CHECK(failures == 10);
  CHECK(names.asked().size() == 1);
  names.open(loopback);
}

TEST_CASE("who asks for the name that is looked up takes its outcome, and another name waits for its turn") {
  SlowNames names;
  asio::io_context io{1};
  Resolver resolver(io.get_executor(), names.resolve());
  std::array<Asking, 4> asking;
  asking[0].begin(io, resolver, "a");
  asking[1].begin(io, resolver, "b");
  asking[2].begin(io, resolver, "a");
  asking[3].begin(io, resolver, "b");
  io.poll();
  names.wait_for_look_ups(1);
  names.open(loopback);
  run_until(io, [&] { return asking[1].outcome && asking[3].outcome; });
  for (const Asking& one : asking) CHECK(one.outcome.value() == loopback);
  CHECK(names.asked() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a name is looked up anew each time, and its error is given") {
  SlowNames names;
  asio::io_context io{1};
  Resolver resolver(io.get_executor(), names.resolve());
  for (const Resolved& expected :
       {Resolved(loopback), Resolved(tl::unexpected(error_code(asio::error::host_not_found)))}) {
    names.open(expected);
    Asking one;
    one.begin(io, resolver, "a");
    run_until(io, [&] { return one.outcome.has_value(); });
    CHECK(*one.outcome == expected);
  }
  CHECK(names.asked().size() == 2);
}

TEST_CASE("one who gives up waits no longer, others do") {
  SlowNames names;
  asio::io_context io{1};
  Resolver resolver(io.get_executor(), names.resolve());
  std::array<Asking, 2> asking;
  for (Asking& one : asking) one.begin(io, resolver, "a");
  io.poll();
  asking[0].given_up = true;
  resolver.wake();
  io.poll();
  REQUIRE(asking[0].outcome);
  CHECK(asking[0].outcome->error() == asio::error::operation_aborted);
  CHECK_FALSE(asking[1].outcome);
  names.open(loopback);
  run_until(io, [&] { return asking[1].outcome.has_value(); });
  CHECK(asking[1].outcome->value() == loopback);
  CHECK(names.asked().size() == 1);
}

TEST_CASE("the system knows localhost as loopback") {
  const Resolved found = resolve_by_system("localhost");
  REQUIRE(found);
  REQUIRE_FALSE(found->empty());
  for (const auto& address : *found) CHECK(address.is_loopback());
}
