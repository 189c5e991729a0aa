#include "filters/token_service/requests.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

Parameters form(std::string_view body) {
  return Parameters::parse("application/x-www-form-urlencoded", body, Parameters::Accepts::form).value();
}

std::string shown(const std::optional<Secret>& secret) {
  return secret ? std::string(secret->reveal()) : "-";
}

// `refresh|access|cookie`, with `-` for a token that is not there.
std::string shown(const SentTokens& tokens) {
  return shown(tokens.refresh_token) + "|" + shown(tokens.access_token) + (tokens.by_cookie ? "|cookie" : "|body");
}

std::string tokens_of(std::string_view body, const Carried& carried) {
  const auto refresh = read_refresh(form(body), carried);
  const auto logout = read_logout(form(body), carried);
  REQUIRE(refresh.has_value() == logout.has_value());
  if (!refresh) {
    CHECK(logout.error().reason == refresh.error().reason);
    return std::string(code_of(refresh.error().reason));
  }
  CHECK(shown(logout->tokens) == shown(refresh->tokens));
  return shown(refresh->tokens);
}

template <class Read>
Reason reason_of(Read read, std::string_view body) {
  const auto request = read(form(body));
  return request ? Reason::accepted : request.error().reason;
}

std::string narrowed(std::string_view asked, std::string_view granted) {
  const auto scope = narrow_scope(asked, granted);
  return scope ? *scope : std::string(code_of(scope.error().reason));
}

}  // namespace

TEST_CASE("A login has a user name and a password") {
  const auto login = read_login(form("username=alice&password=a+b&more=1"));
  REQUIRE(login);
  CHECK(login->credentials.username == "alice");
  CHECK(login->credentials.password == Secret("a b"));
  for (const std::string_view body :
       {"", "username=alice", "password=x", "username=&password=x", "username=alice&password="}) {
    CAPTURE(body);
    CHECK(reason_of(read_login, body) == Reason::request_malformed);
  }
}

TEST_CASE("A refresh token of the body wins, and no cookie counts beside it") {
  CHECK(tokens_of("refresh_token=r", {}) == "r|-|body");
  CHECK(tokens_of("refresh_token=r&access_token=a", {"", "ca", "cr"}) == "r|a|body");
  CHECK(tokens_of("refresh_token=r", {"b", "ca", "cr"}) == "r|b|body");
  CHECK(tokens_of("refresh_token=r", {"", "ca", "cr"}) == "r|-|body");
}

TEST_CASE(
    "Without a refresh token in the body the cookies' tokens are taken, and the request is told to be a browser's") {
  CHECK(tokens_of("", {"", "ca", "cr"}) == "cr|ca|cookie");
  CHECK(tokens_of("", {"", "", "cr"}) == "cr|-|cookie");
  CHECK(tokens_of("", {"", "ca", ""}) == "-|ca|cookie");
  CHECK(tokens_of("", {"b", "ca", "cr"}) == "cr|b|cookie");
  CHECK(tokens_of("access_token=a", {"", "ca", "cr"}) == "cr|a|cookie");
  CHECK(tokens_of("refresh_token=", {"", "", "cr"}) == "cr|-|cookie");
}

TEST_CASE("Without any cookie no request is a browser's") {
  CHECK(tokens_of("", {}) == "-|-|body");
  CHECK(tokens_of("", {"b", "", ""}) == "-|b|body");
  CHECK(tokens_of("", {"b", "ca", ""}) == "-|b|body");
}

TEST_CASE("An access token in the header and another in the body are refused") {
  CHECK(tokens_of("access_token=a", {"b", "", ""}) == "token_multiple");
  CHECK(tokens_of("refresh_token=r&access_token=a", {"a", "", ""}) == "token_multiple");
}

TEST_CASE("A refresh may ask for a narrower scope") {
  CHECK(read_refresh(form("refresh_token=r&scope=a+b"), {})->scope == "a b");
  CHECK(read_refresh(form("refresh_token=r"), {})->scope.empty());
}

TEST_CASE("A logout is of one session, or of all when it says so") {
  const auto everywhere = [](std::string_view body) { return read_logout(form(body), {}).value().everywhere; };
  CHECK_FALSE(everywhere("refresh_token=r"));
  CHECK_FALSE(everywhere("all=false"));
  CHECK_FALSE(everywhere("all="));
  CHECK(everywhere("all=true"));
  for (const char* body : {"all=1", "all=TRUE", "all=yes"}) {
    CHECK(reason_of([](const Parameters& p) { return read_logout(p, {}); }, body) == Reason::request_malformed);
  }
}

TEST_CASE("RFC 6749 section 4.4.2's request is one for a client's own token") {
  const auto request = read_token_request(form("grant_type=client_credentials"));
  REQUIRE(request);
  const auto* const own = std::get_if<ClientCredentialsRequest>(&*request);
  REQUIRE(own != nullptr);
  CHECK(own->scope.empty());
  CHECK(own->audience.empty());
  const auto narrow = read_token_request(form("grant_type=client_credentials&scope=a+b&audience=orders"));
  CHECK(std::get<ClientCredentialsRequest>(*narrow).scope == "a b");
  CHECK(std::get<ClientCredentialsRequest>(*narrow).audience == "orders");
}

TEST_CASE("RFC 6749 section 6's request is a refresh, by the body alone") {
  const auto request =
      read_token_request(form("grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA&scope=a"));
  REQUIRE(request);
  const auto* const refresh = std::get_if<RefreshRequest>(&*request);
  REQUIRE(refresh != nullptr);
  CHECK(shown(refresh->tokens) == "tGzv3JOkF0XG5Qx2TlKWIA|-|body");
  CHECK(refresh->scope == "a");
}

TEST_CASE("Token requests without what they need, and of other grants, are refused") {
  CHECK(reason_of(read_token_request, "") == Reason::request_malformed);
  CHECK(reason_of(read_token_request, "grant_type=") == Reason::request_malformed);
  CHECK(reason_of(read_token_request, "grant_type=refresh_token") == Reason::request_malformed);
  for (const std::string_view grant : {"password", "authorization_code", "Refresh_token", "client_credentials+", "x"}) {
    CAPTURE(grant);
    CHECK(reason_of(read_token_request, "grant_type=" + std::string(grant)) == Reason::grant_unsupported);
  }
}

TEST_CASE("RFC 7009 section 2.1's request asks about a token, whatever its hint") {
  const auto asked = read_asked_token(form("token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token"));
  CHECK(asked == Secret("45ghiukldjahdnhzdauz"));
  CHECK(read_asked_token(form("token=t&token_type_hint=saml")) == Secret("t"));
  CHECK(reason_of(read_asked_token, "token_type_hint=access_token") == Reason::request_malformed);
  CHECK(reason_of(read_asked_token, "token=") == Reason::request_malformed);
}

TEST_CASE("A scope may be narrowed and never widened") {
  CHECK(narrowed("", "a b") == "a b");
  CHECK(narrowed("b", "a b") == "b");
  CHECK(narrowed("b a b", "a b") == "b a");
  CHECK(narrowed("", "") == "");
  for (const std::string_view asked : {"c", "a c", "A", "a b c", "aa", "a,b"}) {
    CAPTURE(asked);
    CHECK(narrowed(asked, "a b") == "scope_invalid");
  }
  CHECK(narrowed("a", "") == "scope_invalid");
}

TEST_CASE("A list of scopes has one space between them and nothing else") {
  for (const std::string_view asked : {" ", " a", "a ", "a  b", "a\tb"}) {
    CAPTURE(asked);
    CHECK(narrowed(asked, "a b") == "scope_invalid");
    CHECK(narrowed(asked, "") == "scope_invalid");
  }
}

}  // namespace postern::token_service
