#include "conf/problems.hpp"

#include "sample.hpp"

using namespace postern::conf;

TEST_CASE("a path without a place of its own has the nearest parent's") {
  Places places;
  places.set("", "f:1:1");
  places.set("routes[0]", "f:4:5");
  places.set("routes[0].set", "f:5:5");
  CHECK(places.find("routes[0].name") == "f:4:5");
  CHECK(places.find("routes[0].set[\"a.b\"]") == "f:5:5");
  CHECK(places.find("routes[0].jwt.providers[3]") == "f:4:5");
  CHECK(places.find("upstreams") == "f:1:1");
  CHECK(Places().find("x") == "configuration");
}

TEST_CASE("an error settles its path and its parents, not its neighbours") {
  Problems problems;
  problems.add("a.b[1]", "is wrong");
  CHECK(problems.is_settled("a.b[1]"));
  CHECK(problems.is_settled("a.b"));
  CHECK(problems.is_settled("a"));
  CHECK_FALSE(problems.is_settled("a.b[0]"));
  CHECK_FALSE(problems.is_settled("a.bc"));
  CHECK_FALSE(problems.is_settled("a.b[1].c"));
}

TEST_CASE("problems are told in the order of the file") {
  Problems problems;
  problems.add_at("f:10:2", "x", "third");
  problems.add_at("f:9:7", "x", "second");
  problems.add_at("f:9:3", "x", "first");
  problems.sort();
  CHECK(lines_of(problems) == Lines{"f:9:3: x: first", "f:9:7: x: second", "f:10:2: x: third"});
}

TEST_CASE("warnings stop nothing") {
  Problems problems;
  problems.warn("a", "is odd");
  CHECK_FALSE(problems.any());
  CHECK(problems.warnings().size() == 1);
}
