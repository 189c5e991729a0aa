// Issuers with a placeholder for tenants.
#include "conf/tenants.hpp"
#include "sample.hpp"

using namespace postern::conf;

namespace {

const std::string braces = "holds braces that are not one `{tenant}`, a name of letters, digits and `_`";

Lines tenants(const std::string& issuer, const std::string& names, const std::string& more = "") {
  return provider_complaints("audiences: b, issuer: " + issuer + (names.empty() ? "" : ", tenants: " + names) + more);
}

// `[t0, t1, ...]`
std::string numbered(std::size_t count) {
  std::string list = "[";
  for (std::size_t i = 0; i < count; ++i) list.append(i > 0 ? ", t" : "t").append(std::to_string(i));
  return list + "]";
}

}  // namespace

TEST_CASE("an issuer's placeholder is one name in braces") {
  const auto found = find_placeholder("https://a/{tenant_1}/v2");
  REQUIRE(found);
  CHECK(found->at == 10);
  CHECK(found->size == 10);
  CHECK(with_tenant("https://a/{tenant_1}/v2", *found, "x") == "https://a/x/v2");
  CHECK(find_placeholder("https://a/")->size == 0);
  for (const std::string_view text :
       {"{", "}", "{}", "}a{", "{a", "a}", "{a}}", "{{a}", "{a}{b}", "{a}/{a}", "{a b}", "{a-b}"}) {
    CAPTURE(text);
    CHECK_FALSE(find_placeholder(text));
  }
}

TEST_CASE("tenants and a placeholder need each other") {
  CHECK(tenants("'https://a/{tenant}'", "[x, y]") == Lines{});
  CHECK(tenants("'https://a/{tenant}'", "x") == Lines{});
  CHECK(tenants("'https://a/{tenant}'", "") ==
        Lines{"providers.shop.issuer: holds a placeholder: `tenants` must list what may stand there"});
  CHECK(tenants("'{tenant}'", "", ", jwks_file: k") ==
        Lines{"providers.shop.issuer: holds a placeholder: `tenants` must list what may stand there"});
  CHECK(tenants("https://a", "[x]") ==
        Lines{"providers.shop.tenants: says nothing without a placeholder such as `{tenant}` in `issuer`"});
  CHECK(tenants("any", "[x]", ", jwks_uri: https://a") ==
        Lines{"providers.shop.tenants: says nothing without a placeholder such as `{tenant}` in `issuer`"});
  CHECK(tenants("[https://a, 'https://a/{tenant}']", "[x]") == Lines{});
}

TEST_CASE("braces that are no placeholder are refused at their issuer") {
  CHECK(tenants("'https://a/{b}/{c}'", "[x]") == Lines{"providers.shop.issuer: " + braces});
  CHECK(tenants("[https://a, 'https://a/{}']", "[x]") == Lines{"providers.shop.issuer[1]: " + braces});
  CHECK(tenants("'https://a/}'", "", ", jwks_file: k") == Lines{"providers.shop.issuer: " + braces});
}

TEST_CASE("a tenant cannot leave its place in the URL") {
  const std::string form = "must be 1 to 128 visible ASCII characters without `/`, `?`, `#`, `{` and `}`";
  CHECK(tenants("'https://a/{t}'", "[x, 'a/b']") == Lines{"providers.shop.tenants[1]: " + form});
  CHECK(tenants("'https://a/{t}'", std::string(128, 'x')) == Lines{});
  CHECK(tenants("'https://a/{t}'", std::string(129, 'x')) == Lines{"providers.shop.tenants[0]: " + form});
  CHECK(tenants("'https://a/{t}'", "[x, x]") == Lines{"providers.shop.tenants[1]: is in the list already"});
  CHECK(tenants("'https://a/{t}'", "[]") == Lines{"providers.shop.tenants: must not be empty"});
}

TEST_CASE("each tenant's issuer is one that can be asked") {
  CHECK(tenants("'https://{t}.example.com'", "[a, b]") == Lines{});
  CHECK(tenants("'https://{t}.example.com'", "[a, 'b@c']") ==
        Lines{"providers.shop.issuer: with the tenant `b@c`: must not hold a user or a password; they would end up in "
              "logs"});
  CHECK(tenants("'http://{t}'", "[localhost, 10.0.0.1]").size() == 1);
  CHECK(tenants("'http://{t}'", "[localhost, 127.0.0.1]") == Lines{});
}

TEST_CASE("tenants make at most 1000 issuers") {
  CHECK(tenants("'https://a/{t}'", numbered(1000)) == Lines{});
  CHECK(tenants("'https://a/{t}'", numbered(1001)) == Lines{"providers.shop.tenants: makes more than 1000 issuers"});
  CHECK(tenants("['https://a/{t}', 'https://b/{t}']", numbered(500)) == Lines{});
  CHECK(tenants("['https://a/{t}', 'https://b/{t}']", numbered(501)) ==
        Lines{"providers.shop.tenants: makes more than 1000 issuers"});
}
