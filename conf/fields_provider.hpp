// The field table of providers and of the rules for claims.
#pragma once

#include "conf/spec.hpp"

namespace postern::conf {

template <class Visitor>
void describe(Visitor& v, ClaimRule& c) {
  v.record("claim_rule", "What a claim must be.");
  v.field("claim", c.claim,
          {.doc = "The claim's name; dots lead into objects (`realm_access.roles`), a member with the literal name "
                  "goes first. Or the "
                  "names of the way as a list: `[a, b.c]`.",
           .required = true,
           .format = Format::claim});
  v.field("equals", c.equals, {.doc = "It is this value."});
  v.field("one_of", c.one_of, {.doc = "It is one of these values.", .not_empty = true});
  v.field("contains", c.contains,
          {.doc = "It is an array that holds this value, or a space-separated text with this word."});
  v.field("matches", c.matches, {.doc = "It is a text that matches this pattern (RE2 syntax) as a whole."});
  v.exactly_one({"equals", "one_of", "contains", "matches"}, "a rule has one condition");
}

template <class Visitor>
void describe(Visitor& v, Provider& c) {
  v.record("provider",
           "Who issues tokens: its name in the tokens, its keys, and what every one of its tokens must satisfy.");
  v.field("issuer", c.issuer,
          {.doc = "The `iss` of its tokens, compared byte for byte: one, a list of several, or the word `any` for "
                  "tokens whose issuer "
                  "says nothing.",
           .required = true});
  v.field("audiences", c.audiences,
          {.doc = "The `aud` values that mean this service. The word `any` accepts every token of the issuer, also one "
                  "without `aud`.",
           .required = true});
  v.field("audience_match", c.audience_match, {.doc = "Whether a token must name `any` or `all` of `audiences`."});
  v.field("jwks_file", c.jwks_file,
          {.doc = "Files with the issuer's public keys as a JSON Web Key Set.",
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("pem_file", c.pem_file,
          {.doc = "Files with public keys or certificates in PEM.",
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("secret_file", c.secret_file,
          {.doc = "Files with a secret shared with the issuer (HS256, HS384, HS512): the bytes as they are, less one "
                  "final newline.",
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("secret", c.secret, {.doc = "The same in the configuration, best from the environment: `${JWT_SECRET}`."});
  v.field("secret_encoding", c.secret_encoding, {.doc = "How the secret is written."});
  v.field("algorithms", c.algorithms,
          {.doc = "The `alg` values accepted. Without it: RS, PS and ES 256-384-512, ES256K and EdDSA for public keys; "
                  "HS256 for a secret.",
           .format = Format::algorithm,
           .not_empty = true,
           .unique = true});
  v.field("leeway", c.leeway, {.doc = "How far the clocks may differ when times are compared.", .max = 300'000});
  v.field("max_lifetime", c.max_lifetime,
          {.doc = "Refuses tokens with a longer life, from `iat` to `exp`, and those without `iat`.", .min = 1'000});
  v.field("require_exp", c.require_exp, {.doc = "Whether a token without `exp` is refused."});
  v.field("types", c.types,
          {.doc = "The `typ` values accepted in the token's header, without regard to case. Without it: `JWT` and "
                  "`at+jwt`. A token "
                  "without `typ` is accepted.",
           .not_empty = true,
           .unique = true});
  v.field("required_claims", c.required_claims, {.doc = "Claims that must be there.", .format = Format::claim});
  v.field("claims", c.claims, {.doc = "What claims must be. A token that fails is answered with 401."});
  v.at_least_one({"jwks_file", "pem_file", "secret_file", "secret"}, "without keys no token can be checked");
  v.at_most_one({"secret_file", "secret"}, "a secret is given in one place");
}

}  // namespace postern::conf
