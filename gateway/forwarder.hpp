// Carries one accepted request to its upstream and the response back. Streams both bodies with fixed buffers; sends the
// request again, to another endpoint or on a fresh connection, where may_retry() allows it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "gateway/body.hpp"
#include "gateway/side_task.hpp"
#include "gateway/exchange.hpp"
#include "gateway/inbox.hpp"
#include "gateway/watch.hpp"
#include "gateway/worker.hpp"

namespace postern {

struct TunnelEnd;

class Forwarder final : private Watch::Permission {
 public:
  Forwarder(Worker& worker, Transport& client, Watch& watch, Inbox& inbox, Exchange& exchange);

  struct End {
    enum class Kind : std::uint8_t {
      complete,  // the response is out; exchange.keep_alive says whether the connection goes on
      refused,   // nothing was sent to the client yet: `refusal` becomes the reply
      aborted,   // no reply is to follow: a part was sent and the rest will not come, or the client has left. The
                 // connection must end, and not cleanly; `refusal` is for the log
    };
    Kind kind = Kind::complete;
    Refusal refusal;

    End() = default;  // a constructor, since g++ 12 mishandles aggregate temporaries in co_await expressions
    End(Kind k, Refusal why = {}) : kind(k), refusal(std::move(why)) {}
  };

  Task<End> run();

  // True when the client of a WebSocket has been told that the gateway goes away.
  bool told_going_away() const noexcept { return tunnel_drained_; }
  // True when bytes of the request's body, or of a tunnel, may still come that nobody will read.
  bool body_unread() const noexcept { return tunnel_drained_ || (!whole_body_at_hand_ && upload_ != Upload::complete); }

 private:
  enum class Upload : std::uint8_t { none, running, complete, stopped };

  // A place among the requests that the upstream may have, or why there is none.
  std::optional<Refusal> take_place();
  // A response head in exchange_.response, or why there is none.
  Task<std::optional<Refusal>> obtain_response();
  Task<std::optional<Refusal>> connect();
  Task<std::optional<Refusal>> begin_upload();
  Task<End> relay_body();
  Task<End> tunnel();
  Task<void> upload();
  Task<void> upload_pieces(BodyReader& reader);
  void begin_phase(Watch::Cause phase, std::chrono::milliseconds limit) noexcept;
  void stop_upload() noexcept;

  bool still_holds() const override;
  void plan_body();
  void build_upstream_head();
  std::string_view own_traceparent() const noexcept {
    return {exchange_.traceparent.data(), exchange_.traceparent.size()};
  }
  void build_downstream_head();
  bool take_pooled();
  bool may_retry_now() const;
  // False when the response's end is the connection's, and that was a reset. TLS has an end of its own.
  bool may_end_by_close() const noexcept {
    return !upstream_reset_ || response_framing_.kind != http::BodyKind::until_close || upstream_->transport.is_tls();
  }
  End give_up(Refusal refused);
  std::optional<Refusal> judge_response();
  bool response_is_upgrade() const noexcept;
  bool sends_chunked() const noexcept;
  Refusal interrupted(Reason when_upstream_failed, std::string detail) const;
  Refusal untaken(const error_code& error) const;
  Refusal tunnel_cut(const TunnelEnd& end) const;
  void join(std::string_view& head, std::string_view& piece);
  void release_upstream();

  Worker& worker_;
  Transport& client_;
  Watch& watch_;
  Inbox& inbox_;
  Exchange& exchange_;
  UpstreamPool& pool_;
  http::Framing request_framing_;
  std::string_view body_at_hand_;    // in the inbox
  bool whole_body_at_hand_ = false;  // the request can be sent again
  std::size_t spoofed_headers_ = 0;  // that were left out of the upstream head

  RequestLimit::Place place_;
  std::unique_ptr<UpstreamConnection> upstream_;
  bool connect_failed_ = false;
  std::size_t fresh_attempts_ = 0;
  std::size_t turn_ = 0;             // of the first of them
  bool response_began_ = false;      // a byte of the response has come: no replay any more
  bool response_head_read_ = false;  // all of it: timeouts.response is over
  Buffer response_buffer_;
  std::string_view response_rest_;  // in response_buffer_, behind the head
  http::Framing response_framing_;
  bool upstream_reusable_ = false;
  bool upstream_reset_ = false;  // is known by a send, of which the kernel tells once: a read finds a plain end then
  bool tunnel_drained_ = false;

  Upload upload_ = Upload::none;
  Watch::Cause upload_phase_ = Watch::Cause::stream;  // or upload, while the upstream does not take it
  Refusal upload_refusal_;  // why the upload stopped by itself, if it did
  SideTask uploading_;
  std::chrono::steady_clock::time_point sent_at_{};
};

}  // namespace postern
