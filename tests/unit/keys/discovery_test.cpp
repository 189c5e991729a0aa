#include "filters/keys/discovery.hpp"

#include <doctest/doctest.h>

namespace postern::keys {
namespace {

using Texts = std::vector<std::string>;

const Texts one_issuer{"https://id.example/realms/a"};

// The keys' URL, or the refusal after "refused: ".
std::string read(std::string_view document, const Texts& issuers = one_issuer) {
  const auto uri = read_metadata(document, issuers);
  return uri ? *uri : "refused: " + uri.error();
}

std::string metadata_of(std::string_view issuer) {
  return std::string(R"({"issuer":")").append(issuer).append(R"(","jwks_uri":"https://id.example/keys"})");
}

}  // namespace

TEST_CASE("An issuer with a path has three metadata URLs") {
  const Texts urls{"https://id.example/realms/a/.well-known/openid-configuration",
                   "https://id.example/.well-known/oauth-authorization-server/realms/a",
                   "https://id.example/.well-known/openid-configuration/realms/a"};
  CHECK(metadata_urls("https://id.example/realms/a") == urls);
  CHECK(metadata_urls("https://id.example/realms/a/") == urls);
}

TEST_CASE("An issuer without a path has two metadata URLs") {
  const Texts urls{"https://id.example/.well-known/openid-configuration",
                   "https://id.example/.well-known/oauth-authorization-server"};
  CHECK(metadata_urls("https://id.example") == urls);
  CHECK(metadata_urls("https://id.example/") == urls);
}

TEST_CASE("Port, brackets and case of an issuer stay in its metadata URLs") {
  CHECK(metadata_urls("http://[::1]:8080").front() == "http://[::1]:8080/.well-known/openid-configuration");
  CHECK(metadata_urls("https://id.example:8443/A").at(1) ==
        "https://id.example:8443/.well-known/oauth-authorization-server/A");
  CHECK(metadata_urls("HTTPS://ID.example/").at(1) == "HTTPS://ID.example/.well-known/oauth-authorization-server");
}

TEST_CASE("Only the last of several final slashes is removed") {
  CHECK(metadata_urls("https://id.example/a//").front() == "https://id.example/a//.well-known/openid-configuration");
}

TEST_CASE("An issuer that is no URL, or has a query or a fragment, has no metadata URL") {
  for (const std::string_view issuer : {"", "joe", "id.example", "ftp://id.example", "https://", "https:///a",
                                        "https://id.example?a=b", "https://id.example/a?b", "https://id.example/#a"}) {
    CAPTURE(issuer);
    CHECK(metadata_urls(issuer).empty());
  }
}

TEST_CASE("The keys' URL is read from metadata of one of the issuers") {
  CHECK(read(metadata_of("https://id.example/realms/a")) == "https://id.example/keys");
  CHECK(read(metadata_of("https://b.example"), {"https://a.example", "https://b.example"}) ==
        "https://id.example/keys");
}

TEST_CASE("Without configured issuers any metadata is taken, even without an issuer") {
  CHECK(read(metadata_of("https://whoever.example"), {}) == "https://id.example/keys");
  CHECK(read(R"({"jwks_uri":"x"})", {}) == "x");
}

TEST_CASE("Metadata of another issuer is refused with both names") {
  CHECK(read(metadata_of("https://evil.example")) ==
        "refused: the metadata's `issuer` is \"https://evil.example\", needed is \"https://id.example/realms/a\"");
  CHECK(read(metadata_of("https://evil.example"), {"https://a.example", "https://b.example"}) ==
        "refused: the metadata's `issuer` is \"https://evil.example\", needed is \"https://a.example\", "
        "\"https://b.example\"");
  for (const std::string_view issuer : {"https://id.example/realms/ab", "https://id.example/realms/",
                                        "https://id.example/realms/a//", "https://id.example/realms/a\\u0000"}) {
    CAPTURE(issuer);
    CHECK(read(metadata_of(issuer)).starts_with("refused: the metadata's `issuer` is "));
  }
}

TEST_CASE("Metadata whose issuer differs by a final slash or by case alone is refused, and why is said") {
  const std::string needed = "needed is \"https://id.example/realms/a\": ";
  CHECK(read(metadata_of("https://id.example/realms/a/")) ==
        "refused: the metadata's `issuer` is \"https://id.example/realms/a/\", " + needed +
            "only a final slash differs");
  CHECK(read(metadata_of("https://ID.example/realms/a")) ==
        "refused: the metadata's `issuer` is \"https://ID.example/realms/a\", " + needed + "only the case differs");
  CHECK(read(metadata_of("HTTPS://ID.example/realms/a/")).ends_with("only the case and a final slash differ"));
}

TEST_CASE("A stranger's issuer is shown escaped and cut") {
  const std::string refusal = read(metadata_of("\\u001b[31m" + std::string(5'000, 'x')));
  CHECK(refusal.size() < 300);
  CHECK(refusal.find("\\x1b[31mxxx") != refusal.npos);
  CHECK(refusal.find('\x1b') == refusal.npos);
}

TEST_CASE("What is no metadata is refused") {
  CHECK(read("").starts_with("refused: the metadata is no JSON: "));
  CHECK(read("<html>").starts_with("refused: the metadata is no JSON: "));
  CHECK(read(metadata_of("https://id.example/realms/a") + "x").starts_with("refused: the metadata is no JSON: "));
  CHECK(read(R"({"issuer":"a","issuer":"b"})").starts_with("refused: the metadata is no JSON: "));
  CHECK(read("[]") == "refused: the metadata is no JSON object");
  CHECK(read("null") == "refused: the metadata is no JSON object");
  for (const std::string_view document : {"{}", R"({"issuer":7,"jwks_uri":"x"})", R"({"issuer":"","jwks_uri":"x"})",
                                          R"({"issuer":["https://id.example/realms/a"],"jwks_uri":"x"})"}) {
    CAPTURE(document);
    CHECK(read(document) == "refused: the metadata has no `issuer`");
  }
  for (const std::string_view tail : {"", R"(,"jwks_uri":"")", R"(,"jwks_uri":null)", R"(,"jwks_uri":["x"])"}) {
    const std::string document = std::string(R"({"issuer":"https://id.example/realms/a")").append(tail).append("}");
    CAPTURE(document);
    CHECK(read(document) == "refused: the metadata has no `jwks_uri`");
  }
}

TEST_CASE("Each tenant stands in the place of the one placeholder") {
  const Texts tenants{"red", "blue-2"};
  CHECK(expand_tenants("https://login.example/{tenant}/v2.0", tenants) ==
        Texts{"https://login.example/red/v2.0", "https://login.example/blue-2/v2.0"});
  CHECK(expand_tenants("https://{t}.login.example", tenants) ==
        Texts{"https://red.login.example", "https://blue-2.login.example"});
}

TEST_CASE("An issuer without a placeholder, or without tenants, is itself alone") {
  CHECK(expand_tenants("https://id.example", Texts{"red", "blue"}) == Texts{"https://id.example"});
  CHECK(expand_tenants("https://id.example/{tenant}", {}) == Texts{"https://id.example/{tenant}"});
  CHECK(expand_tenants("https://id.example/{tenant", Texts{"red"}) == Texts{"https://id.example/{tenant"});
}

}  // namespace postern::keys
