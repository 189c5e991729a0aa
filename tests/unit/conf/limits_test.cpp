// Each bound of the field table at its last good and its first bad value.
#include "sample.hpp"

using namespace postern::conf;

namespace {

struct Bound {
  std::string where;  // a text with @ for the value
  std::string good;
  std::string bad;
  std::string complaint;
};

void check_bounds(const std::vector<Bound>& bounds, Sample (*sample_with)(const std::string&)) {
  for (const Bound& bound : bounds) {
    CAPTURE(bound.where);
    auto filled = [&](const std::string& value) {
      return std::string(bound.where).replace(bound.where.find('@'), 1, value);
    };
    CHECK(complaints(sample_with(filled(bound.good))) == Lines{});
    CHECK(complaints(sample_with(filled(bound.bad))) == Lines{bound.complaint});
  }
}

Sample with_top(const std::string& text) {
  Sample sample;
  sample.top = text;
  return sample;
}

Sample with_provider(const std::string& text) {
  Sample sample;
  sample.provider += ", " + text;
  return sample;
}

Sample with_remote_provider(const std::string& text) {
  Sample sample;
  sample.provider = "issuer: https://id.example.com, audiences: [a], " + text;
  return sample;
}

Sample with_upstream(const std::string& text) {
  Sample sample;
  sample.upstream += ", " + text;
  return sample;
}

Sample with_route(const std::string& text) {
  Sample sample;
  sample.route = text;
  return sample;
}

Sample with_target(const std::string& text) {
  Sample sample;
  sample.target = text;
  return sample;
}

}  // namespace

TEST_CASE("limits and workers hold at their bounds") {
  check_bounds(
      {
          {"workers: @", "1024", "1025", "workers: must be at most 1024"},
          {"workers: @", "1", "0", "workers: must be at least 1"},
          {"limits: {head_bytes: @}", "1KiB", "1023", "limits.head_bytes: must be at least `1KiB`"},
          {"limits: {head_bytes: @}", "1MiB", "1048577", "limits.head_bytes: must be at most `1MiB`"},
          {"limits: {head_fields: @}", "8", "7", "limits.head_fields: must be at least 8"},
          {"limits: {head_fields: @}", "10000", "10001", "limits.head_fields: must be at most 10000"},
          {"limits: {token_bytes: @}", "128", "127", "limits.token_bytes: must be at least `128`"},
          {"limits: {token_bytes: @}", "1MiB", "1048577", "limits.token_bytes: must be at most `1MiB`"},
          {"limits: {response_head_bytes: @}", "1KiB", "1023", "limits.response_head_bytes: must be at least `1KiB`"},
          {"limits: {response_head_bytes: @}", "1MiB", "1048577", "limits.response_head_bytes: must be at most `1MiB`"},
          {"limits: {response_head_fields: @}", "8", "7", "limits.response_head_fields: must be at least 8"},
          {"limits: {response_head_fields: @}", "10000", "10001", "limits.response_head_fields: must be at most 10000"},
          {"limits: {claim_header_bytes: @}", "64", "63", "limits.claim_header_bytes: must be at least `64`"},
          {"limits: {claim_header_bytes: @}", "1MiB", "1048577", "limits.claim_header_bytes: must be at most `1MiB`"},
          {"limits: {token_cache: @}", "1MiB", "1048575", "limits.token_cache: must be at least `1MiB`"},
          {"limits: {token_cache: @}", "64GiB", "68719476737", "limits.token_cache: must be at most `64GiB`"},
      },
      with_top);
}

TEST_CASE("the port of https holds at its bounds") {
  const auto with_listener = [](const std::string& text) {
    Sample sample;
    sample.listener += ", redirect_to_https: true, " + text;
    return sample;
  };
  const std::string path = "listeners[0].https_port: ";
  check_bounds(
      {
          {"https_port: @", "1", "0", path + "must be at least 1"},
          {"https_port: @", "65535", "65536", path + "must be at most 65535"},
      },
      with_listener);
}

TEST_CASE("timeouts hold at their bounds") {
  check_bounds(
      {
          {"timeouts: {head: @}", "1ms", "0s", "timeouts.head: must be at least `1ms`"},
          {"timeouts: {head: @}", "1h", "3600001ms", "timeouts.head: must be at most `1h`"},
          {"timeouts: {idle: @}", "1ms", "0s", "timeouts.idle: must be at least `1ms`"},
          {"timeouts: {idle: @}", "1d", "86400001ms", "timeouts.idle: must be at most `1d`"},
          {"timeouts: {connect: @}", "1ms", "0s", "timeouts.connect: must be at least `1ms`"},
          {"timeouts: {connect: @}", "1h", "3600001ms", "timeouts.connect: must be at most `1h`"},
          {"timeouts: {response: @}", "1ms", "0s", "timeouts.response: must be at least `1ms`"},
          {"timeouts: {response: @}", "1d", "86400001ms", "timeouts.response: must be at most `1d`"},
          {"timeouts: {stream_idle: @}", "1ms", "0s", "timeouts.stream_idle: must be at least `1ms`"},
          {"timeouts: {stream_idle: @}", "7d", "604800001ms", "timeouts.stream_idle: must be at most `7d`"},
          {"timeouts: {total: @}", "7d", "604800001ms", "timeouts.total: must be at most `7d`"},
          {"timeouts: {drain: @}", "1d", "86400001ms", "timeouts.drain: must be at most `1d`"},
      },
      with_top);
}

TEST_CASE("a provider's times hold at their bounds") {
  check_bounds(
      {
          {"leeway: @", "300s", "300001ms", "providers.shop.leeway: must be at most `5m`"},
          {"leeway: @", "0s", "301s", "providers.shop.leeway: must be at most `5m`"},
          {"max_lifetime: @", "1s", "999ms", "providers.shop.max_lifetime: must be at least `1s`"},
      },
      with_provider);
}

TEST_CASE("the times of a provider that is asked for keys hold at their bounds") {
  const std::string path = "providers.shop.";
  check_bounds(
      {
          {"min_refresh: @", "1s", "999ms", path + "min_refresh: must be at least `1s`"},
          {"min_refresh: @, max_refresh: 1d", "1d", "86400001ms", path + "min_refresh: must be at most `1d`"},
          {"max_refresh: @, min_refresh: 1s", "1s", "999ms", path + "max_refresh: must be at least `1s`"},
          {"max_refresh: @", "1d", "86400001ms", path + "max_refresh: must be at most `1d`"},
          {"max_stale: @, max_refresh: 1s, min_refresh: 1s", "1s", "999ms", path + "max_stale: must be at least `1s`"},
          {"max_stale: @", "30d", "2592000001ms", path + "max_stale: must be at most `30d`"},
          {"unknown_kid_cooldown: @", "1s", "999ms", path + "unknown_kid_cooldown: must be at least `1s`"},
          {"unknown_kid_cooldown: @", "1h", "3600001ms", path + "unknown_kid_cooldown: must be at most `1h`"},
          {"fetch_timeout: @", "100ms", "99ms", path + "fetch_timeout: must be at least `100ms`"},
          {"fetch_timeout: @", "1m", "60001ms", path + "fetch_timeout: must be at most `1m`"},
      },
      with_remote_provider);
}

TEST_CASE("an upstream's pool holds at its bounds") {
  check_bounds(
      {
          {"pool: {idle: @}", "1ms", "0s", "upstreams.orders.pool.idle: must be at least `1ms`"},
          {"pool: {idle: @}", "1d", "86400001ms", "upstreams.orders.pool.idle: must be at most `1d`"},
          {"pool: {max_idle: @}", "0", "100001", "upstreams.orders.pool.max_idle: must be at most 100000"},
          {"pool: {max_idle: @}", "100000", "100001", "upstreams.orders.pool.max_idle: must be at most 100000"},
          {"max_requests: @", "1", "0", "upstreams.orders.max_requests: must be at least 1"},
          {"max_requests: @", "1000000", "1000001", "upstreams.orders.max_requests: must be at most 1000000"},
      },
      with_upstream);
}

TEST_CASE("a route's own times hold at their bounds") {
  check_bounds(
      {
          {"response_timeout: @", "1ms", "0s", "routes[0].response_timeout: must be at least `1ms`"},
          {"response_timeout: @", "1d", "86400001ms", "routes[0].response_timeout: must be at most `1d`"},
          {"total_timeout: @", "7d", "604800001ms", "routes[0].total_timeout: must be at most `7d`"},
          {"stream_idle_timeout: @", "1ms", "0s", "routes[0].stream_idle_timeout: must be at least `1ms`"},
          {"stream_idle_timeout: @", "7d", "604800001ms", "routes[0].stream_idle_timeout: must be at most `7d`"},
          {"cors: {origins: '*', max_age: @}", "1d", "86400001ms", "routes[0].cors.max_age: must be at most `1d`"},
      },
      with_route);
}

TEST_CASE("statuses hold at their bounds") {
  check_bounds(
      {
          {"direct_response: {status: @}", "200", "199", "routes[0].direct_response.status: must be at least 200"},
          {"direct_response: {status: @}", "599", "600", "routes[0].direct_response.status: must be at most 599"},
          {"redirect: {to: /x, status: @}", "301", "300",
           "routes[0].redirect.status: must be one of 301, 302, 303, 307, 308"},
          {"redirect: {to: /x, status: @}", "303", "304",
           "routes[0].redirect.status: must be one of 301, 302, 303, 307, 308"},
          {"redirect: {to: /x, status: @}", "308", "309",
           "routes[0].redirect.status: must be one of 301, 302, 303, 307, 308"},
      },
      with_target);
}

TEST_CASE("names hold at 64 characters") {
  std::string text = Sample().text();
  auto named = [&](std::size_t size) {
    return std::string(text).replace(text.find("name: r"), 7, "name: " + std::string(size, 'n'));
  };
  CHECK(complaints(named(64)) == Lines{});
  CHECK(complaints(named(65)) == Lines{"routes[0].name: must be 1 to 64 letters, digits, `_`, `.` or `-`"});
}
