#include "conf/expand.hpp"

#include "sample.hpp"

using namespace postern::conf;

namespace {

const Environment environment = environment_of({{"A", "one"}, {"EMPTY", ""}, {"_x1", "two"}, {"NESTED", "${A}"}});

std::string expanded(std::string_view text) {
  auto result = expand(text, environment);
  return result ? result->text : "error: " + result.error();
}

}  // namespace

TEST_CASE("a variable's value stands in its place") {
  CHECK(expanded("${A}") == "one");
  CHECK(expanded("x${A}y${_x1}z") == "xoneytwoz");
  CHECK(expanded("nothing") == "nothing");
  CHECK(expanded("") == "");
}

TEST_CASE("a default stands for a variable that is unset or empty") {
  CHECK(expanded("${NOT_SET:-http://x:1}") == "http://x:1");
  CHECK(expanded("${EMPTY:-d}") == "d");
  CHECK(expanded("${A:-d}") == "one");
  CHECK(expanded("${NOT_SET:-}") == "");
  CHECK(expanded("${EMPTY}") == "");
}

TEST_CASE("an unset variable is an error that names it") {
  CHECK(expanded("${NOT_SET}") ==
        "error: the environment variable `NOT_SET` is not set; `${NOT_SET:-default}` gives a default");
}

TEST_CASE("two dollars write a literal variable") {
  CHECK(expanded("$${A}") == "${A}");
  CHECK(expanded("$$${A}") == "$${A}");
  CHECK(expanded("${A}$${A}") == "one${A}");
}

TEST_CASE("a dollar alone means nothing") {
  CHECK(expanded("$A costs $5 $") == "$A costs $5 $");
}

TEST_CASE("what a variable holds is not looked at again") {
  CHECK(expanded("${NESTED}") == "${A}");
}

TEST_CASE("malformed variables are errors") {
  CHECK(expanded("${A").starts_with("error: `${` has no `}`"));
  CHECK(expanded("${}").starts_with("error: expected `${NAME}`"));
  CHECK(expanded("${1A}").starts_with("error: expected `${NAME}`"));
  CHECK(expanded("${A-d}").starts_with("error: expected `${NAME}`"));
  CHECK(expanded("${A B}").starts_with("error: expected `${NAME}`"));
}

TEST_CASE("escaped text expands to itself") {
  for (std::string text : {"${A}", "$${A}", "$$${", "${", "a${b}c${", "$", "$$", "plain"}) {
    CHECK(expanded(escape_variables(text)) == text);
  }
}

TEST_CASE("a variable cannot change the document's form") {
  Sample sample;
  sample.provider = "issuer: \"${EVIL}\", audiences: [a], jwks_file: k.json";
  Loaded loaded = load(sample.text(), {{"EVIL", "x, audiences: any"}});
  CHECK(lines_of(loaded.problems) == Lines{});
  CHECK(loaded.config.providers.at("shop").issuer.names == Lines{"x, audiences: any"});
  CHECK_FALSE(loaded.config.providers.at("shop").audiences.any);
}

TEST_CASE("an unset variable is told with its place, once, beside all other errors") {
  Sample sample;
  sample.top = "workers: ${WORKERS}\nobserve: maybe";
  CHECK(
      errors(sample.text()) ==
      Lines{
          "c.yaml:5:10: workers: the environment variable `WORKERS` is not set; `${WORKERS:-default}` gives a default",
          "c.yaml:6:10: observe: expected `true` or `false`"});
}

TEST_CASE("a number, a boolean and a duration may come from a variable, in quotes too") {
  Sample sample;
  sample.top = "workers: \"${N}\"\nobserve: ${B}\ntimeouts: {head: \"${T}\"}\nlimits: {body_bytes: \"${S}\"}";
  Loaded loaded = load(sample.text(), {{"N", "3"}, {"B", "true"}, {"T", "7s"}, {"S", "512"}});
  CHECK(lines_of(loaded.problems) == Lines{});
  CHECK(loaded.config.workers == 3);
  CHECK(loaded.config.observe);
  CHECK(loaded.config.timeouts.head == std::chrono::seconds(7));
  CHECK(loaded.config.limits.body_bytes.count == 512);
}

TEST_CASE("no message repeats what a variable held") {
  const std::string secret = "s3cr3t-v4lue [(";
  Sample sample;
  sample.top =
      "workers: ${S}\nobserve: ${S}\ntrusted_proxies: [\"${S}\"]\nlimits: {head_bytes: \"${S}\"}\nadmin: {address: "
      "\"${S}\"}";
  sample.upstream = "endpoints: [\"${S}\"], host: \"${S}\"";
  sample.route = "cors: {origin_patterns: [\"${S}\"]}, request_headers: {remove: [\"${S}\"]}";
  Loaded loaded = load(sample.text(), {{"S", secret}});
  CHECK(loaded.problems.errors().size() >= 9);
  for (const std::string& line : lines_of(loaded.problems)) CHECK(line.find("s3cr3t") == std::string::npos);
}
