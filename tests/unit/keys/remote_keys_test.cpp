#include "filters/keys/remote_keys.hpp"

#include <doctest/doctest.h>

#include "tests/unit/jose/mint.hpp"
#include "tests/unit/keys/fetching.hpp"
#include "tests/unit/keys/hanging_disk.hpp"
#include "tests/unit/keys/scripted_server.hpp"
#include "tests/unit/run_until.hpp"

namespace postern::keys {
namespace {

using namespace std::chrono_literals;

Script good_keys() {
  return answer(response(mint::jwks({mint::jwk(mint::shared_key("ES256"))})));
}
Script no_answer() {
  return {read_head(), hold()};
}

// A source of keys whose server does what the scripts say; each phase of a fetch may take a minute.
struct Source {
  Source(std::vector<Script> scripts, const ScheduleLimits& limits) : server(io, std::move(scripts)) {
    config.name = "shop";
    config.issuers = {"https://id.example"};
    config.jwks_uri = server.url();
    config.fetch.timeout = 1min;
    config.limits = limits;
    config.kept_in = "/kept";
    keys = std::make_shared<RemoteKeys>(io, turns, &keeper, config);
    keys->start();
  }

  // The source that takes this one's place when its provider is changed.
  std::shared_ptr<RemoteKeys> successor(const RemoteConfig& changed) {
    auto next = std::make_shared<RemoteKeys>(io, turns, &keeper, changed);
    next->inherit(*keys);
    next->start();
    return next;
  }
  bool is_fetching() const { return !keys->status().next_fetch; }

  const HangingDisk disk{{"/kept"}};
  KeyKeeper keeper{disk.write()};
  UrlTurns turns;
  boost::asio::io_context io;
  ScriptedServer server;
  RemoteConfig config;
  std::shared_ptr<RemoteKeys> keys;
};

}  // namespace

TEST_CASE("A disk that hangs holds up no fetch; the newest keys are kept when it is well again") {
  Source source({good_keys()}, {.min_refresh = 1ms, .max_refresh = 1ms, .backoff_min = 2ms});
  run_until(source.io, [&] { return source.server.connections > 3; });
  CHECK(source.keys->keys() != nullptr);
  source.disk.let_go();
  CHECK(source.disk.wait_for_writes(2));
}

TEST_CASE("A source begins with the keys of its provider's source before, as old as they were, and fetches at once") {
  Source source({good_keys(), no_answer()}, {});
  run_until(source.io, [&] { return source.keys->keys() != nullptr; });
  RemoteConfig config = source.config;
  config.fetch.headers = {{"X-Tenant", "b"}};
  config.issuers.push_back("https://added.example");
  const auto next = source.successor(config);
  CHECK(next->keys() == source.keys->keys());
  CHECK(next->status().state == ProviderStatus::State::stale);
  CHECK(next->status().age.value() > 0);
  CHECK(next->status().source == source.server.url().to_text());
  run_until(source.io, [&] { return source.server.connections == 2; });
}

TEST_CASE("A source takes no keys of another URL or another issuer, and none that are too old") {
  Source source({good_keys(), no_answer()}, {});
  run_until(source.io, [&] { return source.keys->keys() != nullptr; });
  RemoteConfig elsewhere = source.config, of_another = source.config, strict = source.config;
  elsewhere.jwks_uri = source.server.url("/others");
  of_another.issuers = {"https://other.example", "https://id.example"};
  strict.limits.max_stale = 0ms;
  for (const RemoteConfig& config : {elsewhere, of_another, strict}) CHECK(source.successor(config)->keys() == nullptr);
}

TEST_CASE("Keys that become too old while a fetch lasts are taken away in time") {
  Source source({good_keys(), no_answer()},
                {.min_refresh = 1ms, .max_refresh = 1ms, .max_stale = 200ms, .backoff_min = 2ms});
  run_until(source.io, [&] { return source.keys->keys() != nullptr; });
  run_until(source.io, [&] { return source.keys->keys() == nullptr; });
  CHECK(source.server.connections == 2);
  CHECK(source.is_fetching());
  CHECK(source.keys->status().state == ProviderStatus::State::unavailable);
}

}  // namespace postern::keys
