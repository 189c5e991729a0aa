// The heads of both sides: what the upstream is sent, and what the client gets of the upstream's.
#include <chrono>

#include "base/clock.hpp"
#include "gateway/forwarder.hpp"
#include "gateway/http/cookies.hpp"
#include "gateway/http/header_rules.hpp"

namespace postern {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void Forwarder::build_upstream_head() {
  const Snapshot& snapshot = *exchange_.active->snapshot;
  const CompiledRoute& route = *exchange_.route;
  const conf::Upstream& upstream = *snapshot.upstreams[route.upstream].config;
  const ConnectionFacts& connection = *exchange_.connection;
  std::string rewritten;
  if (route.rewrites_path) rewritten = rewrite_path(*route.config, exchange_.request.path, exchange_.found.segments);
  const http::UpstreamHead head{
      .request = exchange_.request,
      .path = route.rewrites_path ? std::string_view(rewritten) : exchange_.request.path,
      .host = upstream.host,
      .framing = request_framing_,
      .injectable = snapshot.injectable,
      .injected = {exchange_.context->upstream_headers.data(), exchange_.context->upstream_headers.size()},
      .edits = route.request_edits,
      .client = {.address = connection.client_address,
                 .scheme = connection.tls ? "https" : "http",
                 .port = connection.listener_port,
                 .trusted = !snapshot.trusted_proxies.empty() && snapshot.trusted_proxies.holds(connection.client),
                 .send_forwarded = snapshot.config.forwarded,
                 .real_ip = exchange_.record.client_address},
      .keep_method_override = route.config->keep_method_override,
      .traceparent = own_traceparent()};
  spoofed_headers_ = http::write_upstream_head(head, exchange_.upstream_head);
}

bool Forwarder::response_is_upgrade() const noexcept {
  const std::string_view upgrade = response_framing_.upgrade;  // empty unless Connection names it
  return !upgrade.empty() && http::list_has(request_framing_.upgrade, upgrade);
}

std::optional<Refusal> Forwarder::judge_response() {
  exchange_.record.upstream_duration = seconds_since(sent_at_);
  const auto& upstream = exchange_.active->snapshot->upstreams[exchange_.route->upstream];
  worker_.metrics().count_upstream(upstream.metrics_id, *exchange_.record.upstream_duration);
  if (exchange_.response.status == 101 && !response_is_upgrade()) {
    return Refusal(Reason::upstream_malformed, "101 without the upgrade that was asked for");
  }
  return std::nullopt;
}

// A response of unknown length is framed anew; a client of HTTP/1.0 sees its end by the close.
bool Forwarder::sends_chunked() const noexcept {
  return exchange_.request.minor_version >= 1 &&
         (response_framing_.kind == http::BodyKind::chunked || response_framing_.kind == http::BodyKind::until_close);
}

void Forwarder::build_downstream_head() {
  // A session is made by the gateway alone; before the filters, which may set what no upstream may.
  const auto& cookies = exchange_.active->snapshot->private_cookies;
  if (!cookies.empty()) http::remove_set_cookies(exchange_.response, cookies);
  exchange_.filter_response();
  http::Framing framing = response_framing_;
  if (framing.kind == http::BodyKind::chunked) framing.kind = http::BodyKind::until_close;
  if (sends_chunked()) framing.kind = http::BodyKind::chunked;
  if (framing.kind == http::BodyKind::until_close || body_unread() || worker_.draining()) exchange_.keep_alive = false;
  const http::DownstreamHead head{.response = exchange_.response,
                                  .framing = framing,
                                  .client_minor = exchange_.request.minor_version,
                                  .keep_alive = exchange_.keep_alive,
                                  .to_head = exchange_.request.method == http::Method::head,
                                  .edits = exchange_.route->response_edits};
  http::write_downstream_head(head, worker_.http_date(unix_now()), exchange_.downstream_head);
  exchange_.record.status = exchange_.response.status;
}

}  // namespace postern
