#include "conf/url.hpp"

#include <doctest/doctest.h>

using namespace postern::conf;

namespace {

std::string resolved(const char* base, std::string_view location) {
  auto from = parse_url(base);
  REQUIRE(from);
  auto url = resolve_url(*from, location);
  return url ? url->to_text() : "refused: " + url.error();
}

}  // namespace

TEST_CASE("a URL is scheme, host, port and target") {
  CHECK(parse_url("https://id.example.com/jwks.json?v=1") == Url{true, "id.example.com", 443, "/jwks.json?v=1"});
  CHECK(parse_url("http://127.0.0.1:8080") == Url{false, "127.0.0.1", 8080, "/"});
  CHECK(parse_url("https://[2001:DB8::1]:8443/a//b/../c") == Url{true, "2001:db8::1", 8443, "/a//b/../c"});
  CHECK(parse_url("http://a?b=http://c@d/") == Url{false, "a", 80, "/?b=http://c@d/"});
  CHECK(parse_url("http://a:65535/:@") == Url{false, "a", 65535, "/:@"});
}

TEST_CASE("scheme and host are read without case, the target keeps it") {
  CHECK(parse_url("HTTPS://ID.Example.COM/Realms/A") == Url{true, "id.example.com", 443, "/Realms/A"});
  CHECK(parse_url("Http://A") == Url{false, "a", 80, "/"});
}

TEST_CASE("what is no http or https URL is refused") {
  for (const char* text : {"",
                           "/",
                           "a",
                           "//a",
                           "id.example.com/jwks",
                           "ftp://a",
                           "file:///etc/passwd",
                           "https:a",
                           "https:/a",
                           "https://",
                           "https:///a",
                           "https://?a",
                           "https://:80",
                           "https://a:",
                           "https://a:0",
                           "https://a:65536",
                           "https://a:8x",
                           "https://a:-1",
                           "https://a b",
                           "https://a/ b",
                           " https://a",
                           "https://a\n",
                           "https://a/\t",
                           "https://a/\x7f",
                           "https://a/\xc3\xa4",
                           "https://\xc3\xa4/",
                           "https://a#",
                           "https://a/b#c",
                           "https://u@a",
                           "https://u:p@a/",
                           "https://@a",
                           "https://a\\@b/",
                           "https://::1/",
                           "https://[::1",
                           "https://[::1]x/",
                           "https://[]/",
                           "https://[127.0.0.1]/",
                           "https://[fe80::1%25lo]/",
                           "https://a..b/",
                           "https://-a/",
                           "https://1.2.3/",
                           "https://256.1.1.1/",
                           "https://a%2eb/"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_url(text));
  }
  CHECK_FALSE(parse_url(std::string_view("https://a/\0b", 12)));
}

TEST_CASE("a host name holds at 253 bytes") {
  const std::string label(62, 'a');
  const std::string name = label + "." + label + "." + label + "." + label;
  CHECK(parse_url("https://" + name + ".a/"));
  CHECK_FALSE(parse_url("https://" + name + ".aa/"));
}

TEST_CASE("a URL's error never repeats a password") {
  CHECK(parse_url("https://user:hunter2@a/").error().find("hunter2") == std::string::npos);
  CHECK(parse_url("https://a/#hunter2").error().find("hunter2") == std::string::npos);
  CHECK(parse_url("hunter2").error().find("hunter2") == std::string::npos);
}

TEST_CASE("a URL is written with its port unless it is the scheme's own") {
  for (const char* text :
       {"https://a/", "http://a/", "https://a:80/", "http://a:443/b?c", "https://[::1]/", "https://[::1]:8443/?x"}) {
    CHECK(parse_url(text)->to_text() == text);
  }
  CHECK(parse_url("https://a:443")->to_text() == "https://a/");
  CHECK(parse_url("http://a:80/b")->authority() == "a");
  CHECK(parse_url("http://[::1]:81/b")->authority() == "[::1]:81");
}

TEST_CASE("a redirect leads to an absolute URL, another host, another path or a relative one") {
  const char* base = "https://a.example:8443/b/c/d;p?q";
  CHECK(resolved(base, "https://z.example/y") == "https://z.example/y");
  CHECK(resolved(base, "HTTP://z.example") == "http://z.example/");
  CHECK(resolved(base, "//z.example/y?x") == "https://z.example/y?x");
  CHECK(resolved(base, "/y") == "https://a.example:8443/y");
  CHECK(resolved(base, "/y?u=https://z/../x") == "https://a.example:8443/y?u=https://z/../x");
  CHECK(resolved("https://a", "y") == "https://a/y");
  CHECK(resolved("https://[::1]:1/x/", "y") == "https://[::1]:1/x/y");
}

TEST_CASE("relative references resolve as RFC 3986 section 5.4 lists them") {
  const char* base = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> normal[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {";x", "http://a/b/c/;x"},
      {"g;x?y", "http://a/b/c/g;x?y"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g//h", "http://a/b/c/g//h"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
  };
  for (const auto& row : normal) {
    const std::string_view location = row.first;
    CAPTURE(location);
    CHECK(resolved(base, location) == row.second);
  }
}

TEST_CASE("a redirect is refused like a URL") {
  for (const std::string_view location :
       {"", "ftp://z/", "javascript:alert(1)", "http:g", "https://u:p@z/", "//u@z/", "//", "///y", "/y#f", "#f", "/a b",
        "/\xc3\xa4", ":80/y", "https://z:0/", "/y\r\nX: y"}) {
    CAPTURE(location);
    CHECK(resolved("https://a/b", location).starts_with("refused: "));
  }
}

TEST_CASE("loopback is 127.0.0.0/8, ::1, localhost and what is below it") {
  for (const std::string_view host : {"127.0.0.1", "127.255.255.255", "::1", "0:0:0:0:0:0:0:1", "localhost",
                                      "LOCALHOST", "id.localhost", "a.b.localhost"}) {
    CAPTURE(host);
    CHECK(is_loopback_host(host));
  }
  for (const std::string_view host :
       {"", "126.255.255.255", "128.0.0.1", "127.example.com", "127.0.0.1.example.com", "0.0.0.0", "::", "::2",
        "localhost.example.com", "notlocalhost", ".localhost.a", "10.0.0.1"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback_host(host));
  }
}
