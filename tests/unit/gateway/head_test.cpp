#include "gateway/http/head.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace postern::http;

namespace {

constexpr const char* known_names[] = {"te",
                                       "date",
                                       "host",
                                       "vary",
                                       "proxy",
                                       "accept",
                                       "cookie",
                                       "expect",
                                       "origin",
                                       "trailer",
                                       "upgrade",
                                       "forwarded",
                                       "x-real-ip",
                                       "connection",
                                       "keep-alive",
                                       "tracestate",
                                       "traceparent",
                                       "content-type",
                                       "authorization",
                                       "x-http-method",
                                       "x-rewrite-url",
                                       "content-length",
                                       "http2-settings",
                                       "sec-fetch-site",
                                       "x-original-url",
                                       "x-forwarded-for",
                                       "proxy-connection",
                                       "x-forwarded-host",
                                       "x-forwarded-port",
                                       "transfer-encoding",
                                       "x-forwarded-proto",
                                       "x-method-override",
                                       "proxy-authenticate",
                                       "proxy-authorization",
                                       "sec-websocket-protocol",
                                       "x-http-method-override",
                                       "access-control-request-method"};

}  // namespace

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
  CHECK(known_field("Access-Control-Request-Method") == KnownField::access_control_request_method);
  CHECK(known_field("Content_Length") == KnownField::other);
  CHECK(known_field("Content-Lengt") == KnownField::other);
  CHECK(known_field("Content-Lengths") == KnownField::other);
  CHECK(known_field("Content\rLength") == KnownField::other);
  CHECK(known_field("") == KnownField::other);
  CHECK(known_field(std::string(300, 'a')) == KnownField::other);
}

TEST_CASE("every known name is found in any case, and nothing that differs in a byte") {
  std::set<KnownField> found;
  for (const std::string name : known_names) {
    CAPTURE(name);
    std::string upper = name;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    REQUIRE(known_field(name) != KnownField::other);
    CHECK(known_field(upper) == known_field(name));
    CHECK(found.insert(known_field(name)).second);
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (const char c : {'_', '\0', '\x7f', static_cast<char>(name[at] ^ '\x80'), static_cast<char>(name[at] + 1)}) {
        std::string other = name;
        other[at] = c;
        CHECK(known_field(other) == KnownField::other);
      }
    }
  }
  CHECK(found.size() == static_cast<std::size_t>(KnownField::x_rewrite_url));  // the last one; `other` is 0
}

TEST_CASE("names of every length are equal without case and differ by any byte") {
  for (std::size_t size = 0; size <= 33; ++size) {
    const std::string name(size, 'a');
    CHECK(equals_folded(name, std::string(size, 'A')));
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        std::string other(size, 'A');
        other[at] = static_cast<char>(byte);
        REQUIRE(equals_folded(name, other) == (byte == 'a' || byte == 'A'));
      }
    }
  }
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
  CHECK(fields.count(KnownField::cookie) == 1);
  CHECK(fields.find(KnownField::cookie)->value == "c");
  fields.begin()->removed = true;
  CHECK(fields.find("X-A")->value == "2");
  for (Field& field : fields) field.removed = true;
  CHECK(fields.find("X-A") == nullptr);
  CHECK(fields.count(KnownField::cookie) == 0);
  CHECK(fields.find(KnownField::cookie) == nullptr);
  CHECK(fields.size() == 3);
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
