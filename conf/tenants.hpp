// Issuers with a placeholder: `https://login.example/{tenant}/v2.0` is one issuer for each tenant.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::conf {

// The most issuers that the tenants of one provider may make.
inline constexpr std::size_t max_tenant_issuers = 1'000;

// Where the placeholder of an issuer stands, braces included.
struct Placeholder {
  std::size_t at = 0;
  std::size_t size = 0;  // 0: the issuer has none
};

// The one `{name}` of `issuer`, its name 1 or more letters, digits and `_`; the error says what is wrong with the
// braces.
tl::expected<Placeholder, std::string> find_placeholder(std::string_view issuer);

// `issuer` with `tenant` in the place of its placeholder.
std::string with_tenant(std::string_view issuer, const Placeholder& placeholder, std::string_view tenant);

}  // namespace postern::conf
