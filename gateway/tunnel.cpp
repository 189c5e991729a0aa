#include "gateway/tunnel.hpp"

#include <boost/asio/error.hpp>

#include "gateway/acknowledged.hpp"
#include "gateway/side_task.hpp"

namespace postern {
namespace {

// How much at a time is thrown away of a side that nobody listens to any more.
constexpr int most_pieces_thrown_away = 64;

struct Peer {
  Transport& transport;
  error_code failure{};  // what its connection ended with, where its peer did not end it
  bool told = false;     // that the gateway goes away: a client of a WebSocket
  bool silent = false;   // nothing more of it goes to the other side
};

// One direction. A failure ends both, and is passed on as one; a clean end only this one, and so does a peer that takes
// no more: what it sent before it left still goes the other way.
class Direction {
 public:
  // The buffers of heads are the smaller ones: with two of them a tunnel neither end of which reads stays below 64 KiB.
  Direction(Worker& worker, Peer& from, Peer& to, Watch& watch)
      : worker_(worker), from_(from), to_(to), watch_(watch) {}

  Task<void> run(std::string_view first) {
    error_code error;
    try {
      error = co_await copy(first);
      if (!untaken_) note_failure(from_, error);
      from_.silent = true;
      if (untaken_ || leaves_) {
        co_await hear_out();
      } else if (from_.failure) {  // what it sent before comes first: a reset takes all that has not been acknowledged
        co_await deliver_all(worker_.io().get_executor(), watch_, to_.transport);
      }
    } catch (const std::bad_alloc&) {
      worker_.on_out_of_memory();
      error = boost::asio::error::no_memory;
    }
    const bool may_leave = watch_.expired() == Watch::Cause::drain && (frames_ == nullptr || between_frames());
    if (may_leave && frames_ != nullptr && !to_.told) say_goodbye();
    drained_ = may_leave || from_.told || to_.told;
    finish(error);
  }

  // To the client of a WebSocket.
  void follow(http::WebSocketFrames* frames) noexcept {
    frames_ = frames;
    name_phase();
  }
  bool drained() const noexcept { return drained_; }

  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  Task<error_code> copy(std::string_view first) {
    error_code error;
    if (!first.empty()) error = co_await send(first);
    bytes_ = first.size();
    while (!error && !to_.told) {
      error = co_await from_.transport.wait_readable();
      if (!error) error = co_await pass_on();
    }
    co_return error;
  }

  // What is there to be read. The buffer is held no longer: a quiet tunnel costs none.
  Task<error_code> pass_on() {
    Buffer buffer = worker_.head_buffers().take();
    auto [error, bytes] = from_.transport.try_read(buffer.data(), buffer.size());
    if (error == boost::asio::error::would_block) co_return error_code();
    if (error) co_return error;
    watch_.touch();
    std::string_view piece(buffer.data(), bytes), farewell;
    if (frames_ != nullptr) {
      const std::size_t whole_frames = frames_->feed(piece);
      if (worker_.draining() && whole_frames > 0) {  // an upstream that always sends leaves no quiet moment for it
        piece = piece.substr(0, whole_frames);
        farewell = http::websocket_going_away;
      }
      watch_.rename(Watch::Cause::stream);  // until it is out
    }
    whole_ = false;
    error = co_await send(piece, farewell);
    whole_ = !error;
    bytes_ += piece.size();
    watch_.touch();
    name_phase();
    if (!error && !farewell.empty()) take_leave();
    co_return error;
  }

  Task<error_code> send(std::string_view bytes, std::string_view farewell = {}) {
    error_code error = co_await to_.transport.write(bytes, farewell);
    untaken_ = error && error != boost::asio::error::operation_aborted;
    // A broken pipe tells nothing new: the peer had ended its side, or its failure has been read.
    if (error != boost::asio::error::broken_pipe) note_failure(to_, error);
    co_return error;
  }

  // Not what the watch did, nor the other direction.
  static void note_failure(Peer& side, const error_code& error) noexcept {
    const bool ours = error == boost::asio::error::operation_aborted || !side.transport.is_open();
    if (error && error != boost::asio::error::eof && !ours) side.failure = error;
  }

  // Nobody takes what `from_` says, but what `to_` said before it left is still on its way there: it might wait for
  // being heard before it reads that, and a close over what it said would take that from it. Its reading alone moves
  // the deadline.
  Task<void> hear_out() {
    const auto over = [this] { return throw_away() || (to_.silent && from_.transport.may_reset()); };
    co_await look_until(worker_.io().get_executor(), watch_, over);
  }

  // What has come of `from_`. True at its end.
  bool throw_away() {
    const Buffer scrap = worker_.head_buffers().take();
    for (int i = 0; i < most_pieces_thrown_away; ++i) {
      const error_code error = std::get<0>(from_.transport.try_read(scrap.data(), scrap.size()));
      if (error) return error != boost::asio::error::would_block;
    }
    return false;
  }

  // Of what the client has got, not of what was read for it.
  bool between_frames() const noexcept { return whole_ && frames_->between_frames(); }

  void name_phase() noexcept {
    if (frames_ != nullptr && between_frames()) watch_.rename(Watch::Cause::websocket);
  }

  // Whatever is still to come of the upstream. What the client has said, and its answer to this, still goes there.
  void take_leave() noexcept {
    leaves_ = true;
    to_.told = true;
    to_.transport.shutdown_send();
    watch_.arm_linger();
  }

  // Four bytes: they are sent at once, or the client does not read.
  void say_goodbye() noexcept {
    std::string_view frame = http::websocket_going_away, nothing;
    error_code ignored;
    to_.transport.try_write(frame, nothing, ignored);
    to_.told = true;
  }

  void finish(const error_code& error) {
    if (untaken_ || leaves_) return;  // the other direction finds the end of `to_` behind what is left to read of it
    if (error == boost::asio::error::eof && !from_.failure) {
      to_.transport.shutdown_send();
    } else if (drained_) {  // the client's connection is not closed under what it is told
      (frames_ != nullptr ? from_ : to_).transport.close();
    } else {  // where a protocol ends by the close, a clean one would say that it was whole
      from_.transport.reset();
      to_.transport.reset();
    }
  }

  Worker& worker_;
  Peer& from_;
  Peer& to_;
  Watch& watch_;
  std::uint64_t bytes_ = 0;
  http::WebSocketFrames* frames_ = nullptr;
  bool whole_ = true;     // everything that frames_ has followed is out
  bool untaken_ = false;  // the connection of to_ failed under a write
  bool leaves_ = false;   // before from_ has ended
  bool drained_ = false;
};

}  // namespace

Task<TunnelEnd> run_tunnel(Worker& worker, Transport& client, Transport& upstream, Watch& watch, std::string_view first,
                           http::WebSocketFrames* frames) {
  Peer client_peer{.transport = client};
  Peer upstream_peer{.transport = upstream};
  Direction to_upstream(worker, client_peer, upstream_peer, watch);
  Direction to_client(worker, upstream_peer, client_peer, watch);
  if (frames != nullptr) to_client.follow(frames);
  Task<void> down = to_client.run({});  // before the other begins: then no lack of memory ends this coroutine under it
  SideTask up;
  up.begin(worker.io().get_executor(), to_upstream.run(first));
  co_await std::move(down);
  co_await up.end();
  TunnelEnd end{to_upstream.bytes(), to_client.bytes(), to_client.drained(), client_peer.failure,
                upstream_peer.failure};
  co_return end;
}

}  // namespace postern
