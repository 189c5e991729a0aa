#include "conf/formats.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/pattern.hpp"

using namespace postern::conf;

namespace {

struct Case {
  Format format;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

const std::vector<Case> cases = {
    {Format::text, {"", "a\nb", "x"}, {}},
    {Format::line, {"a", "a b", "\xc3\xa9"}, {"", "a\nb", std::string("a\0b", 3), "\x7f"}},
    {Format::name, {"a", "A-b_c.d", std::string(64, 'a')}, {"", "a b", "a/b", "\xc3\xa9", std::string(65, 'a')}},
    {Format::listen_address, {"0.0.0.0:80", "[::]:0"}, {"", "off", ":80", "a:80"}},
    {Format::log_target,
     {"stdout", "off", "logs/false", "falsely", "./stderr", "/dev/stderr"},
     {"", "true", "false", "on", "yes", "no", "-", "none", "stderr", "STDOUT", "Off", "True", "null"}},
    {Format::admin_address, {"off", "127.0.0.1:9901"}, {"", "on", "9901"}},
    {Format::endpoint, {"http://a", "https://[::1]:1"}, {"", "a", "http://a/"}},
    {Format::cidr, {"10.0.0.0/8", "::/0"}, {"", "10.0.0.0", "10.0.0.1/8"}},
    {Format::host, {"a", "127.0.0.1", "[::1]"}, {"", "a:80", "::1", "*.a", "a/b"}},
    {Format::host_pattern, {"a.b", "*.a.b", "127.0.0.1"}, {"", "*", "*.", "a.*.b", "*a.b", "a:80", "*.1.2.3.4"}},
    {Format::authority, {"a", "a:80", "[::1]:80", "1.2.3.4:0"}, {"", "a:", "a:65536", ":80", "::1", "http://a"}},
    {Format::header_name, {"X-User", "x_user", "!#$%&'*+-.^_`|~1"}, {"", "X User", "X:", "X\n", "\xc3\xa9", "(x)"}},
    {Format::header_value,
     {"a", "a b", "a\tb", "\xc3\xa9", "\""},
     {"", " a", "a ", "\ta", "a\r", "a\nb", std::string("a\0", 2), "<redacted>"}},
    {Format::method, {"GET", "M-SEARCH"}, {"", "get", "Get", "GET POST", "TRACE", "CONNECT"}},
    {Format::path, {"/", "/a/b"}, {"", "a", "//"}},
    {Format::path_template, {"/{id}", "/a"}, {"", "/{id", "/x{id}"}},
    {Format::claim, {"sub", "a.b", "https://x.example/roles", "cognito:groups", "*"}, {"", "a\nb"}},
    {Format::scope, {"orders:read", "a/b", "~"}, {"", "a b", "a\"b", "a\\b", "\xc3\xa9"}},
    {Format::origin,
     {"*", "https://a.example", "http://localhost:3000", "capacitor://localhost", "https://[::1]:1"},
     {"", "null", "a.example", "https://", "https://a/", "https://A.example", "https://a:443", "http://a:80",
      "https://a/b", "://a"}},
    {Format::redirect_target,
     {"/", "/login?to={path}", "https://a.example{path}", "http://a:81/x?{query}", "{path}/"},
     {"", "a", "//a", "/\\a", "https://", "https:///x", "javascript:alert(1)", "/a b", "/{user}", "/a\r\nb", "/{path"}},
    {Format::cookie_name, {"session", "__Host-x"}, {"", "a=b", "a;b", "a b"}},
    {Format::algorithm, {"RS256", "EdDSA", "ES256K", "HS512"}, {"", "none", "nOnE", "rs256", "RS1", "RSA-OAEP"}},
    {Format::url,
     {"https://a", "HTTP://A/b?c={d}", "https://[::1]:1/"},
     {"", "a", "ftp://a", "https://", "https://u:p@a", "https://a#b", "https://a b", "https://\xc3\xa4"}},
    {Format::proxy,
     {"none", "http://a", "http://a:3128/", "HTTP://[::1]:1"},
     {"", "None", "a:3128", "https://a", "http://a/b", "http://u:p@a", "socks5://a"}},
    {Format::tenant,
     {"a", "0-_.~", "010", "a@b:c", std::string(128, 'a')},
     {"", "a/b", "a?", "a#", "{a}", "a b", "\xc3\xa9", "a\n", std::string(129, 'a')}},
};

}  // namespace

TEST_CASE("every form accepts and refuses what it says") {
  CHECK(cases.size() == 25);
  for (const Case& one : cases) {
    CAPTURE(row_of(one.format).title);
    for (const std::string& text : one.good) {
      CAPTURE(text);
      CHECK_FALSE(judge(one.format, text));
    }
    for (const std::string& text : one.bad) {
      CAPTURE(text);
      CHECK(judge(one.format, text));
    }
  }
}

TEST_CASE("the schema's pattern accepts every text that its form accepts") {
  for (const Case& one : cases) {
    std::string pattern(row_of(one.format).pattern);
    if (pattern.empty()) continue;
    // The same pattern in RE2's notation.
    for (std::size_t at; (at = pattern.find("\\u00")) != pattern.npos;) pattern.replace(at, 4, "\\x");
    auto compiled = postern::Pattern::compile(pattern);
    REQUIRE(compiled);
    for (const std::string& text : one.good) {
      CAPTURE(text);
      CHECK(compiled->matches(text));
    }
  }
}

TEST_CASE("complaints are sentences about the value, without the value") {
  CHECK(judge(Format::algorithm, "RS265") == "is not a signature algorithm; did you mean `RS256`?");
  CHECK(judge(Format::algorithm, "None") == "`none` accepts forged tokens and does not exist here");
  CHECK(judge(Format::scope, "a b") == "one scope has no spaces; several are written as a list");
  CHECK(judge(Format::name, "") == "must not be empty");
}

TEST_CASE("header names are folded by case and by what is neither letter nor digit") {
  for (const char* name : {"x_user-id", "X.User.Id", "x'user~ID", "X-USER-ID"}) {
    CHECK(fold_header_name("X-User-Id") == fold_header_name(name));
  }
  CHECK(fold_header_name("X-User-1") != fold_header_name("X-User-2"));
  CHECK(fold_header_name("X-User") != fold_header_name("X-Users"));
}

TEST_CASE("headers that carry credentials are known by their names") {
  for (const char* name : {"Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X_API_KEY",
                           "X.Api.Key", "X-Auth-Token", "X-Client-Secret"}) {
    CHECK(is_sensitive_header(name));
  }
  CHECK_FALSE(is_sensitive_header("X-User-Id"));
}
