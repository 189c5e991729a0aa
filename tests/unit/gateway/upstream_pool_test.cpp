#include "gateway/upstream_pool.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/unit/scarce_memory.hpp"

using namespace postern;

namespace {

struct Pool {
  Pool() {
    config.endpoints = {"http://127.0.0.1:1", "http://127.0.0.1:2"};
    pool.emplace(io, ticker, names, config, nullptr, nullptr);
  }
  std::string endpoint(std::size_t turn) { return pool->make(turn)->endpoint().text; }

  boost::asio::io_context io;
  Ticker ticker{io};
  ResolvedNames names{io.get_executor()};
  conf::Upstream config;
  std::optional<UpstreamPool> pool;
};

}  // namespace

TEST_CASE("requests begin at the endpoints in turn, and each goes on from where it began") {
  Pool pool;
  const std::size_t one = pool.pool->take_turn(), another = pool.pool->take_turn();
  CHECK(pool.endpoint(one) == "http://127.0.0.1:1");
  CHECK(pool.endpoint(another) == "http://127.0.0.1:2");
  CHECK(pool.endpoint(one + 1) == "http://127.0.0.1:2");
  CHECK(pool.endpoint(another + 1) == "http://127.0.0.1:1");
}

TEST_CASE("a connection that there is no memory to keep is closed, and its response stays whole") {
  Pool pool;
  auto connection = pool.pool->make(0);
  ScarceMemory::is_about_this_thread = true;
  ScarceMemory::granted = 0;
  const unsigned before = ScarceMemory::refused;
  pool.pool->give_back(std::move(connection));
  ScarceMemory::granted = -1;
  ScarceMemory::is_about_this_thread = false;
  CHECK(ScarceMemory::refused > before);
  CHECK(pool.pool->take() == nullptr);
  pool.pool->give_back(pool.pool->make(0));
  CHECK(pool.pool->take() != nullptr);
}
