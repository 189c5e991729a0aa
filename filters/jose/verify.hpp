// The judgement of a token, in the order in which the first failure names the reason:
// parse, alg, issuer, key, signature, time, audience, type, binding, claims, scopes. Pure: `now` is an argument.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "base/pattern.hpp"
#include "base/reason.hpp"
#include "filters/jose/algorithm.hpp"
#include "filters/jose/claims.hpp"
#include "filters/jose/compact.hpp"
#include "filters/jose/jwks.hpp"
#include "filters/jose/signature.hpp"

namespace postern::jose {

// One condition on one claim. A claim that is an array satisfies `equals`, `one_of` and `matches` when an element
// does; `contains` wants an array (or a space-separated string) with that element. Types must agree: the string "true"
// is not the boolean. A claim that is null counts as absent.
struct ClaimRule {
  struct Present {};
  struct Equals {
    Json value;
  };
  struct OneOf {
    std::vector<Json> values;
  };
  struct Contains {
    Json value;
  };
  struct Matches {
    Pattern pattern;
  };

  ClaimPath path;
  std::variant<Present, Equals, OneOf, Contains, Matches> condition;
};

enum class Match : std::uint8_t { any, all };

// A provider's rules, built once from the configuration.
struct Rules {
  std::string provider;              // its name
  bool any_issuer = false;           // `issuer: any`
  std::vector<std::string> issuers;  // compared with `iss` byte for byte
  bool any_audience = false;         // `audiences: any`; accepts a token without `aud`
  std::vector<std::string> audiences;
  Match audience_match = Match::any;
  AlgorithmSet algorithms;
  double leeway = 60;                  // seconds
  std::optional<double> max_lifetime;  // seconds of exp - iat; then `iat` is required
  bool require_expiry = true;
  std::vector<std::string> types = {"jwt", "at+jwt"};  // of bare_type(); `typ` is optional
  std::vector<ClaimRule> claims;                       // required claims and claim rules of the provider: 401
};

// How `typ` values are compared: in lower case, without `application/` before anything (RFC 7515 section 4.1.9).
std::string bare_type(std::string_view type);

// A route's own rules over verified claims: 403.
struct RouteRules {
  std::vector<ClaimRule> claims;
  std::vector<std::string> scopes;  // looked for in `scope` and `scp`, string or array
  Match scope_match = Match::all;
};

// Which of the route's providers judges the token: the first with the token's issuer whose algorithms hold its `alg`.
// Refuses algorithm_not_allowed (no provider of the route allows it, or none of that issuer) and issuer_unknown. A
// provider of `issuer: any` judges what no provider of a named issuer claims.
tl::expected<std::size_t, Refusal> choose_provider(const Token& token, std::span<const Rules* const> providers);

// Every check of one provider, in order; the only maker of Claims. `now` in Unix seconds. On success the token's claims
// and payload are moved out of it; on refusal it is untouched, so that it can be judged again with newer keys.
tl::expected<Claims, Refusal> verify(Token& token, const Rules& rules, const KeySet& keys, double now,
                                     SignatureContexts& contexts);

// The signature alone: algorithm, key, signature, in this order, whatever the payload is. Uses `rules.algorithms` only.
std::optional<Refusal> verify_signature(const CompactToken& jws, const Rules& rules, const KeySet& keys,
                                        SignatureContexts& contexts);

// Whether a fetch of keys could change anything: false for a token that fails a check that needs no key.
bool worth_a_key_fetch(const Token& token, const Rules& rules, double now);

// Whether the token, nothing of which is verified, says that it has expired; whatever else is wrong with it.
bool has_expired(const Token& token, const Rules& rules, double now);

// The route's rules; nothing when they hold.
std::optional<Refusal> check_route(const Claims& claims, const RouteRules& rules);

// One line of `postern explain`: a check with what it wanted, what it saw and how it ended.
struct Finding {
  // "form", "provider" (where the route has several), then the provider's "algorithm", "issuer", "key", "signature",
  // "time", "audience", "type", "binding", "claims", then the route's "route claims" and "scopes" where it has such
  // rules.
  std::string check;
  std::string expected;
  std::string got;
  std::optional<Refusal> refusal;
};

// Runs the same checks as choose_provider(), verify() and check_route() without stopping at the first failure; checks
// that cannot be made any more (no key: no signature) are left out. The first refusal in the list is theirs. `keys`
// stands beside `providers`; null where none could be loaded (keys_unavailable).
std::vector<Finding> explain(std::string_view token, std::span<const Rules* const> providers,
                             std::span<const KeySet* const> keys, const RouteRules& route, double now);

}  // namespace postern::jose
