#include "gateway/name_lookups.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/error.hpp>
#include <memory>
#include <new>
#include <thread>

#include "tests/unit/run_until.hpp"
#include "tests/unit/slow_names.hpp"

using namespace postern;
namespace asio = boost::asio;

namespace {

const Addresses loopback{asio::ip::make_address("127.0.0.1"), asio::ip::make_address("::1")};

}  // namespace

TEST_CASE("who asks for a name that is looked up already takes that outcome, and other names do not wait for it") {
  SlowNames names;
  asio::io_context io{1};
  NameLookups lookups(io.get_executor(), names.resolve());
  int answered = 0;
  const auto done = [&](const Resolved& outcome) { answered += outcome == loopback; };
  for (const char* host : {"a", "b", "a", "b"}) CHECK_FALSE(lookups.begin(host, done));
  names.wait_for_look_ups(2);
  names.open(loopback);
  run_until(io, [&] { return answered == 4; });
  CHECK(names.asked().size() == 2);
  CHECK_FALSE(lookups.begin("a", done));
  run_until(io, [&] { return answered == 5; });
  CHECK(names.asked().size() == 3);
}

TEST_CASE("look-ups end without those who asked, who do not wait for that") {
  SlowNames names;
  asio::io_context io{1};
  bool told = false;
  {
    NameLookups lookups(io.get_executor(), names.resolve());
    CHECK_FALSE(lookups.begin("a", [&](const Resolved&) { told = true; }));
    names.wait_for_look_ups(1);
  }
  names.open(loopback);
  while (!names.is_left_alone()) std::this_thread::yield();
  io.poll();
  CHECK_FALSE(told);
}

TEST_CASE("an outcome that was on its way to somebody who is gone is not told") {
  asio::io_context io{1};
  std::atomic<bool> asked = false;
  bool told = false;
  // Its thread is left to itself, perhaps beyond the end of this program's objects: it works on its own copy.
  const auto resolve = [&asked, outcome = loopback](const std::string&) -> Resolved {
    asked = true;
    return outcome;
  };
  auto lookups = std::make_unique<NameLookups>(io.get_executor(), resolve);
  CHECK_FALSE(lookups->begin("a", [&](const Resolved&) { told = true; }));
  while (!asked) std::this_thread::yield();
  lookups.reset();
  io.poll();
  CHECK_FALSE(told);
}

TEST_CASE("a look-up that throws is one that failed, and the name is looked up again when it is asked for") {
  asio::io_context io{1};
  NameLookups lookups(io.get_executor(), [](const std::string&) -> Resolved { throw std::bad_alloc(); });
  int failures = 0;
  for (int i = 1; i <= 2; ++i) {
    CHECK_FALSE(lookups.begin(
        "a", [&](const Resolved& outcome) { failures += !outcome && outcome.error() == asio::error::no_memory; }));
    run_until(io, [&] { return failures == i; });
  }
}
