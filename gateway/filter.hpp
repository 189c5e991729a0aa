// What a filter is. Built once for each route and snapshot, shared by every request of it; what belongs to one request
// lives in RequestContext. Filters return verdicts and never write responses.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/reason.hpp"
#include "conf/problems.hpp"
#include "gateway/admin_page.hpp"
#include "gateway/http/head.hpp"
#include "gateway/http/header_rules.hpp"
#include "gateway/provider_status.hpp"
#include "gateway/request_context.hpp"
#include "gateway/task.hpp"

namespace postern {

// A response that a filter wants sent instead of forwarding: to a CORS preflight, by an endpoint of the gateway's own.
// Not an error.
struct DirectReply {
  unsigned status = 204;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

struct Pass {};
using Verdict = std::variant<Pass, Refusal, DirectReply>;

// Notes a refusal in the decision: no filter does it for itself.
inline void note(Decision& decision, const Verdict& verdict) {
  const auto* refusal = std::get_if<Refusal>(&verdict);
  if (refusal == nullptr) return;
  decision.made = true;
  decision.reason = refusal->reason;
  decision.detail = refusal->detail;
}

// A verdict at once, or the awaitable that will give one in the rare slow case (a key fetch, a store).
using Step = std::variant<Verdict, Task<Verdict>>;

class Filter {
 public:
  virtual ~Filter() = default;
  virtual std::string_view name() const noexcept = 0;  // its key in the configuration

  virtual Step on_request(RequestContext& request) const = 0;

  // How many bytes of a request's body it must have before on_request(); a longer body is refused. 0: the body streams
  // to the upstream.
  virtual std::size_t body_wanted() const noexcept { return 0; }

  // Runs in reverse order, also over replies that the gateway wrote itself. Views that it adds must live as long as the
  // request (RequestContext::keep) or the filter.
  virtual void on_response(RequestContext&, http::ResponseHead&) const {}

  // Whether a request that passed would still pass, while its response streams or its tunnel is open. Asked ten times a
  // second: it is to be cheap.
  virtual bool still_allows(const RequestContext&) const { return true; }

  // The names that this filter can inject; the client's copies are removed on every route.
  virtual std::vector<std::string> injected_headers() const { return {}; }

  // Whether an OPTIONS request with Access-Control-Request-Method belongs to this route's filter.
  virtual bool answers_preflight() const noexcept { return false; }
};

using Chain = std::vector<std::unique_ptr<const Filter>>;

// Makes the chains of one snapshot; the only thing that the core knows of the filters. filters/registry.hpp has the
// one.
class FilterFactory {
 public:
  virtual ~FilterFactory() = default;
  virtual Chain make_chain(const conf::Route& route) = 0;
  // Routes that filters answer themselves, beside those of the file.
  virtual std::vector<conf::Route> own_routes() const { return {}; }
  // Cookies that no upstream may see or set, on any route.
  virtual std::vector<std::string> private_cookies() const { return {}; }
  // Pages of the admin listener that filters answer. They may outlive the factory.
  virtual std::vector<AdminPage> admin_pages() const { return {}; }
  // The snapshot is about to be the one in use: what outlives snapshots goes by its settings from now on.
  virtual void take_effect() const {}
  // Whether what the filters know from elsewhere (what is revoked, the keys that sign) was ever here. Any thread.
  virtual bool has_loaded() const { return true; }
  virtual std::unique_ptr<WorkerState> make_worker_state() const = 0;
  // How the providers' keys are at this moment. Any thread.
  virtual std::vector<ProviderStatus> provider_statuses() const = 0;
};

// Makes a factory for a configuration, loading keys; what is wrong with them goes to `problems`.
using MakeFilters = std::function<std::unique_ptr<FilterFactory>(const conf::Config&, conf::Problems& problems)>;

}  // namespace postern
