#include "gateway/http/cookies.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "head_text.hpp"

using namespace postern;
using namespace postern::http;

namespace {

const std::vector<std::string> session = {"__Host-access", "__Host-refresh"};

// The Cookie fields that are left, joined by `|`.
std::string left_of(std::string_view lines) {
  RequestText request(lines);
  std::pmr::monotonic_buffer_resource memory;
  remove_cookies(request.head, session, memory);
  std::string left;
  for (const Field& field : request.head.fields) {
    if (!field.removed) left.append(left.empty() ? "" : "|").append(field.value);
  }
  return left;
}

std::string left_of_list(std::string_view list) {
  return left_of("Cookie: " + std::string(list) + "\r\n");
}

bool is_set(std::string_view line) {
  ResponseText response(std::string(line) + "\r\n");
  remove_set_cookies(response.head, session);
  return !response.head.fields.begin()->removed;
}

std::string read_cookie(std::string_view lines, std::string_view name = "at") {
  const RequestText request(lines);
  const auto value = read_cookie(request.head, name);
  if (value) return std::string(*value);
  CHECK(value.error().reason == Reason::token_multiple);
  return "<token_multiple>";
}

}  // namespace

TEST_CASE("named cookies are cut out at every place of the list, and the others keep their bytes") {
  CHECK(left_of_list("__Host-access=x; a=1; b=\"q\"") == "a=1; b=\"q\"");
  CHECK(left_of_list("a=1; __Host-access=x; b==2") == "a=1; b==2");
  CHECK(left_of_list("a=1; b; __Host-refresh=x.y") == "a=1; b");
  CHECK(left_of_list("__Host-refresh=x; a=1; __Host-access=y; __Host-refresh=z") == "a=1");
  CHECK(left_of_list("a=1;__Host-access=x;b=2") == "a=1; b=2");
}

TEST_CASE("a Cookie field that holds no other goes as a whole") {
  CHECK(left_of_list("__Host-access=x").empty());
  CHECK(left_of_list("__Host-access=x; ; __Host-refresh=y;").empty());
  CHECK(left_of("Cookie: __Host-access=x\r\nCookie: a=1; __Host-refresh=y\r\nCookie: b=2\r\n") == "a=1|b=2");
}

TEST_CASE("no spelling that an origin may take for the name is left") {
  for (const std::string_view pair :
       {"__host-access=x", "__HOST-ACCESS=x", "__Host-access =x", "\t__Host-access\t= x", "__Host-access",
        "__Host-access=\"x\"", "=__Host-access=x", " = =__Host-access=x", "__Host-access=x=y"}) {
    CAPTURE(pair);
    CHECK(left_of_list("a=1;" + std::string(pair) + "; b=2") == "a=1; b=2");
  }
}

TEST_CASE("an opened quote before a cookie does not hide it") {
  CHECK(left_of_list("a=\"1; __Host-access=x; b=2\"") == "a=\"1; b=2\"");
}

TEST_CASE("cookies of other names stay, also those that hold or begin with the name") {
  for (const std::string_view list :
       {"a=__Host-access=x", "__Host-access2=x", "x__Host-access=x", "access=x", "__Host-acces=x", "a=1;;  b=2 ;"}) {
    CAPTURE(list);
    CHECK(left_of_list(list) == std::string_view(list));
  }
}

TEST_CASE("a list without the names is not copied") {
  RequestText request("Cookie: a=1; b=" + std::string(4000, 'x') + "; c=3\r\nCookie: d=4\r\n");
  remove_cookies(request.head, session, *std::pmr::null_memory_resource());
  CHECK(request.head.fields.count(KnownField::cookie) == 2);
}

TEST_CASE("only Cookie fields are looked at") {
  CHECK(left_of("X-Cookie: __Host-access=x\r\n") == "__Host-access=x");
}

TEST_CASE("an upstream's Set-Cookie of a named cookie is removed in every spelling, and no other") {
  CHECK_FALSE(is_set("Set-Cookie: __Host-access=evil; Path=/"));
  CHECK_FALSE(is_set("set-cookie: __HOST-Refresh =evil"));
  CHECK_FALSE(is_set("Set-Cookie: __Host-access"));
  CHECK_FALSE(is_set("Set-Cookie: =__Host-access=evil"));
  CHECK_FALSE(is_set("Set-Cookie: __Host-access; x=1"));
  CHECK(is_set("Set-Cookie: a=1; __Host-access=x"));
  CHECK(is_set("Set-Cookie: __Host-access2=x"));
  CHECK(is_set("X-Set-Cookie: __Host-access=x"));
}

TEST_CASE("a cookie is read by its exact name, from any Cookie field, without its quotes") {
  CHECK(read_cookie("Cookie: a=1; at=x.y; b=2\r\n") == "x.y");
  CHECK(read_cookie("Cookie: a=1\r\nCookie: at = \"x=y\" \r\n") == "x=y");
  CHECK(read_cookie("Cookie: AT=x; at2=y; b=at=z; =at=w\r\n").empty());
  CHECK(read_cookie("Cookie: at=\"\r\n") == "\"");
  CHECK(read_cookie("Host: a\r\n").empty());
}

TEST_CASE("a cookie that is there twice is refused, whatever its values") {
  CHECK(read_cookie("Cookie: at=x; at=x\r\n") == "<token_multiple>");
  CHECK(read_cookie("Cookie: at=x\r\nCookie: at=\r\n") == "<token_multiple>");
}
