// Keys are fetched although memory runs out: later, when there is some again.
#include "tests/unit/scarce_memory.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "filters/keys/remote_keys.hpp"
#include "tests/unit/jose/mint.hpp"
#include "tests/unit/keys/fetching.hpp"
#include "tests/unit/keys/scripted_server.hpp"

namespace postern::keys {
namespace {

// An issuer, and a thread that fetches its keys and whose memory is scarce.
struct ScarcePlace {
  ScarcePlace() {
    spdlog::default_logger();  // is made at its first use
    config.name = "shop";
    config.jwks_uri = server.url();
    config.limits.min_refresh = config.limits.max_refresh = std::chrono::milliseconds(2);
    config.limits.backoff_min = config.limits.backoff_max = std::chrono::milliseconds(2);
  }
  ~ScarcePlace() {
    work.reset();
    fetching.join();
    boost::asio::post(servers, [this] { server.stop(); });
    serving.join();
  }
  ScarcePlace(const ScarcePlace&) = delete;
  ScarcePlace& operator=(const ScarcePlace&) = delete;

  std::shared_ptr<RemoteKeys> fetched_keys() {
    auto keys = std::make_shared<RemoteKeys>(io, turns, nullptr, config);
    keys->start();
    return keys;
  }

  boost::asio::io_context servers;
  const std::string document = mint::jwks({mint::jwk(mint::shared_key("ES256"))});
  Step reply{.kind = Step::Kind::send,
             .bytes = response(document, "ETag: \"a\"\r\nConnection: close\r\n"),
             .if_known = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"};
  ScriptedServer server{servers, {{read_head(), reply}}};
  std::atomic<std::size_t> fetches = 0;
  std::thread serving{[this] {
    while (servers.run_one() > 0) fetches = server.requests.size();
  }};

  RemoteConfig config;
  UrlTurns turns;
  boost::asio::io_context io;
  boost::asio::executor_work_guard<Executor> work{io.get_executor()};
  std::thread fetching{[this] {
    ScarceMemory::is_about_this_thread = true;
    io.run();
  }};
};

}  // namespace

TEST_CASE("Whichever allocation fails, the keys are there after another fetch") {
  ScarcePlace place;
  int granted = 0;
  for (bool was_refused = true; was_refused; ++granted) {
    CAPTURE(granted);
    const unsigned before = ScarceMemory::refused;
    ScarceMemory::granted = granted;
    auto keys = place.fetched_keys();
    REQUIRE(wait_until([&] { return keys->keys() != nullptr; }));
    was_refused = ScarceMemory::refused != before;
    ScarceMemory::granted = -1;
    const std::weak_ptr<RemoteKeys> ended = keys;
    keys.reset();
    REQUIRE(wait_until([&] { return ended.expired(); }));
  }
  CHECK(granted > 20);
}

TEST_CASE("Keys are fetched again, however often all memory has been gone meanwhile") {
  ScarcePlace place;
  const auto keys = place.fetched_keys();
  const auto wait_for_more = [&](std::size_t more) {
    const std::size_t enough = place.fetches + more;
    CHECK(wait_until([&] { return place.fetches >= enough; }));
  };
  for (int i = 0; i < 20; ++i) {
    wait_for_more(2);
    CHECK(ScarceMemory::run_out(5));
  }
  wait_for_more(2);
  CHECK(keys->keys() != nullptr);
}

}  // namespace postern::keys
