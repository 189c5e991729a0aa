#include "filters/keys/proxy.hpp"

#include <doctest/doctest.h>

namespace postern::keys {
namespace {

constexpr const char* https_proxy = "http://proxy.example:3128";

// `direct`, the proxy's authority, or the error after "refused: ".
std::string way_to(std::string_view target, const ProxySettings& settings) {
  const auto url = conf::parse_url(target);
  REQUIRE(url);
  const auto chosen = choose_proxy(*url, settings);
  if (!chosen) return "refused: " + chosen.error();
  return *chosen ? (*chosen)->authority() : "direct";
}

bool goes_directly(std::string_view target, const std::string& no_proxy) {
  const std::string way =
      way_to(target, {.configured = {}, .https_proxy = https_proxy, .http_proxy = https_proxy, .no_proxy = no_proxy});
  REQUIRE((way == "direct" || way == "proxy.example:3128"));
  return way == "direct";
}

}  // namespace

TEST_CASE("Without any setting the way is direct") {
  CHECK(way_to("https://id.example", {}) == "direct");
  CHECK(way_to("http://id.example", {}) == "direct");
}

TEST_CASE("Each scheme has its own variable") {
  const ProxySettings settings{
      .configured = {}, .https_proxy = "http://a.example:1", .http_proxy = "http://b.example:2", .no_proxy = {}};
  CHECK(way_to("https://id.example", settings) == "a.example:1");
  CHECK(way_to("http://id.example", settings) == "b.example:2");
  const ProxySettings only_http{.configured = {}, .https_proxy = {}, .http_proxy = "http://b.example", .no_proxy = {}};
  CHECK(way_to("https://id.example", only_http) == "direct");
}

TEST_CASE("What is configured wins over the environment, NO_PROXY and loopback") {
  ProxySettings settings{
      .configured = "http://c.example:3", .https_proxy = https_proxy, .http_proxy = {}, .no_proxy = "*"};
  CHECK(way_to("https://id.example", settings) == "c.example:3");
  CHECK(way_to("https://127.0.0.1", settings) == "c.example:3");
  CHECK(way_to("http://127.0.0.1", settings) == "direct");  // allowed in clear because it stays on this machine
  settings.configured = "none";
  settings.no_proxy = "";
  CHECK(way_to("https://id.example", settings) == "direct");
}

TEST_CASE("The environment's proxy never leads to loopback") {
  for (const std::string target : {"https://127.0.0.1", "https://127.8.9.1:8443", "https://[::1]", "https://localhost",
                                   "https://id.localhost", "http://LOCALHOST:8080"}) {
    CAPTURE(target);
    CHECK(goes_directly(target, ""));
  }
  CHECK_FALSE(goes_directly("https://localhost.example", ""));
  CHECK_FALSE(goes_directly("https://10.0.0.1", ""));
}

TEST_CASE("The environment may leave the scheme of its proxy away") {
  CHECK(way_to("https://id.example",
               {.configured = {}, .https_proxy = "proxy.example:3128", .http_proxy = {}, .no_proxy = {}}) ==
        "proxy.example:3128");
}

TEST_CASE("A proxy that cannot be used is refused by the name of its setting, without its text") {
  const auto refusal = [](const std::string& configured, const std::string& variable) {
    return way_to("https://id.example",
                  {.configured = configured, .https_proxy = variable, .http_proxy = {}, .no_proxy = {}});
  };
  CHECK(refusal("https://p.example", "").starts_with("refused: proxy: must be an http:// URL"));
  CHECK(refusal("", "https://p.example").starts_with("refused: HTTPS_PROXY: must be an http:// URL"));
  CHECK(refusal("", "http://p.example/path") == "refused: HTTPS_PROXY: must end after host and port, without a path");
  for (const std::string text : {"http://user:pa55word@p.example:3128", "user:pa55word@p.example:3128",
                                 "socks5://pa55word:1", "http://pa55word:0", "http://pa55 word", "http://"}) {
    CAPTURE(text);
    CHECK(refusal("", text).starts_with("refused: HTTPS_PROXY: "));
    CHECK(refusal(text, "").starts_with("refused: proxy: "));
    CHECK(refusal("", text).find("pa55") == std::string::npos);
  }
  CHECK(way_to("http://id.example", {.configured = {}, .https_proxy = {}, .http_proxy = "ftp://x", .no_proxy = {}})
            .starts_with("refused: HTTP_PROXY: "));
}

TEST_CASE("A name in NO_PROXY matches itself and the names below it") {
  for (const std::string no_proxy : {"example.com", ".example.com", "*.example.com", "EXAMPLE.com", "example.com.",
                                     "a, example.com", "a example.com", "a,,\texample.com ,b", "*", "a,*"}) {
    CAPTURE(no_proxy);
    CHECK(goes_directly("https://example.com", no_proxy));
    CHECK(goes_directly("https://id.Example.com", no_proxy));
    CHECK(goes_directly("https://a.b.example.com:8443", no_proxy));
  }
  for (const std::string no_proxy : {"", ",", " ", ".", "om", "xample.com", ".xample.com", "id.example.com",
                                     "example.com.org", "example", "*example.com", "ex*"}) {
    CAPTURE(no_proxy);
    CHECK_FALSE(goes_directly("https://example.com", no_proxy));
  }
  CHECK_FALSE(goes_directly("https://notexample.com", "example.com"));
}

TEST_CASE("A port in NO_PROXY limits its entry to that port") {
  CHECK(goes_directly("https://id.example:8443", "id.example:8443"));
  CHECK(goes_directly("https://a.id.example:8443", ".id.example:8443"));
  CHECK_FALSE(goes_directly("https://id.example:8444", "id.example:8443"));
  CHECK(goes_directly("https://id.example", "id.example:443"));
  CHECK_FALSE(goes_directly("http://id.example", "id.example:443"));
  CHECK_FALSE(goes_directly("https://id.example", "id.example:"));
  CHECK_FALSE(goes_directly("https://id.example", "id.example:x"));
  CHECK_FALSE(goes_directly("https://id.example:1", "id.example:65537"));
  CHECK(goes_directly("https://10.0.0.1:8443", "10.0.0.1:8443"));
  CHECK_FALSE(goes_directly("https://10.0.0.1", "10.0.0.1:8443"));
  CHECK(goes_directly("https://[fd00::1]:8443", "[fd00::1]:8443"));
  CHECK_FALSE(goes_directly("https://[fd00::1]", "[fd00::1]:8443"));
}

TEST_CASE("An address in NO_PROXY matches by value") {
  CHECK(goes_directly("https://10.0.0.1", "10.0.0.1"));
  CHECK_FALSE(goes_directly("https://10.0.0.1", "10.0.0.10"));
  CHECK_FALSE(goes_directly("https://10.0.0.1", "0.0.1"));
  CHECK_FALSE(goes_directly("https://10.0.0.1", ".0.0.1"));
  CHECK(goes_directly("https://[fd00::1]", "fd00:0:0::1"));
  CHECK(goes_directly("https://[fd00::1]", "[FD00::1]"));
  CHECK_FALSE(goes_directly("https://[fd00::1]", "fd00::2"));
  CHECK(goes_directly("https://[::ffff:10.0.0.1]", "10.0.0.1"));
}

TEST_CASE("A block in NO_PROXY matches the addresses in it, and no name") {
  CHECK(goes_directly("https://10.255.255.255", "10.0.0.0/8"));
  CHECK_FALSE(goes_directly("https://11.0.0.0", "10.0.0.0/8"));
  CHECK(goes_directly("https://10.1.127.255", "10.1.0.0/17"));
  CHECK_FALSE(goes_directly("https://10.1.128.0", "10.1.0.0/17"));
  CHECK(goes_directly("https://[fdff::1]", "fd00::/8"));
  CHECK_FALSE(goes_directly("https://[fe00::1]", "fd00::/8"));
  CHECK(goes_directly("https://192.0.2.7", "0.0.0.0/0"));
  CHECK_FALSE(goes_directly("https://id.example", "0.0.0.0/0"));
  CHECK_FALSE(goes_directly("https://10.0.0.1", "10.0.0.0/33"));
  CHECK_FALSE(goes_directly("https://10.0.0.1", "10.0.0.0/"));
}

TEST_CASE("Link-local addresses and clouds' metadata services are refused unless allowed") {
  for (const std::string ip :
       {"169.254.169.254", "169.254.0.0", "169.254.255.255", "fe80::1", "febf::1", "fe80::1%eth0",
        "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "fd00:ec2::254%1", "fd00:ec2::23",
        "fd20:ce::254", "fd00:c1::a9fe:a9fe", "100.100.100.200", "::ffff:100.100.100.200", "168.63.129.16",
        "192.0.0.192", "fd00:42::42"}) {
    CAPTURE(ip);
    const auto refusal = refuse_address(ip, false);
    REQUIRE(refusal);
    CHECK(refusal->starts_with(ip));
    CHECK(refusal->find("clou") != refusal->npos);
    CHECK_FALSE(refuse_address(ip, true));
  }
}

TEST_CASE("Public, private and loopback addresses are not refused") {
  for (const std::string ip :
       {"192.0.2.7", "10.0.0.1", "192.168.0.1", "127.0.0.1", "169.253.255.255", "169.255.0.0", "::1", "fd00::1",
        "fd00:ec2::253", "fd00:42::41", "fe7f::1", "fec0::1", "2001:db8::1", "::ffff:10.0.0.1", "64:ff9b::c000:207"}) {
    CAPTURE(ip);
    CHECK_FALSE(refuse_address(ip, false));
  }
}

TEST_CASE("The unspecified address, multicast and what is no address are refused always") {
  for (const std::string ip : {"0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "239.255.255.255", "ff02::1",
                               "::ffff:224.0.0.1", "", "%", "id.example", "127.1", "2852039166"}) {
    CAPTURE(ip);
    CHECK(refuse_address(ip, false));
    CHECK(refuse_address(ip, true));
  }
}

}  // namespace postern::keys
