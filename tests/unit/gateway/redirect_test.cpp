#include "gateway/redirect.hpp"

#include <doctest/doctest.h>

using namespace postern;

TEST_CASE("a redirect carries the request's path and query where its target says so") {
  http::RequestHead request;
  request.path = "/a/b";
  request.query = "x=1";
  request.has_query = true;
  CHECK(redirect_target({302, "https://shop.example{path}{query}"}, request) == "https://shop.example/a/b?x=1");
  CHECK(redirect_target({302, "/login"}, request) == "/login");
}

TEST_CASE("without a query nothing stands for it, and what is put in is not looked at again") {
  http::RequestHead request;
  request.path = "/{query}";
  CHECK(redirect_target({302, "{path}{query}!"}, request) == "/{query}!");
}
