// One request and its response: everything that is known of it while it is on its way. Pooled by the worker, so that a
// request allocates nothing in the common case.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "gateway/access_log.hpp"
#include "gateway/error_response.hpp"
#include "gateway/http/framing.hpp"
#include "gateway/http/head.hpp"
#include "gateway/request_context.hpp"
#include "gateway/router.hpp"
#include "gateway/snapshot.hpp"
#include "gateway/upstream_pool.hpp"

namespace postern {

// A snapshot as one worker uses it: with the filters' state and the upstream connections of that worker.
struct ActiveSnapshot {
  std::shared_ptr<const Snapshot> snapshot;
  std::unique_ptr<WorkerState> state;
  std::vector<std::shared_ptr<UpstreamPool>> pools;  // as in Snapshot::upstreams
};

// What a session knows about its connection.
struct ConnectionFacts {
  std::string client_address;  // of the peer, without the port
  bool tls = false;
  std::uint16_t listener_port = 0;
  boost::asio::ip::address client;
};

class Exchange {
  struct Destroy {
    template <class T>
    void operator()(T* object) const noexcept {
      object->~T();
    }
  };

 public:
  // Begins a new request; everything of the last one is forgotten, capacities stay.
  void begin(std::shared_ptr<ActiveSnapshot> snapshot, const ConnectionFacts& connection, double now);
  // The request is judged by the time when its head is whole; to be called where that is later than its beginning.
  void head_arrived(double now) noexcept { now_ = record.time = now; }
  // Ends it: nothing is held that a reload or the worker's end would have to wait for.
  void end();

  // Parses the head at the front of `received` into `request`: its size in bytes, or what is wrong with it. See
  // http::parse_request_head().
  tl::expected<std::size_t, Refusal> parse(std::string_view received);
  // Decides everything up to the filters about the parsed head: framing, target, route, limits. On success `context` is
  // set. Where no route is looked for, framing, method and target are all there is. Pure but for its own members.
  std::optional<Refusal> judge(bool looks_for_route = true);
  // Whether a filter left something to be awaited before filter_response(), and that, once.
  bool has_before_response() const noexcept { return context && context->before_response; }
  Task<void> before_response();
  // Lets the filters have their say about the response, in reverse order; be it an upstream's or the gateway's own.
  void filter_response();

  // Something large for the time of this request, in its memory, which is at hand: a coroutine's frame would be larger
  // for it whenever the coroutine is called.
  template <class T, class... Args>
  auto make(Args&&... args) {
    return std::unique_ptr<T, Destroy>(new (memory_->allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...));
  }

  // The client said that it will not send another request, or must not.
  bool keep_alive = true;

  std::shared_ptr<ActiveSnapshot> active;
  const ConnectionFacts* connection = nullptr;
  http::RequestHead request;
  http::Framing framing;
  RouteFound found;
  const CompiledRoute* route = nullptr;
  std::optional<RequestContext> context;

  http::ResponseHead response;
  std::optional<Secret> body;   // of a route that wants it whole
  std::string upstream_head;    // the bytes of the head for the upstream
  std::string downstream_head;  // and for the client

  AccessRecord record;
  std::chrono::steady_clock::time_point started{};
  std::array<char, 55> traceparent{};
  Refusal refusal;  // of the reply, when it was one

  // Copies what the record views in the client's head, whose buffer is to be given back: nothing but the record may be
  // looked at then.
  void keep_record();
  // Gives a large upstream_head's memory back, once it was sent; a small one stays, for a replay and for its room.
  void forget_large_upstream_head();

  const conf::Config& config() const noexcept { return active->snapshot->config; }
  ErrorFacts error_facts() const;

 private:
  void find_client();
  std::optional<Refusal> find_route();
  const CompiledRoute* route_of_preflight();
  std::optional<Refusal> judge_other_readings();
  bool is_read_as_another_route(std::string_view path);
  std::optional<Refusal> check_limits() const;

  alignas(std::max_align_t) std::array<std::byte, 3072> inline_memory_;
  std::optional<std::pmr::monotonic_buffer_resource> memory_;
  double now_ = 0;
  std::string told_address_;  // by trusted proxies
};

}  // namespace postern
