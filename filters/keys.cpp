#include "filters/keys.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "conf/load.hpp"

namespace postern::filters {
namespace {

// Collects the keys of one provider and remembers where each kind came from first, for the messages.
class KeyLoader {
 public:
  KeyLoader(const std::string& name, const conf::Provider& provider, conf::Problems& problems)
      : base_("providers." + name), provider_(provider), problems_(problems) {}

  ProviderKeys load() {
    const std::size_t errors_before = problems_.errors().size();
    each(provider_.jwks_file, "jwks_file", &KeyLoader::add_jwks);
    each(provider_.pem_file, "pem_file", &KeyLoader::add_pem);
    each(provider_.secret_file, "secret_file", &KeyLoader::add_secret_file);
    if (!provider_.secret.empty()) add_secret(provider_.secret.reveal());
    const bool untroubled = problems_.errors().size() == errors_before;
    if (found_.keys.empty() && untroubled) problems_.add(base_, "no usable key: every token would be refused");
    return std::move(found_);
  }

 private:
  using Add = void (KeyLoader::*)(const std::string& file, const std::string& path);

  void each(const std::vector<conf::FilePath>& files, const char* member, Add add) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      (this->*add)(files[i].resolved, base_ + "." + member + "[" + std::to_string(i) + "]");
    }
  }

  void add_jwks(const std::string& file, const std::string& path) {
    const auto text = conf::read_file(file);
    if (!text) return problems_.add(path, text.error());
    auto loaded = jose::parse_jwks(*text, /*allow_secret=*/true);
    if (!loaded) return problems_.add(path, file + ": " + loaded.error());
    for (const auto& skipped : loaded->skipped) {
      problems_.warn(path, "key " + skipped.name + " skipped: " + skipped.reason);
    }
    if (loaded->keys.empty()) return problems_.add(path, file + ": no usable key");
    add_keys(std::move(loaded->keys), path);
  }

  void add_pem(const std::string& file, const std::string& path) {
    const auto text = conf::read_file(file);
    if (!text) return problems_.add(path, text.error());
    auto keys = jose::parse_pem_keys(*text);
    if (!keys) return problems_.add(path, file + ": " + keys.error());
    if (keys->empty()) return problems_.add(path, file + ": no usable key");
    add_keys(jose::KeySet(std::move(*keys)), path);
  }

  void add_secret_file(const std::string& file, const std::string& path) {
    auto secret = conf::read_secret(file, provider_.secret_encoding);
    if (!secret) return problems_.add(path, secret.error());
    if (secret->empty()) return problems_.add(path, file + ": the secret is empty");
    add_keys(jose::KeySet({jose::make_secret_key(std::move(*secret))}), path);
  }

  void add_secret(std::string_view written) {
    const std::string path = base_ + ".secret";
    auto secret = conf::decode_secret(written, provider_.secret_encoding);
    if (!secret) return problems_.add(path, secret.error());
    if (secret->empty()) return problems_.add(path, "the secret is empty");
    add_keys(jose::KeySet({jose::make_secret_key(std::move(*secret))}), path);
  }

  void add_keys(jose::KeySet keys, const std::string& path) {
    for (const jose::Key& key : keys.keys()) {
      const KeyKind kind = key.type == jose::KeyType::oct ? KeyKind::secret : KeyKind::public_keys;
      if (first_path_.empty()) {
        first_path_ = path;
        found_.kind = kind;
      } else if (kind != found_.kind) {
        return problems_.add(path, "a provider has either secrets or public keys, never both (the other kind is in " +
                                       first_path_ + ")");
      }
      found_.paths.emplace(key.thumbprint, path);
    }
    found_.keys.merge(keys);
  }

  std::string base_;
  const conf::Provider& provider_;
  conf::Problems& problems_;
  ProviderKeys found_;
  std::string first_path_;  // of the source that decided the kind
};

std::string name_of(const jose::Key& key) {
  return key.kid.empty() ? std::string("the secret") : "key \"" + key.kid + "\"";
}

// RFC 7518 section 3.2: a key is at least as long as the hash output. A key whose `alg` names one algorithm is judged
// by that one alone.
void check_secret_lengths(const Provider& provider, const std::map<std::string, std::string>& paths,
                          conf::Problems& problems) {
  for (const jose::Key& key : provider.keys.keys()) {
    for (const jose::Algorithm& algorithm : jose::algorithms()) {
      if (!provider.rules.algorithms.holds(algorithm) || algorithm.scheme != jose::Scheme::hmac) continue;
      if (key.alg && *key.alg != algorithm.name) continue;
      if (key.bits >= algorithm.minimum_bits) continue;
      problems.add(paths.at(key.thumbprint), name_of(key) + " has " + std::to_string(key.bits) + " bits; " +
                                                 std::string(algorithm.name) + " needs at least " +
                                                 std::to_string(algorithm.minimum_bits));
    }
  }
}

bool any_key_usable(const Provider& provider) {
  const auto keys = provider.keys.keys();
  return std::any_of(keys.begin(), keys.end(), [&](const jose::Key& key) {
    const auto rows = jose::algorithms();
    return std::any_of(rows.begin(), rows.end(), [&](const jose::Algorithm& algorithm) {
      return provider.rules.algorithms.holds(algorithm) && key.fits(algorithm);
    });
  });
}

}  // namespace

ProviderKeys load_keys(const std::string& name, const conf::Provider& provider, conf::Problems& problems) {
  return KeyLoader(name, provider, problems).load();
}

std::shared_ptr<const Provider> load_provider(const std::string& name, const conf::Provider& provider,
                                              conf::Problems& problems) {
  const std::size_t errors_before = problems.errors().size();
  ProviderKeys found = load_keys(name, provider, problems);
  auto made = std::make_shared<Provider>();
  made->rules = make_rules(name, provider, found.kind, problems);
  made->keys = std::move(found.keys);
  if (found.kind == KeyKind::secret) check_secret_lengths(*made, found.paths, problems);
  if (problems.errors().size() == errors_before && !any_key_usable(*made)) {
    problems.add("providers." + name, "no key can be used with the allowed algorithms");
  }
  return made;
}

Providers load_providers(const conf::Config& config, conf::Problems& problems) {
  Providers providers;
  for (const auto& [name, provider] : config.providers) {
    providers.emplace(name, load_provider(name, provider, problems));
  }
  return providers;
}

}  // namespace postern::filters
