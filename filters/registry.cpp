#include "filters/registry.hpp"

#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "filters/build.hpp"
#include "filters/claim_headers.hpp"
#include "filters/cors.hpp"
#include "filters/jwt.hpp"
#include "filters/session_endpoints.hpp"
#include "filters/token_endpoints.hpp"
#include "filters/token_service/clients.hpp"
#include "filters/token_service/keys_page.hpp"
#include "filters/token_service/revocations_page.hpp"
#include "filters/token_service/store_settings.hpp"
#include "filters/worker_state.hpp"

namespace postern::filters {
namespace {

// What makes a filter for a route; null: not on this one.
using Make = std::unique_ptr<const Filter> (*)(const conf::Route& route, const Build& build);

// Top to bottom on the way to the upstream, bottom to top on the way back.
constexpr std::array<Make, 4> registry = {
    // Alone on the routes of the token service, which it answers.
    make_token_endpoint,
    // Before jwt: a preflight never carries a token and must be answered without one; and on the way back, last of all,
    // so that a browser may read refusals as well.
    make_cors,
    // Before whatever reads the identity.
    make_jwt,
    // After jwt: it writes what jwt verified, and nothing else can give it claims.
    make_claim_headers,
};

class Factory final : public FilterFactory {
 public:
  explicit Factory(Build build) : build_(std::move(build)) {}

  Chain make_chain(const conf::Route& route) override {
    Chain chain;
    for (const Make make : registry) {
      if (auto filter = make(route, build_)) chain.push_back(std::move(filter));
    }
    return chain;
  }

  std::vector<conf::Route> own_routes() const override {
    return build_.service ? token_routes(build_.service->settings()) : std::vector<conf::Route>();
  }

  std::vector<std::string> private_cookies() const override {
    return build_.service ? token_cookies(build_.service->settings()) : std::vector<std::string>();
  }

  std::vector<AdminPage> admin_pages() const override {
    if (build_.followed.store == nullptr) return {};
    std::vector<AdminPage> pages;
    if (build_.service) pages = token_service::keys_pages(build_.service->shared().keys);
    const auto knows = [providers = build_.providers](const std::string& issuer) {
      return accept_issuer(providers, issuer);
    };
    pages.push_back(token_service::revocations_page(build_.followed, build_.config.token_service, knows));
    return pages;
  }

  void take_effect() const override {
    filters::take_effect(build_.providers);
    if (build_.service) {
      build_.service->take_effect();
    } else if (build_.followed.revocations != nullptr) {
      build_.followed.revocations->set_patience(build_.config.revocations->patience.count());
    }
  }

  bool has_loaded() const override {
    if (build_.followed.revocations != nullptr && !build_.followed.revocations->has_loaded()) return false;
    return !build_.service || build_.service->shared().keys->keys() != nullptr;
  }

  std::unique_ptr<WorkerState> make_worker_state() const override {
    return std::make_unique<FilterWorkerState>(build_.config.limits.token_cache.count);
  }

  std::vector<ProviderStatus> provider_statuses() const override {
    auto all = statuses(build_.config, build_.providers);
    const auto& revocations = build_.followed.revocations;
    if (revocations == nullptr) return all;
    const ProviderStatus::Revocations known{revocations->is_following(std::chrono::steady_clock::now()),
                                            revocations->size()};
    for (ProviderStatus& status : all) status.revocations = known;
    return all;
  }

 private:
  Build build_;
};

// The files of a token service, or of the store of revocations, as far as they can be judged without opening that. A
// part whose text has mistakes is passed over.
void check_token_files(const conf::Config& config, conf::Problems& problems) {
  const auto is_right = [&](std::string_view path) { return !problems.is_settled(path); };
  if (const auto& service = config.token_service) {
    if (is_right("token_service.users_file") && is_right("token_service.verify_url")) {
      token_service::open_accounts(*service, {}, problems);
    }
    if (is_right("token_service.clients")) token_service::load_clients(*service, problems);
    if (is_right("token_service.store")) {
      token_service::read_store_settings(service->store, "token_service.store", problems);
    }
    if (is_right("token_service.signing_keys")) token_service::read_encryption_secret(service->signing_keys, problems);
  }
  if (config.revocations && is_right("revocations.store")) {
    token_service::read_store_settings(config.revocations->store, "revocations.store", problems);
  }
}

}  // namespace

std::unique_ptr<FilterFactory> make_filters(const conf::Config& config, const Engines& engines,
                                            conf::Problems& problems) {
  Build build{config, {}};
  if (engines.tokens && !problems.any()) {
    build.followed = engines.tokens->revocations(config, problems);
    build.service = engines.tokens->service(config, problems);
    if (build.service) build.followed = build.service->shared();
  } else {
    check_token_files(config, problems);
  }
  build.providers = load_providers(config, engines.keys, problems);
  if (config.token_service) {
    build.providers[std::string(conf::token_service_name)] =
        make_own_provider(*config.token_service, build.service.get());
  }
  return std::make_unique<Factory>(std::move(build));
}

}  // namespace postern::filters
