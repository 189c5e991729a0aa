// What a session answers by itself: errors, direct responses, redirects; and how it takes leave of a client that is
// still sending.
#include <boost/asio/error.hpp>

#include "base/clock.hpp"
#include "gateway/error_response.hpp"
#include "gateway/http/header_rules.hpp"
#include "gateway/redirect.hpp"
#include "gateway/session.hpp"

namespace postern {

Task<bool> Session::reply_error(Exchange& exchange, Refusal refusal) {
  if (worker_.is_cutting_off()) co_return cut_off(exchange);  // it failed for that, whatever it seems to be
  const ErrorReply& error = error_reply(refusal);
  exchange.response.status = error.status;
  for (const auto& [name, value] : error.fields) exchange.response.fields.add(name, value);
  const std::optional<ErrorField> field = error_field(refusal, exchange.error_facts());
  if (field) exchange.response.fields.add(field->first, field->second);
  if (error.close) {
    exchange.keep_alive = false;
    unread_ = true;  // where its next request begins, if anywhere, is not known
  }
  exchange.refusal = std::move(refusal);
  co_return co_await reply(exchange, error.body);
}

Task<bool> Session::reply_direct(Exchange& exchange) {
  const conf::Route& route = *exchange.route->config;
  if (route.redirect) {
    exchange.response.status = route.redirect->status;
    const std::string location = redirect_target(*route.redirect, exchange.request);
    exchange.response.fields.add("Location", exchange.context->keep(location));
    co_return co_await reply(exchange, {});
  }
  exchange.response.status = route.direct_response->status;
  if (!route.direct_response->body.empty()) {
    exchange.response.fields.add("Content-Type", route.direct_response->content_type);
  }
  co_return co_await reply(exchange, route.direct_response->body);
}

// What a listener does that sends its clients to https. No route is looked for: no filter runs, no upstream is asked.
Task<bool> Session::redirect_to_https(Exchange& exchange) {
  std::optional<Refusal> refused = exchange.judge(false);
  if (refused) co_return co_await reply_error(exchange, std::move(*refused));
  auto location = https_location(exchange.request, connection_.listening->https_port);
  if (!location) co_return co_await reply_error(exchange, std::move(location.error()));
  exchange.response.status = 308;  // unlike 301 it keeps method and body
  exchange.response.fields.add("Location", *location);
  co_return co_await reply(exchange, {});
}

// A response of the gateway's own; the filters see it as they see an upstream's.
Task<bool> Session::reply(Exchange& exchange, std::string_view body) {
  if (!skip_body(exchange)) {
    exchange.keep_alive = false;
    unread_ = true;
  }
  static const http::HeaderEdits no_edits;
  const bool is_error = exchange.refusal.reason != Reason::accepted;
  if (exchange.has_before_response()) {
    if (client_.peer_gone()) co_return false;
    co_await exchange.before_response();
  }
  if (exchange.context) exchange.filter_response();
  if (worker_.draining()) exchange.keep_alive = false;
  const bool bodiless = exchange.response.status == 204 || exchange.response.status == 304;
  const bool to_head = exchange.request.method == http::Method::head;
  exchange.response.reason = status_phrase(exchange.response.status);
  http::Framing framing;
  framing.kind = bodiless ? http::BodyKind::none : http::BodyKind::fixed;
  framing.length = body.size();
  const http::DownstreamHead head{.response = exchange.response,
                                  .framing = framing,
                                  .client_minor = exchange.request.minor_version,
                                  .keep_alive = exchange.keep_alive,
                                  .to_head = to_head,
                                  .edits = is_error || !exchange.route ? no_edits : exchange.route->response_edits};
  http::write_downstream_head(head, worker_.http_date(unix_now()), exchange.downstream_head);
  exchange.record.status = exchange.response.status;
  if (to_head || bodiless) body = {};
  watch_.arm(Watch::Cause::stream, exchange.config().timeouts.idle);
  const error_code error = co_await client_.write(exchange.downstream_head, body);
  if (!error) exchange.record.response_bytes = body.size();
  co_return !error && exchange.keep_alive;
}

// A body that nobody wants: when all of it has arrived the connection goes on behind it.
bool Session::skip_body(const Exchange& exchange) {
  if (unread_) return false;
  if (exchange.framing.kind == http::BodyKind::none) return true;
  if (exchange.framing.kind != http::BodyKind::fixed) return false;
  if (exchange.framing.length > inbox_.bytes().size()) return false;
  inbox_.consume(static_cast<std::size_t>(exchange.framing.length));
  return true;
}

// Lets the client read the reply before the connection goes: a close with unread bytes would reset it (RFC 9112
// section 9.6).
Task<void> Session::linger() {
  client_.shutdown_send();
  watch_.arm_linger();
  inbox_.give_back();
  for (;;) {
    const error_code over = co_await client_.wait_readable();
    if (over) co_return;
    Buffer scrap = worker_.head_buffers().take();  // not held while the client pauses
    const auto [error, bytes] = client_.try_read(scrap.data(), scrap.size());
    if (error == boost::asio::error::would_block) continue;
    if (error) co_return;
    watch_.touch();
  }
}

}  // namespace postern
