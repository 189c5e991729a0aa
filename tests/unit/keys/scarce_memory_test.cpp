// Keys go on being fetched once there is memory again.
#include "tests/unit/scarce_memory.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <thread>

#include "filters/keys/remote_keys.hpp"
#include "tests/unit/jose/mint.hpp"
#include "tests/unit/keys/fetching.hpp"
#include "tests/unit/keys/scripted_server.hpp"

namespace postern::keys {

TEST_CASE("Keys are fetched again, however often memory has run out meanwhile") {
  boost::asio::io_context servers;
  const std::string document = mint::jwks({mint::jwk(mint::shared_key("ES256"))});
  ScriptedServer server(servers, {answer(response(document, "Connection: close\r\n"))});
  std::atomic<std::size_t> fetches = 0;
  std::thread serving([&] {
    while (servers.run_one() > 0) fetches = server.requests.size();
  });

  boost::asio::io_context io;
  boost::asio::executor_work_guard<Executor> work(io.get_executor());
  UrlTurns turns;
  using std::chrono::milliseconds;
  RemoteConfig config;
  config.name = "shop";
  config.jwks_uri = server.url();
  config.limits.min_refresh = config.limits.max_refresh = milliseconds(2);
  config.limits.backoff_min = config.limits.backoff_max = milliseconds(2);
  auto keys = std::make_shared<RemoteKeys>(io, turns, config);
  keys->start();
  std::thread fetching([&] {
    ScarceMemory::is_about_this_thread = true;
    io.run();
  });
  const auto wait_for_more = [&](std::size_t more) {
    const std::size_t enough = fetches + more;
    CHECK(wait_until([&] { return fetches >= enough; }));
  };
  for (int i = 0; i < 20; ++i) {
    wait_for_more(2);
    CHECK(ScarceMemory::run_out(20));
  }
  wait_for_more(2);
  CHECK(keys->keys() != nullptr);

  keys.reset();
  work.reset();
  fetching.join();
  boost::asio::post(servers, [&] { server.stop(); });
  serving.join();
}

}  // namespace postern::keys
