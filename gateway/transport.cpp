#include "gateway/transport.hpp"

#include <linux/sockios.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <cerrno>
#include <limits>

namespace postern {
namespace asio = boost::asio;
namespace {

// Sends without waiting. One view alone goes by send(), which the kernel has less to do for.
ssize_t send_both(int socket, std::string_view first, std::string_view second) noexcept {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  if (second.empty()) return ::send(socket, first.data(), first.size(), flags);
  if (first.empty()) return ::send(socket, second.data(), second.size(), flags);
  std::array<iovec, 2> both{
      {{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}}};
  msghdr message{};
  message.msg_iov = both.data();
  message.msg_iovlen = both.size();
  return ::sendmsg(socket, &message, flags);
}

// The code of a failed TLS operation that is not about waiting.
error_code tls_failure(int ssl_error) {
  if (ssl_error == SSL_ERROR_ZERO_RETURN) return asio::error::eof;
  if (ssl_error == SSL_ERROR_SYSCALL && errno != 0) return {errno, boost::system::system_category()};
  return asio::error::connection_reset;  // a protocol violation, or an end without close_notify
}

}  // namespace

void SslDeleter::operator()(SSL* ssl) const noexcept {
  // Without this OpenSSL takes the end for an attack and makes the session unfit for reuse.
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
}

Task<error_code> Transport::handshake(SslPtr ssl) {
  error_code error;
  socket_.non_blocking(true, error);
  if (error) co_return error;
  ssl_ = std::move(ssl);
  SSL_set_fd(ssl_.get(), socket_.native_handle());
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    handshake_done_ = result == 1;
    if (handshake_done_) co_return error_code{};
    const int ssl_error = SSL_get_error(ssl_.get(), result);
    if (ssl_error != SSL_ERROR_WANT_READ && ssl_error != SSL_ERROR_WANT_WRITE) co_return tls_failure(ssl_error);
    error = co_await wait_for(ssl_error);
    if (error) co_return error;
  }
}

Transport::ReadSome Transport::read_some(char* place, std::size_t size) {
  if (ssl_) return Task<Read>::Awaiter(read_tls(place, size));
  return socket_.async_read_some(asio::buffer(place, size), as_result);
}

Task<Transport::Read> Transport::read_tls(char* place, std::size_t size) {
  // Who has just been written to answers later, as a rule: a read would find nothing, and be made again.
  if (std::exchange(tls_wrote_, false) && SSL_has_pending(ssl_.get()) == 0) {
    const error_code error = co_await wait_for(SSL_ERROR_WANT_READ);
    if (error) co_return Read(error, 0);
  }
  for (;;) {
    const Read read = try_read_tls(place, size);
    if (std::get<0>(read) != asio::error::would_block) co_return read;
    const error_code error = co_await wait_for(tls_read_wants_);
    if (error) co_return Read(error, 0);
  }
}

Transport::Read Transport::try_read(char* place, std::size_t size) {
  if (ssl_) return try_read_tls(place, size);
  ssize_t received = -1;
  do {
    received = ::recv(socket_.native_handle(), place, size, MSG_DONTWAIT);
  } while (received < 0 && errno == EINTR);
  if (received > 0) return {error_code(), static_cast<std::size_t>(received)};
  if (received == 0) return {asio::error::eof, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {asio::error::would_block, 0};
  return {error_code(errno, boost::system::system_category()), 0};
}

Transport::Read Transport::try_read_tls(char* place, std::size_t size) {
  ERR_clear_error();
  tls_read_wants_ = 0;
  std::size_t bytes = 0;
  const int result = SSL_read_ex(ssl_.get(), place, size, &bytes);
  if (result == 1) return {error_code(), bytes};
  const int ssl_error = SSL_get_error(ssl_.get(), result);
  if (ssl_error != SSL_ERROR_WANT_READ && ssl_error != SSL_ERROR_WANT_WRITE) return {tls_failure(ssl_error), 0};
  tls_read_wants_ = ssl_error;
  return {asio::error::would_block, 0};
}

Task<error_code> Transport::wait_readable() {
  const bool has_pending = ssl_ && tls_read_wants_ == 0 && SSL_has_pending(ssl_.get()) != 0;
  if (has_pending) co_return error_code{};
  // However fast a peer sends, others have their turn.
  co_return co_await wait_for(tls_read_wants_ != 0 ? tls_read_wants_ : SSL_ERROR_WANT_READ);
}

bool Transport::try_write(std::string_view& first, std::string_view& second, error_code& error) {
  sent_ = true;
  if (!ssl_) return try_write_plain(first, second, error);
  return (first.empty() || try_write_tls(first, error)) && (error || second.empty() || try_write_tls(second, error));
}

bool Transport::try_write_plain(std::string_view& first, std::string_view& second, error_code& error) {
  while (!(first.empty() && second.empty())) {
    const ssize_t sent = send_both(socket_.native_handle(), first, second);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (sent < 0) {
      error.assign(errno, boost::system::system_category());
      return true;
    }
    const auto bytes = static_cast<std::size_t>(sent);
    const std::size_t of_first = std::min(bytes, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(bytes - of_first);
  }
  return true;
}

bool Transport::try_write_tls(std::string_view& bytes, error_code& error) {
  while (!bytes.empty()) {
    ERR_clear_error();
    std::size_t sent = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
    if (result == 1) {
      tls_wrote_ = true;
      bytes.remove_prefix(sent);
      continue;
    }
    tls_wants_ = SSL_get_error(ssl_.get(), result);
    if (tls_wants_ == SSL_ERROR_WANT_READ || tls_wants_ == SSL_ERROR_WANT_WRITE) return false;
    error = tls_failure(tls_wants_);
    return true;
  }
  return true;
}

Task<error_code> Transport::write(std::string_view first, std::string_view second) {
  error_code error;
  while (!try_write(first, second, error) && !error) {
    left_ = std::numeric_limits<int>::max();
    error = co_await wait_for(ssl_ ? tls_wants_ : SSL_ERROR_WANT_WRITE);
  }
  co_return error;
}

bool Transport::writes_move() noexcept {
  if (!sent_) return false;
  const int left = unacknowledged();
  sent_ = left > 0;
  return left < std::exchange(left_, left);
}

Task<error_code> Transport::wait_for(int ssl_error) {
  const auto what = ssl_error == SSL_ERROR_WANT_READ ? TcpSocket::wait_read : TcpSocket::wait_write;
  auto [error] = co_await socket_.async_wait(what, as_result);
  co_return error;
}

std::string Transport::explain(const error_code& error) const {
  std::string text = error.message();
  if (!ssl_ || handshake_done_) return text;
  const long verified = SSL_get_verify_result(ssl_.get());
  if (SSL_get_verify_mode(ssl_.get()) == SSL_VERIFY_NONE || verified == X509_V_OK)
    return text + ", in the TLS handshake";
  return text + ", certificate: " + X509_verify_cert_error_string(verified);
}

void Transport::cancel() noexcept {
  error_code ignored;
  socket_.cancel(ignored);
}

void Transport::close() noexcept {
  // OpenSSL keeps the number, which may be another connection's soon.
  if (ssl_) BIO_set_fd(SSL_get_rbio(ssl_.get()), -1, BIO_NOCLOSE);
  error_code ignored;
  socket_.close(ignored);
}

void Transport::reset_on_close() noexcept {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
}

void Transport::reset() noexcept {
  reset_on_close();
  close();
}

void Transport::close_notify() noexcept {
  if (!ssl_ || !SSL_is_init_finished(ssl_.get())) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());  // is sent when the kernel takes it; the peer's is not waited for
}

void Transport::shutdown_send() noexcept {
  close_notify();
  error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

bool Transport::peer_gone() const noexcept {
  auto& socket = const_cast<TcpSocket&>(socket_);  // native_handle() is not const
  pollfd entry{socket.native_handle(), POLLRDHUP, 0};  // not by a read: what is left unread may stand before the end
  return ::poll(&entry, 1, 0) > 0;
}

int Transport::unacknowledged() const noexcept {
  return count(SIOCOUTQ);
}

int Transport::count(unsigned long which) const noexcept {
  int bytes = 0;
  auto& socket = const_cast<TcpSocket&>(socket_);
  return ::ioctl(socket.native_handle(), which, &bytes) == 0 ? bytes : std::numeric_limits<int>::max();
}

bool Transport::may_close() const noexcept {
  return !is_open() || (unacknowledged() == 0 && count(SIOCINQ) == 0);  // the peer's end is no byte
}

bool Transport::may_reset() const noexcept {
  return !is_open() || unacknowledged() == 0 || is_over();
}

bool Transport::is_over() const noexcept {
  auto& socket = const_cast<TcpSocket&>(socket_);
  pollfd entry{socket.native_handle(), 0, 0};  // asked for nothing, it tells of a connection that is over
  return ::poll(&entry, 1, 0) > 0;
}

bool Transport::is_silent() const noexcept {
  if (ssl_ && SSL_has_pending(ssl_.get()) != 0) return false;  // OpenSSL reads ahead
  auto& socket = const_cast<TcpSocket&>(socket_);
  pollfd entry{socket.native_handle(), POLLIN | POLLRDHUP, 0};
  return ::poll(&entry, 1, 0) == 0;
}

}  // namespace postern
