#include "gateway/http/head.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace postern::http;

TEST_CASE("methods are known by their exact name alone") {
  CHECK(method_of("GET") == Method::get);
  CHECK(method_of("DELETE") == Method::delete_);
  CHECK(method_of("PATCH") == Method::patch);
  CHECK(method_of("get") == Method::other);
  CHECK(method_of("OTHER") == Method::other);
  CHECK(method_of("PROPFIND") == Method::other);
  CHECK(name_of(Method::options) == "OPTIONS");
  CHECK(name_of(Method::other) == "OTHER");
}

TEST_CASE("safe methods are idempotent, PUT and DELETE are only that, POST and PATCH are neither") {
  for (const Method method : {Method::get, Method::head, Method::options, Method::trace}) {
    CHECK(is_safe(method));
    CHECK(is_idempotent(method));
  }
  for (const Method method : {Method::put, Method::delete_}) {
    CHECK_FALSE(is_safe(method));
    CHECK(is_idempotent(method));
  }
  for (const Method method : {Method::post, Method::patch, Method::connect, Method::other}) {
    CHECK_FALSE(is_safe(method));
    CHECK_FALSE(is_idempotent(method));
  }
}

TEST_CASE("a field is known without case and never by a neighbouring name") {
  CHECK(known_field("Host") == KnownField::host);
  CHECK(known_field("te") == KnownField::te);
  CHECK(known_field("TRANSFER-ENCODING") == KnownField::transfer_encoding);
  CHECK(known_field("x-http-method-override") == KnownField::x_http_method_override);
  CHECK(known_field("Access-Control-Request-Headers") == KnownField::access_control_request_headers);
  CHECK(known_field("Content_Length") == KnownField::other);
  CHECK(known_field("Content-Lengt") == KnownField::other);
  CHECK(known_field("Content-Lengths") == KnownField::other);
  CHECK(known_field("Content\rLength") == KnownField::other);
  CHECK(known_field("") == KnownField::other);
  CHECK(known_field(std::string(300, 'a')) == KnownField::other);
}

TEST_CASE("folding is ASCII's: no other byte equals a letter") {
  CHECK(equals_folded("X-User", "x-uSER"));
  CHECK_FALSE(equals_folded("X-User", "X-Use"));
  CHECK_FALSE(equals_folded("X_User", "X-User"));
  CHECK_FALSE(equals_folded("[", "{"));
  CHECK_FALSE(equals_folded("@", "`"));
}

TEST_CASE("removed fields stay in place and are found no more") {
  Fields fields;
  fields.add("X-A", "1");
  fields.add("Cookie", "c");
  fields.add("x-a", "2");
  REQUIRE(fields.find("X-a") != nullptr);
  CHECK(fields.find("X-a")->value == "1");
  fields.remove("X-A");
  CHECK(fields.find("X-A") == nullptr);
  CHECK(fields.size() == 3);
  CHECK(fields.count(KnownField::cookie) == 1);
  fields.remove(KnownField::cookie);
  CHECK(fields.count(KnownField::cookie) == 0);
  CHECK(fields.find(KnownField::cookie) == nullptr);
}

TEST_CASE("set leaves exactly one field of the name") {
  Fields fields;
  fields.add("Vary", "a");
  fields.add("vary", "b");
  fields.set("Vary", "c");
  CHECK(fields.count(KnownField::vary) == 1);
  CHECK(fields.find(KnownField::vary)->value == "c");
}

TEST_CASE("a cleared head is a fresh one") {
  RequestHead head;
  head.path = "/a";
  head.has_query = true;
  head.fields.add("Host", "a");
  head.clear();
  CHECK(head.path.empty());
  CHECK_FALSE(head.has_query);
  CHECK(head.fields.size() == 0);
  CHECK(head.minor_version == 1);
}
