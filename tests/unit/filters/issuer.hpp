// A provider for tests: its keys, its rules, and tokens that it accepts or, with a change, does not.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "filters/build.hpp"
#include "filters/identity.hpp"
#include "tests/unit/filters/request.hpp"
#include "tests/unit/jose/mint.hpp"

namespace postern::filters {

inline constexpr std::string_view test_issuer = "https://id.example.com";

// Rules of a provider "shop" over the shared key of `alg`, as the loader would make them.
inline std::shared_ptr<Provider> make_provider(const std::string& name = "shop", std::string_view alg = "RS256") {
  auto provider = std::make_shared<Provider>();
  provider->rules.provider = name;
  provider->rules.issuers = {std::string(test_issuer)};
  provider->rules.audiences = {"orders-api"};
  const bool secret = alg.starts_with("HS");
  provider->rules.algorithms = secret ? jose::AlgorithmSet::hs256() : jose::AlgorithmSet::asymmetric();
  auto loaded = jose::parse_jwks(mint::jwks({mint::jwk(mint::shared_key(alg))}), secret).value();
  provider->source = std::make_shared<keys::LocalKeys>(std::move(loaded.keys), "test", std::move(loaded.skipped));
  return provider;
}

// A payload that make_provider() accepts from 100 s before test_now until 400 s after it; `more` adds members.
inline std::string payload(std::string_view more = {}) {
  std::string text = R"({"iss":"https://id.example.com","aud":"orders-api","sub":"alice","iat":1699999900,)"
                     R"("exp":1700000400)";
  if (!more.empty()) text += "," + std::string(more);
  return text + "}";
}

inline std::string token(std::string_view more = {}, std::string_view alg = "RS256") {
  return mint::sign(mint::shared_key(alg), payload(more));
}

inline jose::Claims verified(std::string_view more = {}) {
  const auto provider = make_provider();
  const std::string text = token(more);
  auto parsed = jose::parse_token(text);
  jose::SignatureContexts contexts;
  return jose::verify(parsed.value(), provider->rules, *provider->source->keys(), test_now, contexts).value();
}

// An identity whose key is always trusted.
inline Identity identity_of(jose::Claims claims) {
  static const keys::NoKeys source;
  return Identity(std::move(claims), source, source.version());
}

}  // namespace postern::filters
