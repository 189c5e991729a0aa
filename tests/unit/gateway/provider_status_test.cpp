#include "gateway/provider_status.hpp"

#include <doctest/doctest.h>

#include "base/json.hpp"
#include "gateway/metrics.hpp"

using namespace postern;

namespace {

ProviderStatus fetched_provider() {
  ProviderStatus status;
  status.name = "shop";
  status.issuers = {"https://id.example.com"};
  status.remote = true;
  status.source = "https://id.example.com/jwks";
  status.state = ProviderStatus::State::stale;
  status.keys.push_back({.kid = "k1", .kty = "RSA", .alg = "RS256", .use = "", .bits = 2048});
  status.skipped.emplace_back("\"k2\"", "the key type is not supported");
  status.age = 12.4;
  status.last_error = "503";
  status.fetches = {{"ok", 2}, {"status", 1}};
  status.unknown_kid_refusals = 7;
  return status;
}

}  // namespace

TEST_CASE("the status of providers is JSON with every key and every reason") {
  const auto json = parse_json(to_json({fetched_provider()}));
  REQUIRE(json.has_value());
  const Json& provider = json->find("providers")->array()->front();
  CHECK(*provider.find("name")->string() == "shop");
  CHECK(*provider.find("state")->string() == "stale");
  CHECK(*provider.find("keys")->array()->front().find("kid")->string() == "k1");
  CHECK(provider.find("keys")->array()->front().find("use") == nullptr);
  CHECK(*provider.find("skipped")->array()->front().find("reason")->string() == "the key type is not supported");
  CHECK(provider.find("age_seconds")->as_double() == 12);
  CHECK(provider.find("next_fetch_seconds")->is_null());
  CHECK(provider.find("fetches")->find("status")->as_double() == 1);
}

TEST_CASE("keys can be used when they are ready or stale") {
  ProviderStatus status;
  for (const auto& [state, usable] : {std::pair{ProviderStatus::State::loading, false},
                                      {ProviderStatus::State::ready, true},
                                      {ProviderStatus::State::stale, true},
                                      {ProviderStatus::State::unavailable, false}}) {
    status.state = state;
    CHECK(status.can_judge() == usable);
  }
}

TEST_CASE("metrics tell of fetched keys, and nothing of keys from files") {
  ProcessFacts facts;
  facts.providers = {fetched_provider(), {}};
  const std::string text = render_metrics(WorkerMetrics(), MetricNames(), MetricNames(), facts);
  for (const char* line :
       {"postern_jwks_fetches_total{provider=\"shop\",result=\"ok\"} 2\n",
        "postern_jwks_fetches_total{provider=\"shop\",result=\"status\"} 1\n",
        "postern_jwks_age_seconds{provider=\"shop\"} 12.4\n", "postern_jwks_keys{provider=\"shop\"} 1\n",
        "postern_jwks_waiting_requests{provider=\"shop\"} 0\n",
        "postern_jwks_unknown_kid_refusals_total{provider=\"shop\"} 7\n"}) {
    CHECK_MESSAGE(text.find(line) != std::string::npos, line);
  }
  CHECK(text.find("provider=\"\"") == std::string::npos);
}
