#include "filters/providers.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <utility>
#include <vector>

#include "conf/load.hpp"
#include "conf/tree.hpp"
#include "filters/jose/pem.hpp"
#include "filters/keys/remote_config.hpp"

namespace postern::filters {
namespace {

std::string path_of(const std::string& name) {
  return conf::member_path("providers", name);
}

// Collects the keys of one provider and remembers where each kind came from first, for the messages. A source that the
// text leaves in doubt is passed over, and so is what only all of them together can say.
class KeyLoader {
 public:
  KeyLoader(const std::string& name, const conf::Provider& provider, conf::Problems& problems)
      : base_(path_of(name)), provider_(provider), problems_(problems), is_settled_(problems.is_settled(base_)) {}

  ProviderKeys load() {
    const std::size_t errors_before = problems_.errors().size();
    each(provider_.jwks_file, "jwks_file", &KeyLoader::add_jwks);
    each(provider_.pem_file, "pem_file", &KeyLoader::add_pem);
    each(provider_.secret_file, "secret_file", &KeyLoader::add_secret_file);
    if (!provider_.secret.empty() && !problems_.is_settled(base_ + ".secret")) {
      found_.sources = "the configuration";
      add_secret(provider_.secret.reveal());
    }
    const bool untroubled = !is_settled_ && problems_.errors().size() == errors_before;
    if (found_.keys.empty() && untroubled) {
      problems_.add(base_, "no usable key: every token would be refused (" + unusable_ + ")");
    }
    return std::move(found_);
  }

 private:
  using Add = void (KeyLoader::*)(const std::string& file, const std::string& path);

  void each(const std::vector<conf::FilePath>& files, const char* member, Add add) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::string path = conf::item_path(base_ + "." + member, i);
      if (problems_.is_settled(path)) continue;
      found_.sources += (found_.sources.empty() ? "" : ", ") + files[i].written;
      (this->*add)(files[i].resolved, path);
    }
  }

  void add_jwks(const std::string& file, const std::string& path) {
    const auto text = conf::read_file(file);
    if (!text) return problems_.add(path, text.error());
    auto loaded = jose::parse_jwks(*text, /*allow_secret=*/true);
    if (!loaded) return problems_.add(path, file + ": " + loaded.error());
    add_loaded(std::move(*loaded), file, path);
  }

  void add_pem(const std::string& file, const std::string& path) {
    const auto text = conf::read_file(file);
    if (!text) return problems_.add(path, text.error());
    auto loaded = jose::parse_pem_keys(*text);
    if (!loaded) return problems_.add(path, file + ": " + loaded.error());
    add_loaded(std::move(*loaded), file, path);
  }

  // The keys of one file, and what of it is passed over.
  void add_loaded(jose::LoadedKeys loaded, const std::string& file, const std::string& path) {
    for (const auto& skipped : loaded.skipped) {
      problems_.warn(path, file + ": key " + skipped.name + " skipped: " + skipped.reason);
    }
    if (loaded.keys.empty()) note_unusable(loaded, file, path);
    for (auto& skipped : loaded.skipped) found_.skipped.push_back(std::move(skipped));
    add_keys(std::move(loaded.keys), path);
  }

  // The first reason stands for all: each has its warning.
  void note_unusable(const jose::LoadedKeys& loaded, const std::string& file, const std::string& path) {
    unusable_ += (unusable_.empty() ? "" : "; ") + file + ": ";
    if (loaded.skipped.empty()) {
      problems_.warn(path, file + ": there is no key in it");
      unusable_ += "there is no key in it";
      return;
    }
    unusable_ += "key " + loaded.skipped.front().name + ": " + loaded.skipped.front().reason;
    if (loaded.skipped.size() > 1) unusable_ += ", and " + std::to_string(loaded.skipped.size() - 1) + " more";
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
        if (is_settled_) return;
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
  bool is_settled_;  // the provider's text has mistakes
  ProviderKeys found_;
  std::string first_path_;  // of the source that decided the kind
  std::string unusable_;    // the files that give no key, and why
};

std::string name_of(const jose::Key& key) {
  return key.kid.empty() ? std::string("the secret") : "key \"" + key.kid + "\"";
}

// RFC 7518 section 3.2: a key is at least as long as the hash output. A key whose `alg` names one algorithm is judged
// by that one alone.
void check_secret_lengths(const jose::Rules& rules, const ProviderKeys& found, conf::Problems& problems) {
  for (const jose::Key& key : found.keys.keys()) {
    for (const jose::Algorithm& algorithm : jose::algorithms()) {
      if (!rules.algorithms.holds(algorithm) || algorithm.scheme != jose::Scheme::hmac) continue;
      if (key.alg && *key.alg != algorithm.name) continue;
      if (key.bits >= algorithm.minimum_bits) continue;
      problems.add(found.paths.at(key.thumbprint), name_of(key) + " has " + std::to_string(key.bits) + " bits; " +
                                                       std::string(algorithm.name) + " needs at least " +
                                                       std::to_string(algorithm.minimum_bits));
    }
  }
}

bool any_key_usable(const jose::Rules& rules, const jose::KeySet& set) {
  const auto keys = set.keys();
  return std::any_of(keys.begin(), keys.end(), [&](const jose::Key& key) {
    const auto rows = jose::algorithms();
    return std::any_of(rows.begin(), rows.end(), [&](const jose::Algorithm& algorithm) {
      return rules.algorithms.holds(algorithm) && key.fits(algorithm);
    });
  });
}

}  // namespace

ProviderKeys load_keys(const std::string& name, const conf::Provider& provider, conf::Problems& problems) {
  return KeyLoader(name, provider, problems).load();
}

std::shared_ptr<Provider> load_provider(const std::string& name, const conf::Provider& provider,
                                        conf::Problems& problems) {
  auto made = std::make_shared<Provider>();
  made->source = std::make_shared<keys::NoKeys>();
  const bool is_settled = problems.is_settled(path_of(name));
  if (keys::has_remote_keys(provider)) {
    if (!is_settled) made->rules = make_rules(name, provider, KeyKind::public_keys, problems);
    return made;
  }
  const std::size_t errors_before = problems.errors().size();
  ProviderKeys found = load_keys(name, provider, problems);
  if (is_settled) return made;
  made->rules = make_rules(name, provider, found.kind, problems);
  if (found.kind == KeyKind::secret) check_secret_lengths(made->rules, found, problems);
  if (problems.errors().size() == errors_before && !any_key_usable(made->rules, found.keys)) {
    problems.add(path_of(name), "no key can be used with the allowed algorithms");
  }
  made->source =
      std::make_shared<keys::LocalKeys>(std::move(found.keys), std::move(found.sources), std::move(found.skipped));
  return made;
}

Providers load_providers(const conf::Config& config, keys::Engine* engine, conf::Problems& problems) {
  std::map<std::string, std::shared_ptr<Provider>> loaded;
  std::map<std::string, keys::RemoteConfig> remote;
  std::map<std::string, keys::ScheduleLimits> strictest;  // by identity
  for (const auto& [name, provider] : config.providers) {
    loaded[name] = load_provider(name, provider, problems);
    if (!keys::has_remote_keys(provider)) continue;
    auto made = keys::make_remote_config(name, provider, config.key_cache_dir, problems);
    if (!made) continue;
    const auto [place, first] = strictest.emplace(made->identity, made->limits);
    if (!first) place->second = keys::strictest(place->second, made->limits);
    remote.emplace(name, std::move(*made));
  }
  if (engine != nullptr && !problems.any()) {
    for (auto& [name, made] : remote) {
      made.limits = strictest.at(made.identity);
      Provider& provider = *loaded[name];
      provider.fetching.emplace(Provider::Fetching{*engine, engine->source(made), std::move(made)});
      provider.source = provider.fetching->keys;
    }
  }
  return {loaded.begin(), loaded.end()};
}

void take_effect(const Providers& providers) {
  for (const auto& [name, provider] : providers) {
    const auto& fetching = provider->fetching;
    if (fetching) fetching->engine.take_effect(fetching->keys, fetching->config);
  }
}

bool accept_issuer(const Providers& providers, std::string_view issuer) {
  return std::any_of(providers.begin(), providers.end(), [&](const auto& entry) {
    const jose::Rules& rules = entry.second->rules;
    return rules.any_issuer || std::find(rules.issuers.begin(), rules.issuers.end(), issuer) != rules.issuers.end();
  });
}

void await_keys(const Providers& providers, const std::vector<std::string>& names) {
  boost::asio::io_context io{1};
  for (const std::string& name : names) {
    keys::KeySource& source = *providers.at(name)->source;
    if (source.is_remote()) {
      spawn(io.get_executor(), source.await_fetch(keys::Wanted::any_keys));
    }
  }
  io.run();
}

std::shared_ptr<Provider> make_own_provider(const conf::TokenService& settings, const token_service::Service* service) {
  auto made = std::make_shared<Provider>();
  jose::Rules& rules = made->rules;
  rules.provider = conf::token_service_name;
  rules.issuers = {settings.issuer};
  rules.audiences = settings.audiences;
  rules.algorithms = jose::AlgorithmSet::asymmetric();
  rules.leeway = std::chrono::duration<double>(settings.leeway).count();
  rules.types = {"at+jwt"};
  for (const std::string_view name : {"sub", "iat", "jti", "client_id"}) {  // RFC 9068 section 2.2
    rules.claims.push_back({jose::ClaimPath::from_text(std::string(name)), jose::ClaimRule::Present{}});
  }
  if (service != nullptr) {
    made->source = service->shared().keys;
  } else {
    made->source = std::make_shared<keys::NoKeys>();
  }
  return made;
}

std::vector<ProviderStatus> statuses(const conf::Config& config, const Providers& providers) {
  std::vector<ProviderStatus> all;
  for (const auto& [name, provider] : providers) {
    ProviderStatus status = provider->source->status();
    status.name = name;
    const auto written = config.providers.find(name);
    status.issuers = written != config.providers.end() ? written->second.issuer.names : provider->rules.issuers;
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace postern::filters
