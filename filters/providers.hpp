// The providers as filters use them: their rules, and where their keys are at every moment.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.hpp"
#include "conf/problems.hpp"
#include "filters/jose/jwks.hpp"
#include "filters/jose/verify.hpp"
#include "filters/keys/engine.hpp"
#include "filters/keys/key_source.hpp"
#include "filters/rules.hpp"
#include "filters/token_service/service.hpp"

namespace postern::filters {

// A provider, ready to judge tokens. Shared by every route and worker of a snapshot.
struct Provider {
  // A source that fetches may be older than this configuration, and shared with the one before.
  struct Fetching {
    keys::Engine& engine;
    std::shared_ptr<keys::RemoteKeys> keys;
    keys::RemoteConfig config;  // as this configuration wants it
  };

  jose::Rules rules;
  std::shared_ptr<keys::KeySource> source;  // never null
  std::optional<Fetching> fetching;         // of the same source; nothing where keys come from files
};

using Providers = std::map<std::string, std::shared_ptr<const Provider>, std::less<>>;

struct ProviderKeys {
  jose::KeySet keys;
  KeyKind kind = KeyKind::public_keys;
  std::map<jose::Thumbprint, std::string> paths;  // the configuration path of each key's source
  std::string sources;                            // the files, for operators
  std::vector<jose::SkippedKey> skipped;
};

// Reads every key source of one provider: `jwks_file`, `pem_file`, `secret_file`, `secret`. A key that cannot be used
// is named in a warning and skipped, and so is a file that has no other. An error, at the path of the source: a file
// that cannot be read or is no key file, secrets mixed with public keys (a JWKS file of `oct` keys counts as secrets).
// An error at the provider's: no usable key at all, with each file and its reason.
//
// Where the provider's text has mistakes (`problems` has settled something of it), each file that these leave alone is
// still looked at.
ProviderKeys load_keys(const std::string& name, const conf::Provider& provider, conf::Problems& problems);

// The token service as a provider of its own tokens. Without a service (a configuration that is only checked) it has no
// keys.
std::shared_ptr<Provider> make_own_provider(const conf::TokenService& settings, const token_service::Service* service);

// Rules and keys of one provider, and what only both together can say: an HMAC key shorter than the digest of an
// algorithm that the provider allows, and keys that no allowed algorithm can use. Without files and secrets it has
// none. Of one whose text has mistakes only the files are looked at, as load_keys() does: it can judge no token.
std::shared_ptr<Provider> load_provider(const std::string& name, const conf::Provider& provider,
                                        conf::Problems& problems);

// All providers of a configuration. Keys of an issuer are fetched by `engine`; without one they are not, and only the
// configuration is checked; the same where `problems` has errors. Providers that share a URL share its keys, by the
// strictest of their limits.
Providers load_providers(const conf::Config& config, keys::Engine* engine, conf::Problems& problems);

// Their configuration is in use from now on: keys that were there before it are fetched, and grow old, as it says.
void take_effect(const Providers& providers);

// Whether one of them takes tokens of that issuer.
bool accept_issuer(const Providers& providers, std::string_view issuer);

// Blocks until each of the named providers has keys or its first fetch has failed: for a program that judges once.
void await_keys(const Providers& providers, const std::vector<std::string>& names);

// How the keys of each are at this moment.
std::vector<ProviderStatus> statuses(const conf::Config& config, const Providers& providers);

}  // namespace postern::filters
