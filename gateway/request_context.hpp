// One request on its way through the filters: what they may look at, and what they leave behind.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "base/reason.hpp"
#include "conf/config.hpp"
#include "gateway/http/framing.hpp"
#include "gateway/http/head.hpp"
#include "gateway/task.hpp"

namespace postern {

namespace filters {
class Identity;  // verified claims and what was made of them; the core only carries it
}

// State that filters keep for each worker and snapshot (token cache, OpenSSL contexts); made by FilterFactory.
struct WorkerState {
  virtual ~WorkerState() = default;
  // Another snapshot is in use now. Requests of this one may be under way for days: what is kept for more goes.
  virtual void retire() noexcept {}
};

enum class CacheUse : std::uint8_t { none, hit, miss };

// How the request was judged, for log and metrics. The views point into the identity or the request's memory.
struct Decision {
  bool made = false;  // a filter judged a token (or its absence)
  Reason reason = Reason::accepted;
  std::string detail;
  std::string_view provider, issuer, subject, kid;
  CacheUse cache = CacheUse::none;  // of the verified-token cache
};

struct RequestContext {
  RequestContext(http::RequestHead& head, const http::Framing& framed, const conf::Route& found,
                 std::pmr::memory_resource& arena) noexcept
      : request(head), framing(framed), route(found), memory(arena) {}

  http::RequestHead& request;
  const http::Framing& framing;
  const conf::Route& route;
  bool observe = false;             // of the route or global: refusals are recorded, and the request passes
  double now = 0;                   // Unix seconds
  bool tls = false;                 // downstream
  std::string_view client_address;  // without a port; behind trusted proxies the one that they tell
  WorkerState* worker_state = nullptr;
  std::string_view body;              // whole, where a filter of the route wants it (Filter::body_wanted)
  std::pmr::memory_resource& memory;  // lives as long as the request

  // Left by filters.
  std::shared_ptr<filters::Identity> identity;                           // set by `jwt`, read by `claim_headers`
  boost::container::small_vector<std::string_view, 4> upstream_headers;  // ready-made `Name: value\r\n` lines
  // Values of Set-Cookie for the client, whoever answers it; no cache may keep such a response.
  boost::container::small_vector<std::string_view, 2> set_cookies;
  // What must not happen before there is a response: begun when its head has come and is about to be sent, before any
  // on_response(). Not at all when no head is sent. One slot: `jwt` has it.
  std::optional<Task<void>> before_response;
  Decision decision;

  // Copies bytes into the request's memory, for views that must live as long as the request.
  std::string_view keep(std::string_view bytes) {
    if (bytes.empty()) return {};
    char* place = static_cast<char*>(memory.allocate(bytes.size(), 1));
    std::memcpy(place, bytes.data(), bytes.size());
    return {place, bytes.size()};
  }
};

}  // namespace postern
