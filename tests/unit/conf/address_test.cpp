#include "conf/address.hpp"

#include <doctest/doctest.h>

using namespace postern::conf;

TEST_CASE("a listener's address is an IP address and a port") {
  CHECK(parse_listen_address("0.0.0.0:8080") == ListenAddress{"0.0.0.0", 8080});
  CHECK(parse_listen_address("[::]:443") == ListenAddress{"::", 443});
  CHECK(parse_listen_address("[::1]:0") == ListenAddress{"::1", 0});
  CHECK(parse_listen_address("127.0.0.1:65535"));
  for (const std::string_view text :
       {"", "8080", ":8080", "localhost:8080", "0.0.0.0", "0.0.0.0:", "0.0.0.0:65536", "0.0.0.0:08", "::1:80", "[::1]",
        "[127.0.0.1]:80", "256.0.0.1:80", "1.2.3:80", "[::1:80", "0.0.0.0:80x", "[fe80::1%lo]:80"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_listen_address(text));
  }
}

TEST_CASE("an endpoint is a URL of scheme, host and port") {
  CHECK(parse_endpoint("http://127.0.0.1:9000") == Endpoint{false, "127.0.0.1", 9000});
  CHECK(parse_endpoint("http://orders") == Endpoint{false, "orders", 80});
  CHECK(parse_endpoint("https://orders.example.com") == Endpoint{true, "orders.example.com", 443});
  CHECK(parse_endpoint("https://[::1]:8443") == Endpoint{true, "::1", 8443});
  for (const std::string_view text : {"",           "orders",     "orders:80",  "ftp://a",     "HTTP://a",
                                      "http://",    "http://:80", "http://a:",  "http://a:0",  "http://a:65536",
                                      "http://a/",  "http://a/b", "http://a?b", "http://a#b",  "http://u:p@a",
                                      "http://a b", "http://::1", "http://-a",  "http://a..b", "http://1.2.3.4.5",
                                      "http://[::1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_endpoint(text));
  }
}

TEST_CASE("an endpoint's error never repeats a password") {
  CHECK(parse_endpoint("http://user:hunter2@a").error().find("hunter2") == std::string::npos);
}

TEST_CASE("a network has no bits beyond its prefix") {
  for (const std::string_view text :
       {"10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "::1/128", "fd00::/8", "::/0", "192.168.128.0/17"}) {
    CAPTURE(text);
    CHECK_FALSE(judge_cidr(text));
  }
  for (const std::string_view text : {"", "10.0.0.0", "10.0.0.0/33", "10.0.0.1/8", "::1/129", "10.0.0.0/",
                                      "10.0.0.0/08", "10.0.0.0/-1", "a/8", "192.168.128.0/16", "fd00::1/8"}) {
    CAPTURE(text);
    CHECK(judge_cidr(text));
  }
  CHECK(judge_cidr("10.1.2.3")->find("`10.1.2.3/32`") != std::string::npos);
}

TEST_CASE("host names hold at 63 bytes a label and 253 bytes altogether") {
  CHECK(is_host_name(std::string(63, 'a')));
  CHECK_FALSE(is_host_name(std::string(64, 'a')));
  std::string label = std::string(49, 'a') + ".";
  std::string long_name = label + label + label + label + label + "abc";
  CHECK(long_name.size() == 253);
  CHECK(is_host_name(long_name));
  CHECK_FALSE(is_host_name(long_name + "d"));
}

TEST_CASE("host names are labels of letters, digits, hyphens and underscores") {
  for (const std::string_view text : {"a", "A-b_c.example", "1password.com", "127.0.0.1"}) CHECK(is_host_name(text));
  for (const std::string_view text :
       {"", ".", "a.", ".a", "a-.b", "-a", "a b", "a/b", "a:1", "1.2.3", "999.1.1.1", "\xc3\xa9.fr"}) {
    CAPTURE(text);
    CHECK_FALSE(is_host_name(text));
  }
}
