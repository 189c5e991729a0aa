// One connection's bytes, plain or TLS, with the same two verbs for both. The send is tried at once and a coroutine
// suspends only when the kernel is full; TLS runs over the same non-blocking socket.
#pragma once

#include <openssl/types.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "gateway/task.hpp"

namespace postern {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using boost::system::error_code;

struct SslDeleter {
  void operator()(SSL* ssl) const noexcept;
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

class Transport {
 public:
  explicit Transport(TcpSocket socket) : socket_(std::move(socket)) {}
  Transport(Transport&&) = default;

  // Makes this a TLS connection over the socket, which must be connected; client or server as `ssl` was made.
  Task<error_code> handshake(SslPtr ssl);

  // What one read brought: the error and the number of bytes, as Asio tells them. eof: the peer has ended its side,
  // cleanly.
  using Read = std::tuple<error_code, std::size_t>;
  using ReadPlain =
      decltype(std::declval<TcpSocket&>().async_read_some(boost::asio::mutable_buffers_1({}, 0), as_result));
  using ReadSome = task::Either<ReadPlain, Task<Read>::Awaiter>;
  // At least one byte, or an error. Tries at once, else suspends.
  [[nodiscard]] ReadSome read_some(char* place, std::size_t size);
  // The same without suspending, for a reader that holds no buffer while it waits: `would_block` when nothing is there.
  Read try_read(char* place, std::size_t size);
  // Until try_read() is worth a call, be it for an end or an error. At once only where TLS holds bytes of its own.
  Task<error_code> wait_readable();

  // Sends at once what the kernel takes, in one call where it takes both, and moves the views behind it. False when
  // something is left and the kernel is full; then write() goes on.
  bool try_write(std::string_view& first, std::string_view& second, error_code& error);
  // All of both.
  Task<error_code> write(std::string_view first, std::string_view second = {});
  // Whether what was written moves on: since the last call a write that is suspended has begun or gone on, or the peer
  // has acknowledged more, of which the kernel does not tell while it takes no more, nor once it has taken all. One
  // system call; none where the peer had acknowledged everything and nothing has been written since.
  bool writes_move() noexcept;

  // Ends every operation that is suspended with operation_aborted. Thread of the socket only.
  void cancel() noexcept;
  void close() noexcept;
  // Whoever closes it resets it: the peer sees that this is no clean end. What it has not acknowledged is lost.
  void reset_on_close() noexcept;
  void reset() noexcept;  // reset_on_close(), and closes
  void shutdown_send() noexcept;  // TLS: close_notify first
  void close_notify() noexcept;   // of TLS, nothing without; before a close, which ends all the rest

  // True when the peer has ended its side or reset, whatever of it is left to read. One system call, which takes nothing.
  bool peer_gone() const noexcept;
  // True when nothing has happened on a connection that should be silent: no byte, no end, nothing that TLS has read ahead.
  bool is_silent() const noexcept;

  // True when a close takes nothing from the peer: it has acknowledged every byte and sent none that is unread, which
  // the kernel would answer with a reset (RFC 9112 section 9.6). Two system calls.
  bool may_close() const noexcept;

  // True when neither side sends any more, or the peer has reset; what is left to read of it may still be there.
  bool is_over() const noexcept;

  // True when a reset takes nothing from the peer: it has acknowledged every byte, or is gone itself.
  bool may_reset() const noexcept;

  // A sentence for the log: the error, and of a TLS handshake that it was one, and what was wrong with the peer's
  // certificate where that is asked for.
  std::string explain(const error_code& error) const;

  bool is_open() const noexcept { return socket_.is_open(); }
  bool is_tls() const noexcept { return ssl_ != nullptr; }
  SSL* ssl() const noexcept { return ssl_.get(); }
  TcpSocket& socket() noexcept { return socket_; }

 private:
  // Bytes that the peer has not acknowledged.
  int unacknowledged() const noexcept;
  // One of the kernel's counts of bytes: SIOCOUTQ, SIOCINQ. As many as can be where it tells none.
  int count(unsigned long which) const noexcept;
  Task<Read> read_tls(char* place, std::size_t size);
  Read try_read_tls(char* place, std::size_t size);
  bool try_write_plain(std::string_view& first, std::string_view& second, error_code& error);
  bool try_write_tls(std::string_view& bytes, error_code& error);
  Task<error_code> wait_for(int ssl_error);

  TcpSocket socket_;
  SslPtr ssl_;
  bool handshake_done_ = false;
  int tls_wants_ = 0;       // what the last TLS write waits for
  int tls_read_wants_ = 0;  // what the last TLS try_read() waits for; 0: nothing
  bool tls_wrote_ = false;  // since the last TLS read
  bool sent_ = false;       // what the peer may not have acknowledged yet
  int left_ = 0;            // of that, at the last look
};

}  // namespace postern
