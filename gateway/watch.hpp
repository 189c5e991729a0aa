// The deadlines of one downstream connection, and of the upstream connection that it uses at the moment. When one
// passes, every suspended operation of both ends with operation_aborted, and expired() tells why.
#pragma once

#include <chrono>
#include <cstdint>

#include "gateway/drain.hpp"
#include "gateway/ticker.hpp"
#include "gateway/transport.hpp"

namespace postern {

class UpstreamConnection;

class Watch final : public Ticking {
 public:
  // Whether what was allowed once still is.
  class Permission {
   public:
    virtual bool still_holds() const = 0;

   protected:
    ~Permission() = default;
  };

  enum class Cause : std::uint8_t {
    none,
    park,  // not a timeout: quiet for a moment, time to do without a session
    idle,  // between requests
    head,
    connect,
    response,   // the request is out, its response awaited
    download,   // between two pieces of the response's body
    upload,     // a piece of the request's body is on its way to the upstream, which does not take it
    stream,     // between two pieces of the request's body, or of a tunnel
    websocket,  // of a tunnel, where the client could be told that the gateway goes away
    total,
    linger,       // everything is said
    client_gone,  // for a second, while an upstream was awaited: connect, response or download
    drain,        // between requests or frames, while the worker ends
    ended,        // by end_all()
    cut_off,      // the end of the drain, in the middle of a request: whoever closes the client's connection resets it
    no_longer_permitted,
  };

  Watch(Ticker& ticker, Transport& client, const Drain& drain) : ticker_(ticker), client_(client), drain_(drain) {
    ticker_.add(*this);
  }

  // The one deadline of the phase that begins; a limit of 0 means none. Forgets what expired before.
  void arm(Cause cause, std::chrono::milliseconds limit) noexcept;
  // Moves the deadline of the phase on, after progress.
  void touch() noexcept {
    if (deadline_ != never) deadline_ = ticker_.now() + limit_;
  }
  // The phase goes on under another name, with the same deadline.
  void rename(Cause cause) noexcept { cause_ = cause; }
  // The deadline over all phases, `limit` after `begin`; 0 means none.
  void arm_total(std::chrono::milliseconds limit, SteadyTime begin) noexcept;
  void disarm_total() noexcept { arm_total({}, {}); }
  // For a peer that has been told everything, and may still be sending what nobody has asked for.
  void arm_linger() noexcept;
  // No deadline but the total one.
  void disarm() noexcept { arm(Cause::none, {}); }

  // Cancels what is suspended, and at every tick what has begun since, until the next phase.
  void end_all() noexcept;

  // The upstream connection to cancel with the client's; null when there is none.
  void set_upstream(UpstreamConnection* upstream) noexcept { upstream_ = upstream; }

  // Asked at every tick; null: nobody.
  void set_permission(const Permission* permission) noexcept { permission_ = permission; }

  Cause expired() const noexcept { return expired_; }

  void on_tick(SteadyTime now) override;

 private:
  Cause due(SteadyTime now);
  void cancel() noexcept;
  void follow_writes(SteadyTime now) noexcept;

  Ticker& ticker_;
  Transport& client_;
  UpstreamConnection* upstream_ = nullptr;
  const Permission* permission_ = nullptr;
  const Drain& drain_;
  SteadyTime deadline_ = never;
  SteadyTime total_deadline_ = never;
  std::chrono::milliseconds limit_{};
  Cause cause_ = Cause::none;
  Cause expired_ = Cause::none;
  SteadyTime client_left_ = never;  // when its end was first seen in this phase
};

}  // namespace postern
