// What finding a route costs among one, a hundred and ten thousand of them.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "gateway/router.hpp"

namespace postern {
namespace {

enum class Kind { prefix, path_template, host };

conf::Route route_of(Kind kind, std::size_t number) {
  conf::Route route;
  route.name = "route-" + std::to_string(number);
  const std::string service = "/service-" + std::to_string(number);
  switch (kind) {
    case Kind::prefix:
      route.match.path_prefix = service;
      break;
    case Kind::path_template:
      route.match.path_template = service + "/orders/{id}";
      break;
    case Kind::host:
      route.match.host = {"service-" + std::to_string(number) + ".example.com"};
      route.match.path_prefix = "/";
      break;
  }
  return route;
}

// Requests for all of them in turn, so that ten thousand do not stay in the processor's cache.
void find(benchmark::State& state, Kind kind) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<conf::Route> routes;
  std::vector<std::string> paths;
  std::vector<std::string> hosts;
  for (std::size_t i = 0; i < count; ++i) {
    routes.push_back(route_of(kind, i));
    paths.push_back("/service-" + std::to_string(i) + "/orders/4711");
    hosts.push_back("service-" + std::to_string(i) + ".example.com");
  }
  const Router router(routes);
  http::RequestHead head;
  std::size_t next = 0;
  for (auto _ : state) {
    head.path = paths[next];
    head.authority = hosts[next];
    if (router.find(head, "GET").route != next) state.SkipWithError("another route");
    if (++next == count) next = 0;
  }
}

BENCHMARK_CAPTURE(find, by_prefix, Kind::prefix)->Arg(1)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(find, by_template, Kind::path_template)->Arg(1)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(find, by_host, Kind::host)->Arg(1)->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace postern

BENCHMARK_MAIN();
