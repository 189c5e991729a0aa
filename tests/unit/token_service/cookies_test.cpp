#include "filters/token_service/cookies.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

constexpr CookieRules plain_rules{.same_site = SameSite::lax, .secure = false};

}  // namespace

TEST_CASE("A cookie's name has the prefix __Host- exactly where it is Secure") {
  CHECK(cookie_name({}, "postern_access") == "__Host-postern_access");
  CHECK(cookie_name(plain_rules, "postern_access") == "postern_access");
}

TEST_CASE("A cookie that is set has the attributes that __Host- demands, and scripts cannot read it") {
  CHECK(set_cookie({}, "__Host-postern_refresh", "a.b", 432000) ==
        "__Host-postern_refresh=a.b; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=432000");
  CHECK(set_cookie({SameSite::strict, true}, "n", "t", 59.9) ==
        "n=t; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=59");
  CHECK(set_cookie({SameSite::none, true}, "n", "t", 1) == "n=t; Path=/; HttpOnly; Secure; SameSite=None; Max-Age=1");
  CHECK(set_cookie(plain_rules, "n", "t", 1) == "n=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=1");
}

TEST_CASE("A cookie is cleared under the attributes it was set with") {
  CHECK(clear_cookie({}, "__Host-n") == "__Host-n=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0");
  CHECK(clear_cookie(plain_rules, "n") == "n=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}

}  // namespace postern::token_service
