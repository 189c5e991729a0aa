#include "gateway/crew.hpp"

#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/resource.h>

#include <atomic>
#include <fstream>
#include <future>
#include <string>
#include <system_error>

#include "tests/unit/run_until.hpp"
#include "tests/unit/scarce_memory.hpp"

using namespace postern;
namespace asio = boost::asio;

namespace {

#ifdef POSTERN_SANITIZED
constexpr bool is_sanitized = true;  // it ends the program where memory cannot be mapped
#else
constexpr bool is_sanitized = false;
#endif

// Lets threads be made for about `count` times, as each wants the address space of a large stack.
class FewThreads {
 public:
  explicit FewThreads(std::size_t count) {
    pthread_attr_t attributes;
    pthread_getattr_default_np(&attributes);
    pthread_attr_getstacksize(&attributes, &stack_before_);
    set_stack(stack);
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    ::getrlimit(RLIMIT_AS, &before_);
    rlimit few = before_;
    few.rlim_cur = pages * 4096 + count * stack + stack / 2;
    ::setrlimit(RLIMIT_AS, &few);
  }
  ~FewThreads() {
    ::setrlimit(RLIMIT_AS, &before_);
    set_stack(stack_before_);
  }
  FewThreads(const FewThreads&) = delete;
  FewThreads& operator=(const FewThreads&) = delete;

 private:
  static constexpr std::size_t stack = std::size_t{512} << 20;
  static void set_stack(std::size_t size) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size);
    pthread_setattr_default_np(&attributes);
  }

  std::size_t stack_before_ = 0;
  rlimit before_{};
};

Task<void> ask(Crew& crew, std::thread::id& ran_on, std::thread::id& came_back_on, std::optional<int>& answer) {
  auto job = [&ran_on] {
    ran_on = std::this_thread::get_id();
    return 42;
  };
  answer = co_await run_on(crew, std::move(job));
  came_back_on = std::this_thread::get_id();
}

}  // namespace

TEST_CASE("a job runs on the crew's thread and its result comes back to the caller's") {
  asio::io_context io{1};
  Crew crew(1, 1);
  std::thread::id ran_on;
  std::thread::id came_back_on;
  std::optional<int> answer;
  spawn(io.get_executor(), ask(crew, ran_on, came_back_on, answer));
  io.run();
  CHECK(answer == 42);
  CHECK(ran_on != std::this_thread::get_id());
  CHECK(came_back_on == std::this_thread::get_id());
}

TEST_CASE("whichever allocation a crew's thread is refused, what the job gave comes back, or nothing") {
  asio::io_context io{1};  // is there until the crew has ended: it may be bringing what has arrived already
  Crew crew(1, 1);
  int granted = -1;
  for (bool was_refused = true; was_refused;) {
    ++granted;
    const unsigned refused = ScarceMemory::refused;
    std::atomic<bool> has_ended = false;
    const auto ask = [&]() -> Task<void> {
      auto job = [&] {
        ScarceMemory::is_about_this_thread = true;
        ScarceMemory::granted = granted;
        return std::string(100, 'x');
      };
      const std::optional<std::string> made = co_await run_on(crew, std::move(job));
      CHECK((!made || made->size() == 100));
      has_ended = true;
    };
    spawn(io.get_executor(), ask());
    run_until(io, [&] { return has_ended.load(); });
    ScarceMemory::granted = -1;
    was_refused = ScarceMemory::refused != refused;
  }
  CHECK(granted >= 2);
}

TEST_CASE("a job beyond the queue's limit is refused at once") {
  Crew crew(1, 2);
  std::promise<void> started;
  std::promise<void> go_on;
  REQUIRE(crew.try_add([&] {
    started.set_value();
    go_on.get_future().wait();
  }));
  started.get_future().wait();
  std::atomic<int> ran = 0;
  std::promise<void> last_ran;
  CHECK(crew.try_add([&] { ++ran; }));
  CHECK(crew.try_add([&] {
    ++ran;
    last_ran.set_value();
  }));
  CHECK_FALSE(crew.try_add([&] { ++ran; }));
  go_on.set_value();
  last_ran.get_future().wait();
  CHECK(ran == 2);
  CHECK(crew.try_add([] {}));
}

TEST_CASE("a full crew answers its caller, and a stopped one takes nothing") {
  Crew crew(1, 0);
  asio::io_context io{1};
  std::thread::id ran_on;
  std::thread::id came_back_on;
  std::optional<int> answer = 1;
  spawn(io.get_executor(), ask(crew, ran_on, came_back_on, answer));
  io.run();
  CHECK_FALSE(answer);
  Crew other(1, 1);
  other.stop();
  CHECK_FALSE(other.try_add([] {}));
}

TEST_CASE("a crew that finds no more threads says so, and those that it has end" * doctest::skip(is_sanitized)) {
  const FewThreads few(2);
  CHECK_THROWS_AS(Crew(8, 1), std::system_error);
}

TEST_CASE("a caller may leave before its job has ended") {
  Crew crew(1, 1);
  std::promise<void> started;
  std::promise<void> go_on;
  std::promise<void> ended;
  auto io = std::make_unique<asio::io_context>(1);
  {
    const auto handoff = std::make_shared<Handoff<int>>(io->get_executor());
    REQUIRE(crew.try_add([&, handoff] {
      started.set_value();
      go_on.get_future().wait();
      Handoff<int>::bring(handoff, 1);
      ended.set_value();
    }));
  }
  started.get_future().wait();
  go_on.set_value();
  ended.get_future().wait();
  CHECK(io->poll() == 1);  // arrives, and nobody waits
  crew.stop();
}
