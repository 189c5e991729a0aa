#include <algorithm>

#include "conf/check.hpp"
#include "conf/load.hpp"
#include "conf/tree.hpp"

namespace postern::conf {
namespace {

bool has_secret(const Provider& provider) {
  return !provider.secret.empty() || !provider.secret_file.empty();
}
bool has_key_file(const Provider& provider) {
  return !provider.jwks_file.empty() || !provider.pem_file.empty();
}
bool is_hmac(const std::string& algorithm) {
  return algorithm.starts_with("HS");
}
// A secret that was meant but could not be read has its error already.
bool is_secret_settled(const std::string& path, const Problems& problems) {
  return problems.is_settled(path + ".secret") || problems.is_settled(path + ".secret_file");
}

// An attacker who signs with HMAC, keyed with the bytes of a public key, must never find both in one place.
void check_key_kinds(const Provider& provider, const std::string& path, Problems& problems) {
  if (has_secret(provider) && has_key_file(provider)) {
    problems.add(path, "mixes a secret with public keys; make two providers of it, both may have the same issuer");
    return;
  }
  for (std::size_t i = 0; i < provider.algorithms.size(); ++i) {
    std::string place = item_path(path + ".algorithms", i);
    if (problems.is_settled(place)) continue;
    const bool hmac = is_hmac(provider.algorithms[i]);
    if (hmac && provider.jwks_file.empty() &&
        !provider.pem_file.empty()) {  // what a JWKS holds is known once it is read
      problems.add(place, "needs a secret (`secret_file`), and this provider has public keys");
    } else if (hmac && !has_key_file(provider) && !has_secret(provider) && !is_secret_settled(path, problems)) {
      problems.add(place, "needs a secret (`secret_file`): the keys that are fetched are public ones");
    } else if (!hmac && has_secret(provider)) {
      problems.add(place, "needs public keys, and this provider has a secret");
    }
  }
}

void check_secret(const Provider& provider, const std::string& path, Problems& problems) {
  if (provider.secret_encoding != SecretEncoding::raw && !has_secret(provider) && !is_secret_settled(path, problems)) {
    problems.add(path + ".secret_encoding", "says nothing without a secret");
  }
  if (provider.secret.empty() || problems.is_settled(path + ".secret")) return;
  auto decoded = decode_secret(provider.secret.reveal(), provider.secret_encoding);
  if (!decoded) problems.add(path + ".secret", decoded.error());
}

void check_claim_name(const ClaimName& claim, const std::string& path, Problems& problems) {
  const auto* text = std::get_if<std::string>(&claim.path);
  if (text && *text == "*") problems.add(path, "`*` stands for the whole payload, in `claim_headers` alone");
}

bool uses(const Route& route, const std::string& provider) {
  if (!route.jwt) return false;
  const auto& names = route.jwt->providers;
  return std::find(names.begin(), names.end(), provider) != names.end();
}

}  // namespace

void check_claim_names(const std::vector<ClaimName>& required, const std::vector<ClaimRule>& rules,
                       const std::string& path, Problems& problems) {
  for (std::size_t i = 0; i < required.size(); ++i) {
    check_claim_name(required[i], item_path(path + ".required_claims", i), problems);
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check_claim_name(rules[i].claim, item_path(path + ".claims", i) + ".claim", problems);
  }
}

void check_providers(const Config& config, Problems& problems) {
  for (const auto& [name, provider] : config.providers) {
    std::string path = member_path("providers", name);
    check_tenants(provider, path, problems);
    check_key_source(provider, path, problems);
    check_key_kinds(provider, path, problems);
    check_secret(provider, path, problems);
    check_claim_names(provider.required_claims, provider.claims, path, problems);
    if (provider.audiences.any && provider.audience_match == MatchKind::all) {
      problems.add(path + ".audience_match", "says nothing when every audience is accepted");
    }
  }
}

void check_unused_providers(const Config& config, Problems& problems) {
  if (problems.is_settled("routes")) return;  // a name there may be meant for one of them
  for (const auto& [name, provider] : config.providers) {
    const auto uses_it = [&wanted = name](const Route& route) { return uses(route, wanted); };
    if (std::any_of(config.routes.begin(), config.routes.end(), uses_it)) continue;
    const bool waits = config.ready_when == ReadyWhen::all && !has_key_file(provider) && !has_secret(provider);
    problems.warn(member_path("providers", name),
                  std::string("no route uses it") + (waits ? ", and `/readyz` waits for its keys all the same" : ""));
  }
}

}  // namespace postern::conf
