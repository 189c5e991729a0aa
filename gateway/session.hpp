// One downstream connection speaking HTTP/1.1: reads heads, has each request judged, filtered and forwarded, and writes
// every reply of the gateway's own.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "gateway/exchange.hpp"
#include "gateway/forwarder.hpp"
#include "gateway/inbox.hpp"
#include "gateway/watch.hpp"
#include "gateway/worker.hpp"

namespace postern {

class Session {
 public:
  Session(Worker& worker, TcpSocket socket, const boost::asio::ip::tcp::endpoint& peer,
          std::shared_ptr<Listening> listening);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Task<void> run();

 private:
  Task<void> converse();
  bool request_at_hand() const noexcept { return inbox_.has_buffer() && !inbox_.empty(); }
  std::chrono::milliseconds arm_for_request();
  Task<bool> park(std::chrono::milliseconds limit);
  Task<bool> read_more();
  Task<bool> serve();
  // A head that is not at hand in one faultless piece. False when the client just left.
  Task<bool> read_head(Exchange& exchange, std::optional<Refusal>& refused);
  Task<bool> answer(Exchange& exchange);
  Task<std::optional<Refusal>> read_body(Exchange& exchange);
  Task<bool> reply(Exchange& exchange, std::string_view body);
  Task<bool> reply_error(Exchange& exchange, Refusal refusal);
  Task<bool> reply_direct(Exchange& exchange);
  Task<bool> end_forward(Exchange& exchange, Forwarder::End& end);

  void make_room();
  bool record_verdict(Exchange& exchange, const Verdict& verdict) const;
  bool skip_body(const Exchange& exchange);
  Task<void> linger();

  Worker& worker_;
  Transport client_;
  std::shared_ptr<Listening> listening_;
  ConnectionFacts facts_;
  Watch watch_;
  Inbox inbox_;
  bool first_ = true;    // no request yet
  bool unread_ = false;  // the client may still be sending what nobody will read
};

}  // namespace postern
