#include "gateway/http/target.hpp"

#include <doctest/doctest.h>

#include <memory_resource>
#include <string>
#include <string_view>

#include "gateway/http/canonical_path.hpp"
#include "head_text.hpp"

using namespace postern;
using namespace postern::http;

namespace {

Reason verdict_on_target(std::string_view target, std::string_view host = "a") {
  RequestHead head;
  head.target = target;
  if (!host.empty()) head.fields.add("Host", host);
  std::pmr::monotonic_buffer_resource memory;
  const auto judged = judge_target(head, memory);
  return judged ? Reason::accepted : judged.error().reason;
}

std::string path_of(std::string_view target) {
  RequestHead head;
  head.target = target;
  head.fields.add("Host", "a");
  std::pmr::monotonic_buffer_resource memory;
  const auto judged = judge_target(head, memory);
  return judged ? std::string(head.path) : "refused: " + judged.error().detail;
}

}  // namespace

TEST_CASE("policy and upstream see the one canonical path") {
  struct Row {
    int row;
    std::string_view target, path;
  };
  for (const Row& row : {
           Row{62, "//admin", "/admin"},
           Row{62, "/a//b///c", "/a/b/c"},
           Row{62, "//", "/"},
           Row{63, "/public/../admin", "/admin"},
           Row{63, "/a/b/../../c", "/c"},
           Row{63, "/a/./b", "/a/b"},
           Row{63, "/a/..", "/"},
           Row{63, "/a/b/..", "/a/"},
           Row{63, "/a/.", "/a/"},
           Row{63, "/./", "/"},
           Row{63, "/a//../b", "/b"},
           Row{64, "/public/%2e%2e/admin", "/admin"},
           Row{64, "/public/%2E./admin", "/admin"},
           Row{64, "/public/.%2e/admin", "/admin"},
           Row{64, "/a/%2e/b", "/a/b"},
           Row{66, "/%252e%252e/admin", "/%252e%252e/admin"},
           Row{66, "/%2541", "/%2541"},
           Row{67, "/admin;x", "/admin;x"},
           Row{67, "/a;b=c/d", "/a;b=c/d"},
           Row{71, "/ADMIN", "/ADMIN"},
           Row{65, "/a%2fb", "/a%2Fb"},
           Row{65, "/a%5cb", "/a%5Cb"},
           Row{0, "/", "/"},
           Row{0, "/a/", "/a/"},
           Row{0, "/%61%7e%2D", "/a~-"},
           Row{0, "/caf%c3%a9", "/caf%C3%A9"},
           Row{0, "/caf%C3%a9", "/caf%C3%A9"},
           Row{0, "/%ED%95%9C%F0%9F%98%80", "/%ED%95%9C%F0%9F%98%80"},
           Row{0, "/.well-known/...", "/.well-known/..."},
           Row{0, "/..a/.b/c..", "/..a/.b/c.."},
           Row{0, "/a:b@c!$&'()*+,;=~", "/a:b@c!$&'()*+,;=~"},
       }) {
    CAPTURE(row.row);
    CAPTURE(row.target);
    CHECK(path_of(row.target) == row.path);
    CHECK(path_of(row.path) == row.path);  // canonical for good
  }
}

TEST_CASE("a path that could be read in two ways is refused") {
  using namespace std::string_view_literals;
  struct Row {
    int row;
    std::string_view target;
  };
  for (const Row& row : {
           Row{63, "/.."},
           Row{63, "/../admin"},
           Row{63, "/a/../../admin"},
           Row{64, "/%2e%2e/admin"},
           Row{65, "/public/..%2Fadmin"},
           Row{65, "/public/%2e%2e%2fadmin"},
           Row{65, "/a%5c..%5cadmin"},
           Row{65, "/public/a%2f.."},
           Row{65, "/public/a%5C."},
           Row{67, "/public/a;.."},
           Row{67, "/public/a%3B."},
           Row{67, "/public/..;/admin"},
           Row{67, "/public/..;x=y/admin"},
           Row{67, "/public/%2e%2e;/admin"},
           Row{67, "/public/..%3b/admin"},
           Row{67, "/public/.;/admin"},
           Row{68, "/a%00"},
           Row{68, "/%0d%0a"},
           Row{68, "/%1f"},
           Row{68, "/%7f"},
           Row{69, "/a#b"},
           Row{69, "/a?b#c"},
           Row{69, "/\x80"},
           Row{69, "/\xc3\xa9"},
           Row{70, "\\admin"},
           Row{70, "/\\admin"},
           Row{70, "/a\\..\\b"},
           Row{72, "/%c0%ae%c0%ae/admin"},
           Row{72, "/%e0%80%af"},
           Row{72, "/%ff"},
           Row{72, "/%c3"},
           Row{72, "/%c3a"},
           Row{72, "/%ed%a0%80"},
           Row{75, "*"},
           Row{75, "foo"},
           Row{75, "a:443"},
           Row{75, "ftp://a/"},
           Row{75, "http:/a"},
           Row{0, "/%"},
           Row{0, "/%4"},
           Row{0, "/%g0"},
           Row{0, "/%%41"},
           Row{0, "/a|b"},
           Row{0, "/{a}"},
           Row{0, "/\"a"},
       }) {
    CAPTURE(row.row);
    CAPTURE(row.target);
    CHECK(verdict_on_target(row.target) == Reason::request_malformed);
  }
}

TEST_CASE("row 65: an encoded slash is told of, for the route to judge") {
  for (const std::string_view target : {"/a%2Fb", "/a%2fb", "/a%5Cb", "/%2F"}) {
    CAPTURE(target);
    RequestHead head;
    head.target = target;
    std::pmr::monotonic_buffer_resource memory;
    REQUIRE(judge_target(head, memory).has_value());
    CHECK(head.encoded_slash);
  }
  RequestHead head;
  head.target = "/a%20b?c=%2F";
  std::pmr::monotonic_buffer_resource memory;
  REQUIRE(judge_target(head, memory).has_value());
  CHECK_FALSE(head.encoded_slash);
}

TEST_CASE("row 67: path parameters are told of, and what an upstream sees that drops them") {
  struct Row {
    std::string_view target, plain;
  };
  for (const Row& row :
       {Row{"/admin;x", "/admin"}, Row{"/admin%3Bx", "/admin"}, Row{"/admin%3bx/a", "/admin/a"},
        Row{"/;/admin", "/admin"}, Row{"/;x/admin;y;z/", "/admin/"}, Row{"/a/;x", "/a/"}, Row{"/;", "/"}}) {
    CAPTURE(row.target);
    RequestHead head;
    head.target = row.target;
    std::pmr::monotonic_buffer_resource memory;
    REQUIRE(judge_target(head, memory).has_value());
    CHECK(head.path_parameters);
    CHECK(without_parameters(head.path, memory) == row.plain);
  }
  RequestHead head;
  head.target = "/a%3Fb?c;d";
  std::pmr::monotonic_buffer_resource memory;
  REQUIRE(judge_target(head, memory).has_value());
  CHECK_FALSE(head.path_parameters);
}

TEST_CASE("escaped delimiters are told of, and what an upstream sees that decodes them") {
  struct Row {
    std::string_view target, plain;
  };
  for (const Row& row : {Row{"/items%3Apurge", "/items:purge"}, Row{"/%40a/%3a", "/@a/:"},
                         Row{"/%21%24%26%27%28%29%2A%2B%2C%3D", "/!$&'()*+,="}, Row{"/%2F%3A%3B%25", "/%2F:%3B%25"}}) {
    CAPTURE(row.target);
    RequestHead head;
    head.target = row.target;
    std::pmr::monotonic_buffer_resource memory;
    REQUIRE(judge_target(head, memory).has_value());
    CHECK(head.path_delimiters);
    CHECK(with_delimiters(head.path, memory) == row.plain);
  }
  for (const std::string_view target : {"/a:b@c", "/caf%C3%A9", "/%3B", "/%20%25%2F", "/%41", "/a?b=%3A"}) {
    CAPTURE(target);
    RequestHead head;
    head.target = target;
    std::pmr::monotonic_buffer_resource memory;
    REQUIRE(judge_target(head, memory).has_value());
    CHECK_FALSE(head.path_delimiters);
  }
}

TEST_CASE("a canonical path is not copied") {
  for (const std::string_view target : {"/", "/a/b/", "/caf%C3%A9;x/.b", "/a%2Fb?q"}) {
    RequestHead head;
    head.target = target;
    REQUIRE(judge_target(head, *std::pmr::null_memory_resource()).has_value());
    CHECK(head.path.data() == target.data());
  }
}

TEST_CASE("the query goes on as it came") {
  RequestHead head;
  std::pmr::monotonic_buffer_resource memory;
  head.target = "/a?filter[x]=%zz|^`{}\\\"<>?/..//%2e";
  REQUIRE(judge_target(head, memory).has_value());
  CHECK(head.has_query);
  CHECK(head.query == "filter[x]=%zz|^`{}\\\"<>?/..//%2e");
  head.clear();
  head.target = "/a?";
  REQUIRE(judge_target(head, memory).has_value());
  CHECK(head.has_query);
  CHECK(head.query.empty());
  CHECK(verdict_on_target("/a?\x80") == Reason::request_malformed);
  CHECK(verdict_on_target("/a?b\tc") == Reason::request_malformed);
  CHECK(verdict_on_target("/a?b c") == Reason::request_malformed);
}

TEST_CASE("row 73: an absolute target agrees with Host") {
  CHECK(verdict_on_target("http://b/", "a") == Reason::request_malformed);
  CHECK(verdict_on_target("http://a:81/", "a") == Reason::request_malformed);
  CHECK(verdict_on_target("https://a/", "a:80") == Reason::request_malformed);
  CHECK(verdict_on_target("http://u@a/", "a") == Reason::request_malformed);
  CHECK(verdict_on_target("http:///x", "a") == Reason::request_malformed);
  CHECK(verdict_on_target("http://A/x", "a") == Reason::accepted);
  CHECK(verdict_on_target("HTTP://a:80/x", "a") == Reason::accepted);
  CHECK(verdict_on_target("https://a/x", "a:443") == Reason::accepted);
  CHECK(verdict_on_target("http://[::1]:8080/x", "[::1]:8080") == Reason::accepted);
}

TEST_CASE("an absolute target gives path, query and, without Host, the authority") {
  RequestHead head;
  std::pmr::monotonic_buffer_resource memory;
  head.target = "http://b:8080?x";
  REQUIRE(judge_target(head, memory).has_value());
  CHECK(head.authority == "b:8080");
  CHECK(head.path == "/");
  CHECK(head.query == "x");
  head.clear();
  head.fields.add("Host", "B");
  head.target = "http://b/a/../c";
  REQUIRE(judge_target(head, memory).has_value());
  CHECK(head.authority == "B");
  CHECK(head.path == "/c");
}

TEST_CASE("an absolute target's authority is one, also where no Host disagrees") {
  for (const std::string_view target : {"http:///x", "http://u@b/x", "http://b:/x", "http://b:65536/x", "https://?x"}) {
    CAPTURE(target);
    RequestHead head;
    std::pmr::monotonic_buffer_resource memory;
    head.target = target;
    CHECK_FALSE(judge_target(head, memory).has_value());
  }
}

TEST_CASE("row 75: a target of another form is refused in a whole request") {
  CHECK(judge_bytes("GET * HTTP/1.1\r\nHost: a\r\n\r\n") == Reason::request_malformed);
  CHECK(judge_bytes("GET foo HTTP/1.1\r\nHost: a\r\n\r\n") == Reason::request_malformed);
  CHECK(judge_bytes("GET \\admin HTTP/1.1\r\nHost: a\r\n\r\n") == Reason::request_malformed);
}

TEST_CASE("an authority is a host and perhaps a port") {
  for (const std::string_view good : {"a", "A-b.example_1.com", "a.", "127.0.0.1:80", "[::1]", "[2001:db8::1]:65535"}) {
    CAPTURE(good);
    CHECK(is_authority(good));
  }
  for (const std::string_view bad :
       {"",     ":80", "a:",     "a:65536",  "a:-1",         "a:+1",        "a b",     "a@b",      "a/b", "::1",
        "[::1", "[]",  "[::1]x", "[::1]x80", "[::1%25eth0]", "[127.0.0.1]", "a:80:80", "\xC3\xA9", "a?",  "a#"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_authority(bad));
  }
  CHECK(is_authority(std::string(255, 'a')));
  CHECK_FALSE(is_authority(std::string(256, 'a')));
}

TEST_CASE("the host of an authority is without its port") {
  CHECK(host_of("a:80") == "a");
  CHECK(host_of("a") == "a");
  CHECK(host_of("[::1]:80") == "[::1]");
  CHECK(host_of("[::1]") == "[::1]");
  CHECK(host_of("") == "");
}
