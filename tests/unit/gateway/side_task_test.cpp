#include "gateway/side_task.hpp"

#include <doctest/doctest.h>

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace postern;
namespace asio = boost::asio;

namespace {

using Alive = std::shared_ptr<int>;
using Said = std::vector<std::string>;

class Bell {
 public:
  explicit Bell(const Executor& executor) : timer_(executor, asio::steady_timer::time_point::max()) {}
  void ring() { timer_.cancel(); }
  Task<void> wait() { co_await timer_.async_wait(as_result); }

 private:
  asio::steady_timer timer_;
};

Task<void> beside(Bell& bell, Said& said, Alive) {
  said.push_back("beside");
  co_await bell.wait();
  said.push_back("its end");
}

Task<void> at_once(Said& said) {
  said.push_back("at once");
  co_return;
}

Task<void> fails_at_once() {
  throw std::runtime_error("lost");
  co_return;
}

Task<void> owner(Bell& bell, Said& said, Alive alive) {
  SideTask side;
  co_await side.end();  // there is none
  side.begin(co_await current_executor(), beside(bell, said, alive));
  said.push_back(side.is_running() ? "runs" : "does not run");
  co_await side.end();
  said.push_back(side.is_running() ? "runs" : "over");
  side.begin(co_await current_executor(), at_once(said));
  co_await side.end();
  side.begin(co_await current_executor(), fails_at_once());
  co_await side.end();
  said.push_back("the end");
}

// Waits for something else than its side task.
Task<void> busy_owner(Bell& bell, Bell& another, Said& said, Alive alive) {
  SideTask side;
  side.begin(co_await current_executor(), beside(bell, said, alive));
  co_await another.wait();
  said.push_back("left");
}

}  // namespace

TEST_CASE("the owner goes on when its side task has ended") {
  asio::io_context io{1};
  Bell bell(io.get_executor());
  Said said;
  const auto alive = std::make_shared<int>();
  spawn(io.get_executor(), owner(bell, said, alive));
  io.poll();
  CHECK(said == Said{"beside", "runs"});
  bell.ring();
  io.run();
  CHECK(said == Said{"beside", "runs", "its end", "over", "at once", "the end"});
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a context that goes takes along the side task and the owner that waits for it") {
  const auto alive = std::make_shared<int>();
  Said said;
  {
    asio::io_context io{1};
    Bell bell(io.get_executor());
    spawn(io.get_executor(), owner(bell, said, alive));
    io.poll();
    CHECK(alive.use_count() > 1);
  }
  CHECK(alive.use_count() == 1);
  CHECK(said == Said{"beside", "runs"});
}

TEST_CASE("a context that goes takes along both, when the owner waits for something else") {
  for (const bool owner_first : {false, true}) {
    CAPTURE(owner_first);
    const auto alive = std::make_shared<int>();
    Said said;
    {
      asio::io_context io{1};
      Bell bells[] = {Bell(io.get_executor()), Bell(io.get_executor())};
      spawn(io.get_executor(), busy_owner(bells[owner_first ? 0 : 1], bells[owner_first ? 1 : 0], said, alive));
      io.poll();
      CHECK(alive.use_count() > 1);
    }
    CHECK(alive.use_count() == 1);
    CHECK(said == Said{"beside"});
  }
}

TEST_CASE("an owner may leave before its side task") {
  asio::io_context io{1};
  Bell bell(io.get_executor());
  Bell another(io.get_executor());
  Said said;
  const auto alive = std::make_shared<int>();
  spawn(io.get_executor(), busy_owner(bell, another, said, alive));
  io.poll();
  another.ring();
  io.poll();
  CHECK(said == Said{"beside", "left"});
  bell.ring();
  io.run();
  CHECK(said == Said{"beside", "left", "its end"});
  CHECK(alive.use_count() == 1);
}
