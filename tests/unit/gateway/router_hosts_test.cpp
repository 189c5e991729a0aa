#include <doctest/doctest.h>

#include <array>

#include "gateway/router.hpp"

using namespace postern;

TEST_CASE("a wildcard without a matching path leaves the request to shorter ones, and to any host") {
  std::array<conf::Route, 3> routes;
  routes[0].match.host = {"*.shop.example.com"};
  routes[0].match.path = "/narrow";
  routes[1].match.host = {"*.example.com"};
  routes[1].match.path = "/wide";
  routes[2].match.path = "/any";
  const Router router(routes);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    http::RequestHead head;
    head.authority = "a.shop.example.com";
    head.path = routes[i].match.path;
    CHECK(router.find(head, "GET").route == i);
  }
}
