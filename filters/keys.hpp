// The providers as filters use them: their rules, and the keys from their files, loaded once for each snapshot.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "conf/config.hpp"
#include "conf/problems.hpp"
#include "filters/jose/jwks.hpp"
#include "filters/jose/verify.hpp"
#include "filters/rules.hpp"

namespace postern::filters {

// A provider, ready to judge tokens. Immutable and shared by every route and worker of a snapshot.
struct Provider {
  jose::Rules rules;
  jose::KeySet keys;
};

using Providers = std::map<std::string, std::shared_ptr<const Provider>, std::less<>>;

struct ProviderKeys {
  jose::KeySet keys;
  KeyKind kind = KeyKind::public_keys;
  std::map<std::string, std::string> paths;  // by a key's thumbprint: the configuration path of its source
};

// Reads every key source of one provider: `jwks_file`, `pem_file`, `secret_file`, `secret`. A key that cannot be used
// is named in a warning and skipped. An error, at the path of the source: a file that cannot be read or is no key file,
// secrets mixed with public keys (a JWKS file of `oct` keys counts as secrets), no usable key at all.
ProviderKeys load_keys(const std::string& name, const conf::Provider& provider, conf::Problems& problems);

// Rules and keys of one provider, and what only both together can say: an HMAC key shorter than the digest of an
// algorithm that the provider allows, and keys that no allowed algorithm can use.
std::shared_ptr<const Provider> load_provider(const std::string& name, const conf::Provider& provider,
                                              conf::Problems& problems);

// All providers of a configuration.
Providers load_providers(const conf::Config& config, conf::Problems& problems);

}  // namespace postern::filters
