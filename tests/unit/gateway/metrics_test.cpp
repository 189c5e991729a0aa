#include "gateway/metrics.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <sstream>

namespace postern {
namespace {

std::string render(const WorkerMetrics& sum, const MetricNames& routes = {}, const MetricNames& upstreams = {}) {
  return render_metrics(sum, routes, upstreams, {.version = "1.2.3", .start_time = 1700000000.5});
}

bool holds_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// The value of a series without labels.
double value_of(const std::string& text, const std::string& name) {
  const std::size_t at = ("\n" + text).find("\n" + name + " ");
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + name.size() + 1));
}

std::vector<std::uint64_t> buckets_of(const Histogram& histogram) {
  return {histogram.buckets().begin(), histogram.buckets().end()};
}

}  // namespace

TEST_CASE("A name keeps its number, and the empty name is number 0") {
  MetricNames names;
  CHECK(names.intern("orders") == 1);
  CHECK(names.intern("health") == 2);
  CHECK(names.intern("orders") == 1);
  CHECK(names.intern("") == WorkerMetrics::no_route);
  CHECK(names.all() == std::vector<std::string>{"", "orders", "health"});
}

TEST_CASE("A duration on a bound belongs to that bucket, and nonsense counts as 0") {
  Histogram histogram;
  histogram.add(0.0005);
  histogram.add(0.00051);
  histogram.add(10);
  histogram.add(10.1);
  histogram.add(-1);
  histogram.add(std::numeric_limits<double>::quiet_NaN());
  CHECK(buckets_of(histogram) == std::vector<std::uint64_t>{3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1});
  CHECK(histogram.count() == 6);
  CHECK(histogram.sum() == doctest::Approx(20.10101));
}

TEST_CASE("Requests are counted by route, method and code") {
  MetricNames routes;
  const std::uint32_t orders = routes.intern("orders");
  WorkerMetrics metrics;
  metrics.count_request(orders, http::Method::get, 200, 0.002);
  metrics.count_request(orders, http::Method::get, 200, 0.002);
  metrics.count_request(orders, http::Method::other, 401, 20);
  metrics.count_request(WorkerMetrics::no_route, http::Method::post, 404, 0);
  const std::string text = render(metrics, routes);
  CHECK(holds_line(text, R"(postern_http_requests_total{route="orders",method="GET",code="200"} 2)"));
  CHECK(holds_line(text, R"(postern_http_requests_total{route="orders",method="OTHER",code="401"} 1)"));
  CHECK(holds_line(text, R"(postern_http_requests_total{route="",method="POST",code="404"} 1)"));
  CHECK(holds_line(text, R"(postern_http_request_duration_seconds_bucket{route="orders",le="0.0005"} 0)"));
  CHECK(holds_line(text, R"(postern_http_request_duration_seconds_bucket{route="orders",le="0.001"} 0)"));
  CHECK(holds_line(text, R"(postern_http_request_duration_seconds_bucket{route="orders",le="0.0025"} 2)"));
  CHECK(holds_line(text, R"(postern_http_request_duration_seconds_bucket{route="orders",le="10"} 2)"));
  CHECK(holds_line(text, R"(postern_http_request_duration_seconds_bucket{route="orders",le="+Inf"} 3)"));
  CHECK(holds_line(text, R"(postern_http_request_duration_seconds_count{route="orders"} 3)"));
  CHECK(holds_line(text, R"(postern_http_request_duration_seconds_sum{route="orders"} 20.004)"));
}

TEST_CASE("Decisions and upstreams are counted by the operator's names") {
  MetricNames routes, upstreams;
  const std::uint32_t orders = routes.intern("orders");
  const std::uint32_t backend = upstreams.intern("backend");
  WorkerMetrics metrics;
  metrics.count_decision(orders, "shop", Reason::token_expired);
  metrics.count_decision(orders, "shop", Reason::token_expired);
  metrics.count_decision(orders, "lab", Reason::token_expired);
  metrics.count_decision(orders, "", Reason::token_missing);
  metrics.count_upstream(backend, 0.03);
  const std::string text = render(metrics, routes, upstreams);
  CHECK(holds_line(text, R"(postern_auth_decisions_total{route="orders",provider="",reason="token_missing"} 1)"));
  CHECK(holds_line(text, R"(postern_auth_decisions_total{route="orders",provider="lab",reason="token_expired"} 1
postern_auth_decisions_total{route="orders",provider="shop",reason="token_expired"} 2)"));
  CHECK(holds_line(text, R"(postern_upstream_request_duration_seconds_bucket{upstream="backend",le="0.05"} 1)"));
  CHECK(holds_line(text, R"(postern_upstream_request_duration_seconds_count{upstream="backend"} 1)"));
}

TEST_CASE("A scrape adds up the workers") {
  MetricNames routes;
  const std::uint32_t orders = routes.intern("orders");
  WorkerMetrics one, two, sum;
  for (WorkerMetrics* worker : {&one, &two}) {
    worker->count_request(orders, http::Method::get, 200, 0.5);
    worker->count_upstream(3, 0.5);
    worker->count_decision(orders, "shop", Reason::accepted);
    worker->count_decision(orders, "shop", Reason::accepted);
    worker->token_cache_hits = 1;
    worker->token_cache_misses = 2;
    worker->spoofed_headers_removed = 3;
    worker->downstream_connections = 4;
    worker->downstream_connections_parked = 9;
    worker->downstream_connections_total = 5;
    worker->upstream_connections_total = 6;
    worker->upstream_replays_total = 7;
    worker->accept_errors_total = 8;
  }
  sum.merge(one);
  sum.merge(two);
  const std::string text = render(sum, routes);
  CHECK(holds_line(text, R"(postern_http_requests_total{route="orders",method="GET",code="200"} 2)"));
  CHECK(holds_line(text, R"(postern_http_request_duration_seconds_count{route="orders"} 2)"));
  CHECK(holds_line(text, R"(postern_upstream_request_duration_seconds_count{upstream=""} 2)"));
  CHECK(holds_line(text, R"(postern_auth_decisions_total{route="orders",provider="shop",reason="accepted"} 4)"));
  CHECK(value_of(text, "postern_token_cache_hits_total") == 2);
  CHECK(value_of(text, "postern_token_cache_misses_total") == 4);
  CHECK(value_of(text, "postern_spoofed_headers_removed_total") == 6);
  CHECK(value_of(text, "postern_downstream_connections_open") == 8);
  CHECK(value_of(text, "postern_downstream_connections_parked") == 18);
  CHECK(value_of(text, "postern_downstream_connections_total") == 10);
  CHECK(value_of(text, "postern_upstream_connections_total") == 12);
  CHECK(value_of(text, "postern_upstream_replays_total") == 14);
  CHECK(value_of(text, "postern_accept_errors_total") == 16);
}

TEST_CASE("Label values are escaped") {
  MetricNames routes;
  WorkerMetrics metrics;
  metrics.count_request(routes.intern("a\\b\"c\nd"), http::Method::get, 200, 0);
  CHECK(holds_line(render(metrics, routes),
                   R"(postern_http_requests_total{route="a\\b\"c\nd",method="GET",code="200"} 1)"));
}

TEST_CASE("The process is described") {
  const WorkerMetrics none;
  const MetricNames names;
  const std::string text = render(none);
  CHECK(holds_line(text, R"(postern_build_info{version="1.2.3"} 1)"));
  CHECK(value_of(text, "postern_config_last_reload_successful") == 1);
  CHECK(value_of(text, "process_start_time_seconds") == 1700000000.5);
  CHECK(value_of(text, "process_cpu_seconds_total") > 0);
  CHECK(value_of(text, "process_resident_memory_bytes") > 1 << 20);
  CHECK(value_of(text, "process_virtual_memory_bytes") >= value_of(text, "process_resident_memory_bytes"));
  CHECK(value_of(text, "process_open_fds") >= 3);
  CHECK(value_of(text, "process_max_fds") >= value_of(text, "process_open_fds"));
  CHECK(value_of(render_metrics(none, names, names, {.last_reload_successful = false}),
                 "postern_config_last_reload_successful") == 0);
  CHECK(value_of(render_metrics(none, names, names, {.access_log_dropped = 7}),
                 "postern_access_log_dropped_lines_total") == 7);
}

TEST_CASE("Every family is described exactly once") {
  WorkerMetrics metrics;
  metrics.count_request(0, http::Method::get, 200, 0.1);
  std::istringstream lines(render(metrics));
  std::set<std::string> families;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# TYPE ", 0) == 0) {
      CHECK(families.insert(line.substr(7, line.find(' ', 7) - 7)).second);
    } else if (line.rfind("# HELP ", 0) != 0) {
      std::string name = line.substr(0, line.find_first_of("{ "));
      for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
        if (name.ends_with(suffix) && name.find("duration") != std::string::npos) {
          name.resize(name.size() - suffix.size());
        }
      }
      CHECK_MESSAGE(families.count(name) == 1, name);
    }
  }
  CHECK(families.size() > 15);
}

}  // namespace postern
