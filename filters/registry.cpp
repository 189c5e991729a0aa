#include "filters/registry.hpp"

#include <array>

#include "base/clock.hpp"
#include "filters/build.hpp"
#include "filters/claim_headers.hpp"
#include "filters/cors.hpp"
#include "filters/jwt.hpp"
#include "filters/session_endpoints.hpp"
#include "filters/token_endpoints.hpp"
#include "filters/token_service/clients.hpp"
#include "filters/token_service/revocations_page.hpp"
#include "filters/token_service/store_settings.hpp"
#include "filters/worker_state.hpp"

namespace postern::filters {
namespace {

struct Entry {
  std::string_view name;                                                                // its key in a route
  std::unique_ptr<const Filter> (*make)(const conf::Route& route, const Build& build);  // null: not on this route
};

// Top to bottom on the way to the upstream, bottom to top on the way back.
constexpr std::array registry = {
    // Alone on the routes of the token service, which it answers.
    Entry{"token_service", make_token_endpoint},
    // Before jwt: a preflight never carries a token and must be answered without one; and on the way back, last of all,
    // so that a browser may read refusals as well.
    Entry{"cors", make_cors},
    // Before whatever reads the identity.
    Entry{"jwt", make_jwt},
    // After jwt: it writes what jwt verified, and nothing else can give it claims.
    Entry{"claim_headers", make_claim_headers},
};

class Factory final : public FilterFactory {
 public:
  Factory(const conf::Config& config, Providers providers, std::shared_ptr<const token_service::Service> service)
      : build_{config, std::move(providers), std::move(service)} {}

  Chain make_chain(const conf::Route& route) override {
    Chain chain;
    for (const Entry& entry : registry) {
      if (auto filter = entry.make(route, build_)) chain.push_back(std::move(filter));
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
    if (!build_.service) return {};
    return {token_service::revocations_page(build_.service->shared_state(), build_.service->settings())};
  }

  std::unique_ptr<WorkerState> make_worker_state() const override { return std::make_unique<FilterWorkerState>(); }

  std::vector<ProviderStatus> provider_statuses() const override {
    auto all = statuses(build_.config, build_.providers);
    for (ProviderStatus& status : all) {
      if (!build_.service || status.name != conf::token_service_name) continue;
      const token_service::Revocations& revocations = *build_.service->shared().revocations;
      status.revocations.emplace(ProviderStatus::Revocations{revocations.is_following(unix_now()), revocations.size()});
    }
    return all;
  }

 private:
  Build build_;
};

}  // namespace

std::unique_ptr<FilterFactory> make_filters(const conf::Config& config, const Engines& engines,
                                            conf::Problems& problems) {
  auto service = engines.tokens ? engines.tokens->service(config, problems) : nullptr;
  Providers providers = load_providers(config, engines.keys, problems);
  if (config.token_service) {
    if (!engines.tokens) {  // the files are judged all the same
      token_service::open_accounts(*config.token_service, {}, problems);
      token_service::load_clients(*config.token_service, problems);
      token_service::read_store_settings(*config.token_service, problems);
    }
    providers[std::string(conf::token_service_name)] = make_own_provider(*config.token_service, service.get());
  }
  return std::make_unique<Factory>(config, std::move(providers), std::move(service));
}

std::vector<std::string_view> filter_names() {
  std::vector<std::string_view> names;
  for (const Entry& entry : registry) names.push_back(entry.name);
  return names;
}

}  // namespace postern::filters
