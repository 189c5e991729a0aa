#include "conf/redis_url.hpp"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::conf;

TEST_CASE("a Redis URL has a host, and where it says so a port, a user with a password, a database and TLS") {
  CHECK(parse_redis_url("redis://redis.example") == RedisUrl{false, "redis.example", 6379, "", Secret(), 0});
  CHECK(parse_redis_url("redis://127.0.0.1:7000/") == RedisUrl{false, "127.0.0.1", 7000, "", Secret(), 0});
  CHECK(parse_redis_url("rediss://[2001:DB8::1]:7000/15") == RedisUrl{true, "2001:db8::1", 7000, "", Secret(), 15});
  CHECK(parse_redis_url("REDIS://[::1]") == RedisUrl{false, "::1", 6379, "", Secret(), 0});
  CHECK(parse_redis_url("redis://ann:s3cret@h") == RedisUrl{false, "h", 6379, "ann", Secret("s3cret"), 0});
  CHECK(parse_redis_url("redis://:s3cret@h") == RedisUrl{false, "h", 6379, "", Secret("s3cret"), 0});
  CHECK(parse_redis_url("redis://ann@h") == RedisUrl{false, "h", 6379, "ann", Secret(), 0});
  CHECK(parse_redis_url("redis://h/65535") == RedisUrl{false, "h", 6379, "", Secret(), 65535});
}

TEST_CASE("an address of a Redis is a host, and where it says so a port") {
  CHECK(parse_redis_address("Redis.example", 26379) == RedisAddress{"redis.example", 26379});
  CHECK(parse_redis_address("10.0.0.1:1", 6379) == RedisAddress{"10.0.0.1", 1});
  CHECK(parse_redis_address("[2001:DB8::1]:65535", 6379) == RedisAddress{"2001:db8::1", 65535});
  CHECK(parse_redis_address("[::1]", 6379) == RedisAddress{"::1", 6379});
  for (const std::string_view text :
       {"", ":6379", "a:", "a:0", "a:65536", "a:x", "::1", "[::1", "a b", "u@a", "redis://a", "a/1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_redis_address(text, 6379).has_value());
  }
}

TEST_CASE("user and password of a Redis URL are percent-decoded") {
  CHECK(parse_redis_url("redis://a%3Ab:c%2f%40%25d@h") == RedisUrl{false, "h", 6379, "a:b", Secret("c/@%d"), 0});
  CHECK(parse_redis_url("redis://a:b:c@d@h") == RedisUrl{false, "h", 6379, "a", Secret("b:c@d"), 0});
}

TEST_CASE("what is no Redis URL is refused, and not repeated") {
  for (const char* text : {"",
                           "secret",
                           "secret://h",
                           "http://secret",
                           "redis:secret",
                           "redis:/secret",
                           "redis://",
                           "redis:///0",
                           "redis://:6379",
                           "redis://u:secret@",
                           "redis://u:secret@/1",
                           "redis://secret:0",
                           "redis://secret:65536",
                           "redis://secret:",
                           "redis://h/secret",
                           "redis://h/65536",
                           "redis://h/-1",
                           "redis://h/1/2",
                           "redis://h/1?secret",
                           "redis://h#secret",
                           "redis://h/1 ",
                           "redis://u:secret%4@h",
                           "redis://u:secret%@h",
                           "redis://u%zz:secret@h",
                           "redis://[::1",
                           "redis://::1",
                           "redis://sec ret@h",
                           "redis://u:secret\n@h",
                           "redis://s\xC3\xA9"
                           "cret@h"}) {
    CAPTURE(text);
    const auto url = parse_redis_url(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().find("secret") == std::string::npos);
  }
}
