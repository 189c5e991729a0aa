// One downstream connection speaking HTTP/1.1: reads heads, has each request judged, filtered and forwarded, and writes
// every reply of the gateway's own.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/connection.hpp"
#include "gateway/exchange.hpp"
#include "gateway/forwarder.hpp"
#include "gateway/inbox.hpp"
#include "gateway/watch.hpp"
#include "gateway/worker.hpp"

namespace postern {

class Session {
 public:
  Session(Worker& worker, Connection connection);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Until the connection has ended, or has been quiet for so long that it does not need a session.
  Task<void> run();
  bool quiet() const noexcept { return quiet_; }
  // The connection of a session that has run and is quiet.
  Connection release() && { return std::move(connection_); }

 private:
  Task<void> converse();
  bool request_at_hand() const noexcept { return inbox_.has_buffer() && !inbox_.empty(); }
  void arm_for_request();
  Task<bool> read_more();
  Task<bool> serve();
  // A head that is not at hand in one faultless piece. False when the client just left.
  Task<bool> read_head(Exchange& exchange, std::optional<Refusal>& refused);
  Task<bool> answer(Exchange& exchange);
  Task<bool> answer_by_route(Exchange& exchange);
  Task<std::optional<Refusal>> read_body(Exchange& exchange);
  Task<bool> reply(Exchange& exchange, std::string_view body);
  Task<bool> reply_error(Exchange& exchange, Refusal refusal);
  Task<bool> reply_direct(Exchange& exchange);
  Task<bool> redirect_to_https(Exchange& exchange);
  Task<bool> end_forward(Exchange& exchange, Forwarder::End& end);
  bool cut_off(Exchange& exchange);

  void make_room();
  void keep_slack();
  bool record_verdict(Exchange& exchange, const Verdict& verdict) const;
  bool skip_body(const Exchange& exchange);
  Task<void> linger();

  Worker& worker_;
  Connection connection_;
  Transport& client_;
  ConnectionFacts facts_;
  Watch watch_;
  Inbox inbox_;
  bool quiet_ = false;
  bool unread_ = false;  // the client may still be sending what nobody will read
};

}  // namespace postern
