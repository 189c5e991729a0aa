// The request's body on its way to the upstream: a coroutine beside the one that awaits the response, since an upstream
// may answer before it has read everything.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <cstring>

#include "gateway/forwarder.hpp"

namespace postern {
namespace {

// An upload holds two relay buffers, its own and the one that waits for the response. So much of its own is ever used
// that a client whose upstream does not read stays below 64 KiB.
constexpr std::size_t upload_piece = 24 * 1024;

}  // namespace

void Forwarder::plan_body() {
  request_framing_ = exchange_.framing;
  switch (request_framing_.kind) {
    case http::BodyKind::fixed: {
      const auto at_hand = inbox_.bytes();
      body_at_hand_ = at_hand.substr(0, std::min<std::uint64_t>(at_hand.size(), request_framing_.length));
      whole_body_at_hand_ = body_at_hand_.size() == request_framing_.length;
      break;
    }
    case http::BodyKind::chunked:
      body_at_hand_ = inbox_.bytes();
      break;
    default:
      whole_body_at_hand_ = true;
  }
  inbox_.consume(body_at_hand_.size());  // the bytes stay where they are until the next request
  if (whole_body_at_hand_) exchange_.record.request_bytes = body_at_hand_.size();
}

Task<std::optional<Refusal>> Forwarder::begin_upload() {
  if (exchange_.framing.expects_continue && body_at_hand_.empty()) {
    const error_code gone = co_await client_.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (gone) co_return interrupted(Reason::request_timeout, "the client left before its body");
  }
  watch_.arm(Watch::Cause::stream, exchange_.route->stream_idle_timeout);
  upload_ = Upload::running;
  uploading_.begin(worker_.io().get_executor(), upload());
  co_return std::nullopt;
}

Task<void> Forwarder::upload() {
  try {
    Buffer buffer = worker_.relay_buffers().take();
    char* first = buffer.data() + BodyReader::headroom;
    std::memcpy(first, body_at_hand_.data(), body_at_hand_.size());
    // A chunked body's end is known only once it is read past: what follows must fit back into the inbox.
    const bool chunked = request_framing_.kind == http::BodyKind::chunked;
    if (chunked) inbox_.forget(body_at_hand_.size());
    BodyReader reader(client_, request_framing_, buffer, {first, body_at_hand_.size()},
                      chunked ? std::min(inbox_.push_back_limit(), upload_piece) : upload_piece);
    co_await upload_pieces(reader);
    if (upload_ == Upload::complete) inbox_.push_back(reader.rest());
  } catch (const std::exception& failure) {
    worker_.on_out_of_memory();
    upload_ = Upload::stopped;
    upload_refusal_ = Refusal(Reason::out_of_memory, failure.what());
  }
  if (upload_refusal_.reason != Reason::accepted) upstream_->transport.close();  // never a complete message
}

Task<void> Forwarder::upload_pieces(BodyReader& reader) {
  const std::uint64_t limit = exchange_.route->body_limit;
  while (upload_ == Upload::running) {
    const BodyReader::Piece piece = co_await reader.next();
    if (upload_ != Upload::running) co_return;
    watch_.touch();
    exchange_.record.request_bytes = reader.bytes();
    if (piece.status == BodyReader::Status::malformed) {
      upload_refusal_ = Refusal(Reason::request_malformed, "the chunked body is malformed");
    } else if (piece.status == BodyReader::Status::failed) {
      const bool late = watch_.expired() == Watch::Cause::total;
      upload_refusal_ = late ? Refusal(Reason::request_timeout, "the body did not arrive within timeouts.total")
                             : interrupted(Reason::request_malformed, "the body ended early");
    } else if (limit != 0 && reader.bytes() > limit) {
      upload_refusal_ = Refusal(Reason::body_too_large, "the body is longer than " + std::to_string(limit) + " bytes");
    }
    if (upload_refusal_.reason != Reason::accepted || piece.status == BodyReader::Status::failed) {
      upload_ = Upload::stopped;
      co_return;
    }
    const bool chunked = request_framing_.kind == http::BodyKind::chunked;
    std::string_view framed = chunked ? frame_chunk(piece) : piece.data;
    std::string_view nothing;
    error_code error;
    if (!upstream_->transport.try_write(framed, nothing, error)) {
      upload_phase_ = Watch::Cause::upload;  // who is waited for is to blame
      begin_phase(upload_phase_, exchange_.route->stream_idle_timeout);
      error = co_await upstream_->transport.write(framed);
      upload_phase_ = Watch::Cause::stream;
      begin_phase(upload_phase_, exchange_.route->stream_idle_timeout);
    }
    if (upload_ != Upload::running) co_return;
    if (error) {
      upload_ = Upload::stopped;  // the upstream takes no more; it may have answered already
      upstream_reset_ = error != boost::asio::error::broken_pipe && error != boost::asio::error::operation_aborted;
      co_return;
    }
    watch_.touch();
    if (piece.status == BodyReader::Status::last) {
      upload_ = Upload::complete;
      if (response_head_read_) {
        begin_phase(Watch::Cause::download, exchange_.route->stream_idle_timeout);
      } else {
        begin_phase(Watch::Cause::response, exchange_.route->response_timeout);
      }
    }
  }
}

// Unless a deadline has passed: then that is why the request ends.
void Forwarder::begin_phase(Watch::Cause phase, std::chrono::milliseconds limit) noexcept {
  if (watch_.expired() == Watch::Cause::none) watch_.arm(phase, limit);
}

void Forwarder::stop_upload() noexcept {
  if (!uploading_.is_running()) return;
  if (upload_ == Upload::running) upload_ = Upload::stopped;
  watch_.end_all();
}

}  // namespace postern
