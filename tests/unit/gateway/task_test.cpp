#include "gateway/task.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace postern;
namespace asio = boost::asio;

namespace {

// Its end is told to whoever holds the other half of the counter.
using Alive = std::shared_ptr<int>;

Task<int> at_hand(int value) { co_return value; }

Task<std::string> after_a_turn(std::string text) {
  co_await asio::post(co_await current_executor(), as_result);
  co_return text;
}

Task<void> fails(bool waits_first) {
  if (waits_first) co_await asio::post(co_await current_executor(), as_result);
  throw std::runtime_error("no");
}

Task<void> for_ever(Alive) {
  asio::steady_timer timer(co_await current_executor(), asio::steady_timer::time_point::max());
  co_await timer.async_wait(as_result);
  FAIL("the timer ended");
}

Task<void> holds_while_waiting_for(Task<void> inner, Alive) { co_await std::move(inner); }

// An operation that cannot begin.
template <class Token>
auto async_refused(Token&& token) {
  return asio::async_initiate<Token, void()>([](auto&&) { throw std::bad_alloc(); }, token);
}

}  // namespace

TEST_CASE("a task gives its value to the one that awaits it, at once or later") {
  asio::io_context io{1};
  std::vector<std::string> seen;
  const auto task = [](std::vector<std::string>& texts) -> Task<void> {
    texts.push_back(std::to_string(co_await at_hand(3)));
    texts.push_back(co_await after_a_turn("later"));
    texts.push_back(std::to_string(co_await at_hand(4)));
  };
  spawn(io.get_executor(), task(seen));
  CHECK(seen.empty());  // this thread does not run the context
  io.run();
  CHECK(seen == std::vector<std::string>{"3", "later", "4"});
}

TEST_CASE("a task that is spawned from another runs at once, and its end is told with its value") {
  asio::io_context io{1};
  std::vector<std::string> seen;
  const auto task = [](std::vector<std::string>& texts) -> Task<void> {
    const Executor executor = co_await current_executor();
    spawn(executor, after_a_turn("value"), [&texts](const std::exception_ptr& failure, const std::string& value) {
      CHECK_FALSE(failure);
      texts.push_back(value);
    });
    spawn(executor, at_hand(7),
          [&texts](const std::exception_ptr&, int value) { texts.push_back(std::to_string(value)); });
    texts.push_back("spawned");
  };
  spawn(io.get_executor(), task(seen));
  io.run();
  CHECK(seen == std::vector<std::string>{"7", "spawned", "value"});
}

TEST_CASE("what leaves a task is thrown where it is awaited, and told at the end of a spawned one") {
  for (const bool waits_first : {false, true}) {
    CAPTURE(waits_first);
    asio::io_context io{1};
    std::string caught;
    bool told = false;
    const auto task = [](bool waits, std::string& text) -> Task<int> {
      try {
        co_await fails(waits);
      } catch (const std::runtime_error& error) {
        text = error.what();
      }
      co_await fails(waits);
      co_return 1;
    };
    spawn(io.get_executor(), task(waits_first, caught), [&](const std::exception_ptr& failure, int) {
      CHECK_THROWS_WITH_AS(std::rethrow_exception(failure), "no", std::runtime_error);
      told = true;
    });
    io.run();
    CHECK(caught == "no");
    CHECK(told);
  }
}

TEST_CASE("a context that goes takes along every coroutine that waits on it") {
  const auto alive = std::make_shared<int>();
  {
    asio::io_context io{1};
    spawn(io.get_executor(), holds_while_waiting_for(holds_while_waiting_for(for_ever(alive), alive), alive));
    CHECK(io.poll() == 1);
    CHECK(alive.use_count() == 4);
  }
  CHECK(alive.use_count() == 1);
  {
    asio::io_context io{1};
    spawn(io.get_executor(), for_ever(alive));  // dropped before its begin
    CHECK(alive.use_count() == 2);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a task that is never awaited ends with its handle") {
  const auto alive = std::make_shared<int>();
  {
    const Task<void> task = for_ever(alive);
    CHECK(alive.use_count() == 2);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("an operation that cannot begin throws where it is awaited, and the task goes on") {
  asio::io_context io{1};
  bool went_on = false;
  const auto task = [](bool& done) -> Task<void> {
    CHECK_THROWS_AS(co_await async_refused(as_result), std::bad_alloc);
    const std::string text = co_await after_a_turn("on");
    done = text == "on";
  };
  spawn(io.get_executor(), task(went_on));
  io.run();
  CHECK(went_on);
}

TEST_CASE("an error is a value among the results") {
  asio::io_context io{1};
  std::optional<boost::system::error_code> told;
  const auto task = [](std::optional<boost::system::error_code>& result) -> Task<void> {
    const Executor executor = co_await current_executor();
    asio::steady_timer timer(executor, asio::steady_timer::time_point::max());
    asio::post(executor, [&timer] { timer.cancel(); });
    const auto [error] = co_await timer.async_wait(as_result);
    result = error;
  };
  spawn(io.get_executor(), task(told));
  io.run();
  CHECK(told == asio::error::operation_aborted);
}

TEST_CASE("a result that has no empty value arrives") {
  asio::io_context io{1};
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket client(io);
  client.connect(acceptor.local_endpoint());
  std::optional<asio::ip::tcp::endpoint> accepted;
  const auto task = [](asio::ip::tcp::acceptor& from, auto& peer) -> Task<void> {
    auto [error, socket] = co_await from.async_accept(as_result);
    REQUIRE_FALSE(error);
    peer = socket.remote_endpoint();
  };
  spawn(io.get_executor(), task(acceptor, accepted));
  io.run();
  CHECK(accepted == client.local_endpoint());
}

TEST_CASE("a million awaits of what is at hand need no more stack than one") {
  asio::io_context io{1};
  long sum = 0;
  const auto task = [](long& total) -> Task<void> {
    for (int number = 0; number < 1'000'000; ++number) total += co_await at_hand(1);
  };
  spawn(io.get_executor(), task(sum));
  io.run();
  CHECK(sum == 1'000'000);
}
