#include "gateway/forwarder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gateway/acknowledged.hpp"
#include "gateway/response_head_reader.hpp"
#include "gateway/retry.hpp"
#include "gateway/traceparent.hpp"
#include "gateway/tunnel.hpp"

namespace postern {

Forwarder::Forwarder(Worker& worker, Transport& client, Watch& watch, Inbox& inbox, Exchange& exchange)
    : worker_(worker),
      client_(client),
      watch_(watch),
      inbox_(inbox),
      exchange_(exchange),
      pool_(*exchange.active->pools[exchange.route->upstream]) {}

Task<Forwarder::End> Forwarder::run() {
  End end;
  std::exception_ptr failure;
  try {
    plan_body();
    write_traceparent(exchange_.traceparent, worker_.random(), worker_.random(), worker_.random());
    exchange_.record.trace_id = trace_id_of(exchange_.request, own_traceparent());
    watch_.set_permission(this);
    std::optional<Refusal> refused = take_place();
    if (!refused) refused = co_await obtain_response();
    if (!refused) refused = judge_response();
    const bool prepares = !refused && exchange_.has_before_response();
    const bool left = prepares && client_.peer_gone();  // what it does is for a client that is there
    if (prepares && !left) {
      watch_.disarm();  // it is not the upstream that is waited for
      co_await exchange_.before_response();
    }
    if (!refused && !left) build_downstream_head();
    if (refused) {
      end = give_up(std::move(*refused));
    } else if (left) {
      end = End(End::Kind::aborted, Refusal(Reason::accepted, "the client left"));
    } else if (exchange_.response.status == 101) {
      end = co_await tunnel();
    } else {
      end = co_await relay_body();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  stop_upload();
  co_await uploading_.end();  // it works on this object
  worker_.metrics().spoofed_headers_removed += spoofed_headers_;
  watch_.set_upstream(nullptr);
  watch_.set_permission(nullptr);
  watch_.disarm();
  if (failure) std::rethrow_exception(failure);
  release_upstream();
  co_return end;
}

std::optional<Refusal> Forwarder::take_place() {
  RequestLimit* const limit = pool_.limit().get();
  if (limit == nullptr) return std::nullopt;
  place_ = limit->take();
  if (place_) return std::nullopt;
  Refusal refusal(Reason::upstream_overloaded,
                  std::to_string(limit->most()) + " requests are under way (max_requests)");
  refusal.retry_after = 1;
  return refusal;
}

Task<std::optional<Refusal>> Forwarder::obtain_response() {
  for (bool first = true;; first = false) {
    std::optional<Refusal> refused;
    if (!(first && take_pooled())) refused = co_await connect();  // a replay goes to a fresh connection
    if (!refused) {
      sent_at_ = std::chrono::steady_clock::now();
      watch_.arm(Watch::Cause::response, exchange_.route->response_timeout);
      if (exchange_.upstream_head.empty()) build_upstream_head();
      std::string_view head = exchange_.upstream_head;
      std::string_view body = whole_body_at_hand_ ? body_at_hand_ : std::string_view{};
      error_code error;
      if (!upstream_->transport.try_write(head, body, error)) error = co_await upstream_->transport.write(head, body);
      exchange_.forget_large_upstream_head();
      if (error) {
        refused = interrupted(Reason::upstream_unavailable, "send: " + upstream_->transport.explain(error));
      } else if (!whole_body_at_hand_) {
        refused = co_await begin_upload();
      }
    }
    if (!response_buffer_) response_buffer_ = worker_.relay_buffers().take();
    ResponseHeadReader reader(response_buffer_.data() + BodyReader::headroom,
                              response_buffer_.size() - BodyReader::headroom - BodyReader::tailroom,
                              exchange_.config().limits, exchange_.request.method, exchange_.response);
    while (!refused && !reader.complete()) {
      const auto [error, bytes] = co_await upstream_->transport.read_some(reader.room(), reader.room_size());
      if (error) {
        refused =
            interrupted(Reason::upstream_unavailable, "before the response: " + upstream_->transport.explain(error));
      } else {
        response_began_ = true;
        refused = reader.received(bytes);
      }
    }
    if (!refused) {
      response_head_read_ = true;
      response_framing_ = reader.framing();
      response_rest_ = reader.rest();
      co_return std::nullopt;
    }
    stop_upload();
    co_await uploading_.end();
    if (!may_retry_now()) co_return refused;
    worker_.metrics().upstream_replays_total += 1;
  }
}

bool Forwarder::may_retry_now() const {
  if (upload_refusal_.reason != Reason::accepted) return false;
  return may_retry({.connect_failed = connect_failed_,
                    .reused = upstream_->reused,
                    .response_began = response_began_,
                    .interrupted = watch_.expired() != Watch::Cause::none,
                    .resendable = whole_body_at_hand_,
                    .idempotent = http::is_idempotent(exchange_.request.method),
                    .fresh_attempts = fresh_attempts_,
                    .endpoints = pool_.endpoints()});
}

// What no retry can mend.
Forwarder::End Forwarder::give_up(Refusal refused) {
  if (upload_refusal_.reason != Reason::accepted) return End(End::Kind::refused, std::move(upload_refusal_));
  const bool client_gone = watch_.expired() == Watch::Cause::client_gone;
  return End(client_gone ? End::Kind::aborted : End::Kind::refused, std::move(refused));
}

Refusal Forwarder::interrupted(Reason when_upstream_failed, std::string detail) const {
  switch (watch_.expired()) {
    case Watch::Cause::connect:
      return Refusal(Reason::upstream_timeout, "no connection within timeouts.connect");
    case Watch::Cause::response:
      return Refusal(Reason::upstream_timeout, "no response within timeouts.response");
    case Watch::Cause::total:
      return Refusal(Reason::upstream_timeout, "not finished within timeouts.total");
    case Watch::Cause::stream:
      return Refusal(Reason::request_timeout, "no progress of the request's body within timeouts.stream_idle");
    case Watch::Cause::upload:
      return Refusal(Reason::upstream_timeout, "the request's body was not taken within timeouts.stream_idle");
    case Watch::Cause::download:
      return Refusal(Reason::upstream_timeout, "no progress of the response's body within timeouts.stream_idle");
    case Watch::Cause::client_gone:
      return Refusal(Reason::accepted, "the client left");
    case Watch::Cause::no_longer_permitted:
      return Refusal(Reason::token_revoked, "revoked while the request was under way");
    default:
      return Refusal(when_upstream_failed, std::move(detail));
  }
}

// Why a write to the client failed: where a deadline has passed under it, the client was waited for.
Refusal Forwarder::untaken(const error_code& error) const {
  switch (watch_.expired()) {
    case Watch::Cause::stream:
    case Watch::Cause::upload:
    case Watch::Cause::download:
      return Refusal(Reason::request_timeout, "the client did not take the response within timeouts.stream_idle");
    case Watch::Cause::total:
      return Refusal(Reason::request_timeout, "the client did not take the response within timeouts.total");
    default:
      return interrupted(Reason::accepted, "the client left: " + client_.explain(error));
  }
}

bool Forwarder::still_holds() const {
  const Chain& chain = exchange_.route->chain;
  return std::all_of(chain.begin(), chain.end(),
                     [&](const auto& filter) { return filter->still_allows(*exchange_.context); });
}

bool Forwarder::take_pooled() {
  upstream_ = pool_.take();
  // An upstream that closed it meanwhile, or sent what nobody asked for: the answer to the next request would be
  // another's.
  while (upstream_ && !upstream_->transport.is_silent()) upstream_ = pool_.take();
  if (!upstream_) return false;
  exchange_.record.upstream_endpoint = upstream_->endpoint().text;
  watch_.set_upstream(upstream_.get());
  return true;
}

Task<std::optional<Refusal>> Forwarder::connect() {
  watch_.set_upstream(nullptr);
  if (fresh_attempts_ == 0) turn_ = pool_.take_turn();
  upstream_ = pool_.make(turn_ + fresh_attempts_);
  fresh_attempts_ += 1;
  exchange_.record.upstream_endpoint = upstream_->endpoint().text;
  watch_.set_upstream(upstream_.get());
  watch_.arm(Watch::Cause::connect, exchange_.config().timeouts.connect);
  const error_code error = co_await upstream_->open(pool_.tls());
  connect_failed_ = static_cast<bool>(error);
  if (error) co_return interrupted(Reason::upstream_unavailable, "connect: " + upstream_->transport.explain(error));
  worker_.metrics().upstream_connections_total += 1;
  co_return std::nullopt;
}

Task<Forwarder::End> Forwarder::relay_body() {
  const bool uploading = upload_ == Upload::running;
  watch_.arm(uploading ? upload_phase_ : Watch::Cause::download, exchange_.route->stream_idle_timeout);
  BodyReader reader(upstream_->transport, response_framing_, response_buffer_, response_rest_);
  const bool chunked = sends_chunked();
  std::string_view head = exchange_.downstream_head;
  error_code client_error;
  BodyReader::Piece piece;
  while (!client_error) {
    const bool at_hand = reader.try_next(piece);
    if (!at_hand && !head.empty()) {  // the first event of a stream may be far away
      client_error = co_await client_.write(std::exchange(head, {}));
      if (client_error) break;
    }
    if (!at_hand) piece = co_await reader.next();
    if (piece.status == BodyReader::Status::last && !may_end_by_close()) piece.status = BodyReader::Status::failed;
    if (piece.status == BodyReader::Status::malformed || piece.status == BodyReader::Status::failed) {
      const bool malformed = piece.status == BodyReader::Status::malformed;
      Refusal refusal = interrupted(malformed ? Reason::upstream_malformed : Reason::upstream_unavailable,
                                    malformed ? "the chunked response is malformed" : "the response ended early");
      // A fault of the request's body closed the upstream's connection under this response.
      if (upload_refusal_.reason != Reason::accepted) refusal = std::move(upload_refusal_);
      // What has come of it comes first: the reset that tells of its end takes all that has not been acknowledged.
      if (head.empty()) co_await deliver_all(worker_.io().get_executor(), watch_, client_);
      co_return End(head.empty() ? End::Kind::aborted : End::Kind::refused, std::move(refusal));
    }
    std::string_view framed = chunked ? frame_chunk(piece) : piece.data;
    if (!head.empty() && !piece.data.empty()) join(head, framed);
    if (!client_.try_write(head, framed, client_error)) client_error = co_await client_.write(head, framed);
    head = {};
    exchange_.record.response_bytes = reader.bytes();
    watch_.touch();
    if (piece.status == BodyReader::Status::last) break;
  }
  if (client_error) {
    exchange_.keep_alive = false;
    co_return End(End::Kind::aborted, untaken(client_error));
  }
  upstream_reusable_ = response_framing_.keep_alive && response_framing_.kind != http::BodyKind::until_close &&
                       reader.rest().empty() && !body_unread() &&
                       !http::closes_after(exchange_.request.method, request_framing_);
  co_return End();
}

// Copies the head in front of the first piece, where the upstream's head was, so that both leave as one: one buffer for
// the kernel, one record in TLS. Nothing to be done where that has no room. The piece lies in the response's buffer.
void Forwarder::join(std::string_view& head, std::string_view& piece) {
  if (head.size() > static_cast<std::size_t>(piece.data() - response_buffer_.data())) return;
  exchange_.response.fields.clear();  // its views are written over
  char* const begin = const_cast<char*>(piece.data()) - head.size();
  std::memcpy(begin, head.data(), head.size());
  piece = {begin, head.size() + piece.size()};
  head = {};
}

Task<Forwarder::End> Forwarder::tunnel() {
  exchange_.keep_alive = false;
  const bool websocket = http::equals_folded(response_framing_.upgrade, "websocket");  // a view of response_buffer_
  error_code error = co_await client_.write(exchange_.downstream_head, response_rest_);
  http::WebSocketFrames frames;
  frames.feed(response_rest_);
  response_buffer_.give_back();
  if (error) co_return End(End::Kind::aborted, untaken(error));
  exchange_.record.response_bytes = response_rest_.size();
  watch_.arm(Watch::Cause::stream, exchange_.route->stream_idle_timeout);
  const std::string_view first = inbox_.bytes();
  inbox_.consume(first.size());
  if (first.empty()) {  // as a rule: a tunnel may be open for days, and holds no buffer while it is quiet
    exchange_.keep_record();
    inbox_.give_back();
  }
  const TunnelEnd end =
      co_await run_tunnel(worker_, client_, upstream_->transport, watch_, first, websocket ? &frames : nullptr);
  exchange_.record.request_bytes = end.from_client;
  exchange_.record.response_bytes += end.from_upstream;
  tunnel_drained_ = end.drained;
  Refusal cut = tunnel_cut(end);
  const bool whole = cut.reason == Reason::accepted && cut.detail.empty();
  co_return End(whole ? End::Kind::complete : End::Kind::aborted, std::move(cut));
}

// Why a tunnel was cut off; not a word where its two sides ended it, or the gateway did that goes away.
Refusal Forwarder::tunnel_cut(const TunnelEnd& end) const {
  if (end.drained) return Refusal(Reason::accepted, {});
  if (end.upstream_failure) {
    return Refusal(Reason::upstream_unavailable,
                   "in the tunnel: " + upstream_->transport.explain(end.upstream_failure));
  }
  if (end.client_failure) return Refusal(Reason::accepted, "the client left: " + client_.explain(end.client_failure));
  switch (watch_.expired()) {
    case Watch::Cause::stream:
    case Watch::Cause::websocket:  // which may be quiet for as long as it likes; nobody is to blame
      return Refusal(Reason::accepted, "no byte in the tunnel within timeouts.stream_idle");
    default:
      return interrupted(Reason::accepted, {});
  }
}

void Forwarder::release_upstream() {
  if (upstream_ && upstream_reusable_) pool_.give_back(std::move(upstream_));
  upstream_.reset();
  place_ = {};
}

}  // namespace postern
