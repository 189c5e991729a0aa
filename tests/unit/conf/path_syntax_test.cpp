#include "conf/path_syntax.hpp"

#include <doctest/doctest.h>

using namespace postern::conf;

TEST_CASE("canonical paths are accepted") {
  for (const std::string_view text : {"/", "/a", "/a/", "/a/b-c_d.e~f", "/a;v=1/b", "/a:b@c!$&'()*+,=", "/%25", "/%2F",
                                      "/caf%C3%A9", "/a%20b", "/...", "/.well-known/x"}) {
    CAPTURE(text);
    CHECK_FALSE(judge_path(text));
  }
}

TEST_CASE("paths that no request can have are refused") {
  for (const std::string_view text :
       {"",      "a",     "*",    "//",   "//a",  "/a//b", "/.",   "/a/..", "/../a", "/a?b", "/a#b",         "/a b",
        "/a\\b", "/%",    "/%2",  "/%2f", "/%zz", "/%41",  "/%7E", "/%00",  "/%7F",  "/%0A", "/caf\xc3\xa9", "/%C0%AE",
        "/%FF",  "/{id}", "/a\"", "/a|b"}) {
    CAPTURE(text);
    CHECK(judge_path(text));
  }
}

TEST_CASE("what people take for a wildcard is refused, with what to write instead") {
  for (const std::string_view text : {"/*", "/admin/*", "/admin/**", "/admin*", "/*/edit", "/static/*.css", "/a/*/"}) {
    CAPTURE(text);
    CHECK(judge_path(text).value_or("").find("`path_prefix`") != std::string::npos);
    CHECK(judge_path_template(text).value_or("").find("`{name}`") != std::string::npos);
  }
  CHECK(judge_path_template("/users/:id/orders") == "a segment's name is written `{id}`, not `:id`");
  CHECK(judge_path_template("/:id"));
  for (const std::string_view text : {"/%2A", "/a%2A", "/a*b", "/v1/orders:cancel", "/:"}) {
    CAPTURE(text);
    CHECK_FALSE(judge_path(text));
    CHECK_FALSE(judge_path_template(text));
  }
  CHECK_FALSE(judge_path("/:id"));
}

TEST_CASE("a template's names stand for whole segments, each once") {
  for (const std::string_view text : {"/users/{id}", "/{a}/{b}/c", "/users/{user_id2}/orders", "/plain", "/{id}/"}) {
    CAPTURE(text);
    CHECK_FALSE(judge_path_template(text));
  }
  for (const std::string_view text :
       {"/users/{id}x", "/users/x{id}", "/{}", "/{1a}", "/{a-b}", "/{a}/{a}", "/{a", "/a}", "{a}", "/{a}//b"}) {
    CAPTURE(text);
    CHECK(judge_path_template(text));
  }
}

TEST_CASE("a template tells its names and its literal beginning") {
  CHECK(template_names("/users/{id}/orders/{order}") == std::vector<std::string_view>{"id", "order"});
  CHECK(template_names("/users").empty());
  CHECK(literal_prefix("/users/{id}/orders") == "/users");
  CHECK(literal_prefix("/{id}") == "");
  CHECK(literal_prefix("/users") == "/users");
}

TEST_CASE("a prefix ends at a segment's border") {
  CHECK(is_segment_prefix("/a", "/a"));
  CHECK(is_segment_prefix("/a", "/a/b"));
  CHECK(is_segment_prefix("/a/", "/a/b"));
  CHECK(is_segment_prefix("/", "/a"));
  CHECK_FALSE(is_segment_prefix("/a", "/ab"));
  CHECK_FALSE(is_segment_prefix("/a/b", "/a"));
}
