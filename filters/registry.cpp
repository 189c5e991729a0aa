#include "filters/registry.hpp"

#include <array>

#include "filters/build.hpp"
#include "filters/claim_headers.hpp"
#include "filters/cors.hpp"
#include "filters/jwt.hpp"
#include "filters/worker_state.hpp"

namespace postern::filters {
namespace {

struct Entry {
  std::string_view name;                                                                // its key in a route
  std::unique_ptr<const Filter> (*make)(const conf::Route& route, const Build& build);  // null: not on this route
};

// Top to bottom on the way to the upstream, bottom to top on the way back.
constexpr std::array registry = {
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
  Factory(const conf::Config& config, Providers providers) : build_{config, std::move(providers)} {}

  Chain make_chain(const conf::Route& route) override {
    Chain chain;
    for (const Entry& entry : registry) {
      if (auto filter = entry.make(route, build_)) chain.push_back(std::move(filter));
    }
    return chain;
  }

  std::unique_ptr<WorkerState> make_worker_state() const override { return std::make_unique<FilterWorkerState>(); }

  std::vector<ProviderStatus> provider_statuses() const override { return statuses(build_.config, build_.providers); }

 private:
  Build build_;
};

}  // namespace

std::unique_ptr<FilterFactory> make_filters(const conf::Config& config, keys::Engine* engine,
                                            conf::Problems& problems) {
  return std::make_unique<Factory>(config, load_providers(config, engine, problems));
}

std::vector<std::string_view> filter_names() {
  std::vector<std::string_view> names;
  for (const Entry& entry : registry) names.push_back(entry.name);
  return names;
}

}  // namespace postern::filters
