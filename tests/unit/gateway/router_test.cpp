#include "gateway/router.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace postern;

namespace {

using Segments = std::vector<std::pair<std::string_view, std::string_view>>;

// A table of routes by name, and requests against it.
class Table {
 public:
  conf::RouteMatch& add(const std::string& name) {
    conf::Route route;
    route.name = name;
    routes_.push_back(std::move(route));
    return routes_.back().match;
  }
  void reverse() { std::reverse(routes_.begin(), routes_.end()); }

  RouteFound find(std::string_view path, std::string_view host = "a", std::string_view method = "GET",
                  const Segments& fields = {}) {
    http::RequestHead head;
    head.authority = host;
    head.path = path;
    for (const auto& [name, value] : fields) head.fields.add(name, value);
    router_.emplace(routes_);
    return router_->find(head, method);
  }

  // The route's name, or the reason code.
  std::string name(std::string_view path, std::string_view host = "a", std::string_view method = "GET",
                   const Segments& fields = {}) {
    const RouteFound found = find(path, host, method, fields);
    return found.route ? routes_[*found.route].name : std::string(code_of(found.reason));
  }

 private:
  std::vector<conf::Route> routes_;
  std::optional<Router> router_;  // what is found points into it
};

conf::HeaderMatch with_value(std::string value) {
  conf::HeaderMatch match;
  match.value = std::move(value);
  return match;
}

conf::HeaderMatch with_pattern(const std::string& pattern) {
  conf::HeaderMatch match;
  match.matches = Pattern::compile(pattern).value();
  return match;
}

conf::HeaderMatch with_presence(bool present) {
  conf::HeaderMatch match;
  match.present = present;
  return match;
}

}  // namespace

TEST_CASE("the most specific path wins, whatever the order in the file") {
  Table table;
  table.add("all").path_prefix = "/";
  table.add("users").path_prefix = "/users";
  table.add("user 7 prefix").path_prefix = "/users/7";
  table.add("user").path_template = "/users/{id}";
  table.add("me").path = "/users/me";
  table.add("orders").path_template = "/users/{id}/orders";
  table.add("my any").path_template = "/users/me/{what}";
  for (int pass = 0; pass < 2; ++pass) {
    CAPTURE(pass);
    CHECK(table.name("/users/me") == "me");
    CHECK(table.name("/users/7") == "user");
    CHECK(table.name("/users/7/orders") == "orders");
    CHECK(table.name("/users/me/orders") == "my any");
    CHECK(table.name("/users/7/x") == "user 7 prefix");
    CHECK(table.name("/users/8/x") == "users");
    CHECK(table.name("/users") == "users");
    CHECK(table.name("/users/") == "users");
    CHECK(table.name("/usersx") == "all");
    CHECK(table.name("/") == "all");
    table.reverse();
  }
}

TEST_CASE("a prefix ends on a segment border") {
  Table table;
  table.add("a").path_prefix = "/a";
  table.add("b").path_prefix = "/b/";
  CHECK(table.name("/a") == "a");
  CHECK(table.name("/a/") == "a");
  CHECK(table.name("/a/b") == "a");
  CHECK(table.name("/ab") == "route_not_found");
  CHECK(table.name("/a;x") == "route_not_found");
  CHECK(table.name("/b") == "route_not_found");
  CHECK(table.name("/b/") == "b");
  CHECK(table.name("/b/c") == "b");
}

TEST_CASE("rows 67 and 71: another spelling of a path is another path") {
  Table table;
  table.add("admin").path = "/admin";
  table.add("root").path = "/";
  CHECK(table.name("/ADMIN") == "route_not_found");
  CHECK(table.name("/admin;x") == "route_not_found");
  CHECK(table.name("/admin/") == "route_not_found");
  CHECK(table.name("/") == "root");
}

TEST_CASE("a route without a path takes every path") {
  Table table;
  table.add("all");
  CHECK(table.name("/") == "all");
  CHECK(table.name("/a/b/") == "all");
}

TEST_CASE("hosts: exact, then the longest wildcard, then any; without case, port and final dot") {
  Table table;
  table.add("any");
  table.add("wide").host = {"*.example.com"};
  table.add("narrow").host = {"*.shop.example.com"};
  table.add("exact").host = {"Shop.example.com", "other.test"};
  for (int pass = 0; pass < 2; ++pass) {
    CAPTURE(pass);
    CHECK(table.name("/", "shop.example.com") == "exact");
    CHECK(table.name("/", "SHOP.Example.Com.:8080") == "exact");
    CHECK(table.name("/", "other.test") == "exact");
    CHECK(table.name("/", "a.shop.example.com") == "narrow");
    CHECK(table.name("/", "b.a.SHOP.example.com") == "narrow");
    CHECK(table.name("/", "a.example.com") == "wide");
    CHECK(table.name("/", "example.com") == "any");
    CHECK(table.name("/", ".example.com") == "any");
    CHECK(table.name("/", "badexample.com") == "any");
    CHECK(table.name("/", "") == "any");
    CHECK(table.name("/", "[::1]:80") == "any");
    table.reverse();
  }
}

TEST_CASE("an exact host without a matching path leaves the request to wilder ones") {
  Table table;
  auto& exact = table.add("exact");
  exact.host = {"a.test"};
  exact.path = "/only";
  table.add("any").path_prefix = "/";
  CHECK(table.name("/only", "a.test") == "exact");
  CHECK(table.name("/else", "a.test") == "any");
}

TEST_CASE("a host of thousands of labels costs no more than the longest wildcard") {
  Table table;
  table.add("wide").host = {"*.example.com"};
  std::string host;
  for (int i = 0; i < 50'000; ++i) host += "a.";
  CHECK(table.name("/", host + "example.com") == "wide");
  CHECK(table.name("/", host + "example.org") == "route_not_found");
}

TEST_CASE("more conditions are more specific, and a route whose headers do not match gives way") {
  Table table;
  table.add("plain").path = "/a";
  auto& get = table.add("get");
  get.path = "/a";
  get.methods = {"GET"};
  auto& beta = table.add("beta");
  beta.path = "/a";
  beta.methods = {"GET"};
  beta.headers["X-Beta"] = with_value("1");
  for (int pass = 0; pass < 2; ++pass) {
    CAPTURE(pass);
    CHECK(table.name("/a", "a", "GET", {{"x-beta", "1"}}) == "beta");
    CHECK(table.name("/a", "a", "GET", {{"x-beta", "2"}}) == "get");
    CHECK(table.name("/a", "a", "POST", {{"x-beta", "1"}}) == "plain");
    table.reverse();
  }
}

TEST_CASE("a template whose headers do not match gives way to a prefix") {
  Table table;
  auto& user = table.add("user");
  user.path_template = "/users/{id}";
  user.headers["X-Beta"] = with_presence(true);
  table.add("users").path_prefix = "/users";
  CHECK(table.name("/users/7", "a", "GET", {{"X-Beta", ""}}) == "user");
  const RouteFound found = table.find("/users/7");
  CHECK(found.route == 1);
  CHECK(found.segments.empty());
}

TEST_CASE("nothing is left of what was found before") {
  std::vector<conf::Route> routes(2);
  routes[0].match.path_template = "/users/{id}";
  routes[1].match.path = "/jobs";
  routes[1].match.methods = {"POST"};
  const Router router(routes);
  RouteFound found;
  const auto find = [&](std::string_view path, std::string_view method) {
    http::RequestHead head;
    head.authority = "a";
    head.path = path;
    router.find(head, method, found);
  };
  find("/users/7", "GET");
  CHECK(found.segments.size() == 1);
  find("/jobs", "POST");
  CHECK(found.route == 1);
  CHECK(found.segments.empty());
  find("/jobs", "GET");
  CHECK(!found.route);
  CHECK(found.allow == "POST");
  find("/nowhere", "GET");
  CHECK(found.reason == Reason::route_not_found);
  CHECK(found.allow.empty());
  find("/users/8", "GET");
  CHECK(found.route == 0);
  CHECK(found.reason == Reason::accepted);
}

TEST_CASE("a header condition holds for every field of the name") {
  Table table;
  table.add("value").headers["X-A"] = with_value("1");
  CHECK(table.name("/", "a", "GET", {{"X-A", "1"}, {"x-a", "1"}}) == "value");
  CHECK(table.name("/", "a", "GET", {{"X-A", "1"}, {"x-a", "2"}}) == "route_not_found");
  CHECK(table.name("/") == "route_not_found");
  Table patterns;
  patterns.add("match").headers["X-A"] = with_pattern("v[0-9]+");
  CHECK(patterns.name("/", "a", "GET", {{"X-A", "v12"}}) == "match");
  CHECK(patterns.name("/", "a", "GET", {{"X-A", "xv12"}}) == "route_not_found");
  CHECK(patterns.name("/") == "route_not_found");
  Table absent;
  absent.add("absent").headers["X-A"] = with_presence(false);
  CHECK(absent.name("/") == "absent");
  CHECK(absent.name("/", "a", "GET", {{"X-A", ""}}) == "route_not_found");
}

TEST_CASE("a method is refused only when some route matched in all else") {
  Table table;
  auto& read = table.add("read");
  read.path = "/a";
  read.methods = {"GET", "PUT"};
  auto& remove = table.add("remove");
  remove.path_prefix = "/a";
  remove.methods = {"DELETE", "PUT"};
  auto& beta = table.add("beta");
  beta.path = "/a";
  beta.methods = {"PATCH"};
  beta.headers["X-Beta"] = with_presence(true);
  const RouteFound found = table.find("/a", "a", "POST");
  CHECK_FALSE(found.route.has_value());
  CHECK(found.reason == Reason::method_not_allowed);
  CHECK(found.allow == "GET, HEAD, PUT, DELETE");
  CHECK(table.name("/a", "a", "DELETE") == "remove");
  CHECK(table.name("/b", "a", "POST") == "route_not_found");
  CHECK(table.find("/b", "a", "POST").allow.empty());
  CHECK(table.name("/a", "a", "get") == "method_not_allowed");
}

TEST_CASE("GET takes HEAD, but a route that names HEAD comes first") {
  Table table;
  table.add("get").methods = {"GET"};
  CHECK(table.name("/", "a", "HEAD") == "get");
  table.add("head").methods = {"HEAD"};
  CHECK(table.name("/", "a", "HEAD") == "head");
  CHECK(table.name("/", "a", "GET") == "get");
  table.reverse();
  CHECK(table.name("/", "a", "HEAD") == "head");
  CHECK(table.name("/", "a", "GET") == "get");
}

TEST_CASE("a template names whole segments that are not empty") {
  Table table;
  table.add("order").path_template = "/users/{user}/orders/{order}";
  table.add("item").path_template = "/users/{id}/items";
  const RouteFound found = table.find("/users/7/orders/a%2Fb");
  REQUIRE(found.route == 0);
  REQUIRE(found.segments.size() == 2);
  CHECK(found.segments[0] == std::pair<std::string_view, std::string_view>("user", "7"));
  CHECK(found.segments[1] == std::pair<std::string_view, std::string_view>("order", "a%2Fb"));
  const RouteFound item = table.find("/users/8/items");
  REQUIRE(item.route == 1);
  CHECK(item.segments[0] == std::pair<std::string_view, std::string_view>("id", "8"));
  CHECK(table.name("/users/7/orders/") == "route_not_found");
  CHECK(table.name("/users/7/orders/1/") == "route_not_found");
  CHECK(table.name("/users/7/orders") == "route_not_found");
}

TEST_CASE("a search that takes a wrong turn comes back with the right segments") {
  Table table;
  table.add("left").path_template = "/a/{x}/c";
  table.add("right").path_template = "/{y}/b/d";
  const RouteFound found = table.find("/a/b/d");
  REQUIRE(found.route == 1);
  REQUIRE(found.segments.size() == 1);
  CHECK(found.segments[0] == std::pair<std::string_view, std::string_view>("y", "a"));
}

TEST_CASE("a path of thousands of segments is looked at as deep as the routes go") {
  Table table;
  table.add("a").path_prefix = "/a";
  std::string path;
  for (int i = 0; i < 100'000; ++i) path += "/a";
  CHECK(table.name(path) == "a");
}

TEST_CASE("each of ten thousand routes is found") {
  std::vector<conf::Route> routes(10'000);
  const auto path_of = [](std::size_t i) {
    return "/service" + std::to_string(i % 100) + "/v" + std::to_string(i / 100);
  };
  for (std::size_t i = 0; i < routes.size(); ++i) {
    conf::RouteMatch& match = routes[i].match;
    if (i % 3 == 0) match.path = path_of(i);
    if (i % 3 == 1) match.path_prefix = path_of(i);
    if (i % 3 == 2) match.path_template = path_of(i) + "/{id}";
    if (i % 5 == 0) match.host = {"h" + std::to_string(i) + ".test"};
  }
  const Router router(routes);
  http::RequestHead head;
  std::size_t right = 0;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const std::string path = path_of(i) + (i % 3 == 0 ? "" : "/7");
    const std::string host = "h" + std::to_string(i) + ".test";
    head.path = path;
    head.authority = host;
    right += router.find(head, "GET").route == i;
  }
  CHECK(right == routes.size());
}

TEST_CASE("a prefix is stripped on a segment border") {
  conf::Route route;
  route.strip_prefix = "/api";
  CHECK(rewrite_path(route, "/api", {}) == "/");
  CHECK(rewrite_path(route, "/api/", {}) == "/");
  CHECK(rewrite_path(route, "/api/a/", {}) == "/a/");
  CHECK(rewrite_path(route, "/apis/a", {}) == "/apis/a");
  CHECK(rewrite_path(route, "/other", {}) == "/other");
  route.strip_prefix = "/api/";
  CHECK(rewrite_path(route, "/api/a", {}) == "/a");
  route.strip_prefix = "/";
  CHECK(rewrite_path(route, "/a", {}) == "/a");
}

TEST_CASE("a path is set with the template's segments") {
  conf::Route route;
  CHECK(rewrite_path(route, "/a", {}) == "/a");
  const Segments segments = {{"id", "7"}, {"order", "a%2Fb"}};
  route.set_path = "/v2/{order}/of/{id}/";
  CHECK(rewrite_path(route, "/a", segments) == "/v2/a%2Fb/of/7/");
  route.set_path = "/";
  CHECK(rewrite_path(route, "/a", segments) == "/");
  route.set_path = "/fixed{id}";
  CHECK(rewrite_path(route, "/a", segments) == "/fixed{id}");
}
