// From the configuration's words to the rules that filters/jose judges by. Pure.
#pragma once

#include <string>
#include <string_view>

#include "conf/config.hpp"
#include "conf/problems.hpp"
#include "filters/jose/verify.hpp"

namespace postern::filters {

// What a provider's keys are: one provider never mixes secrets and public keys.
enum class KeyKind : std::uint8_t { public_keys, secret };

jose::ClaimPath make_claim_path(const conf::ClaimName& name);

// The provider's rules. Without `algorithms` the kind of its keys decides: the asymmetric ones, or HS256. Reports, at
// `providers.<name>.algorithms[i]`, names that no algorithm has and algorithms that this kind of key cannot serve.
jose::Rules make_rules(const std::string& name, const conf::Provider& provider, KeyKind kind, conf::Problems& problems);

// A route's own rules: required claims, claim rules, scopes.
jose::RouteRules make_route_rules(const conf::Jwt& jwt);

}  // namespace postern::filters
