#include "gateway/tunnel.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>

#include "gateway/completion.hpp"

namespace postern {
namespace {

// One direction. A failure ends both; a clean end only this one.
class Direction {
 public:
  // The buffers of heads are the smaller ones: with two of them a tunnel neither end of which reads stays below 64 KiB.
  Direction(Worker& worker, Transport& from, Transport& to, Watch& watch)
      : buffers_(worker.head_buffers()), from_(from), to_(to), watch_(watch), done_(worker.io().get_executor()) {}

  Task<void> run(std::string_view first) {
    error_code error;
    try {
      error = co_await copy(first);
    } catch (const std::bad_alloc&) {
      error = boost::asio::error::no_memory;
    }
    finish(error);
  }

  Task<void> wait() { return done_.wait(); }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  Task<error_code> copy(std::string_view first) {
    error_code error;
    if (!first.empty()) error = co_await to_.write(first);
    bytes_ = first.size();
    while (!error) {
      error = co_await from_.wait_readable();
      if (!error) error = co_await pass_on();
    }
    co_return error;
  }

  // What is there to be read. The buffer is held no longer: a quiet tunnel costs none.
  Task<error_code> pass_on() {
    Buffer buffer = buffers_.take();
    auto [error, bytes] = from_.try_read(buffer.data(), buffer.size());
    if (error == boost::asio::error::would_block) co_return error_code();
    if (error) co_return error;
    watch_.touch();
    error = co_await to_.write({buffer.data(), bytes});
    bytes_ += bytes;
    watch_.touch();
    co_return error;
  }

  void finish(const error_code& error) {
    if (error == boost::asio::error::eof) {
      to_.shutdown_send();
    } else {
      from_.close();
      to_.close();
    }
    done_.set();
  }

  BufferPool& buffers_;
  Transport& from_;
  Transport& to_;
  Watch& watch_;
  Completion done_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Task<TunnelBytes> run_tunnel(Worker& worker, Transport& client, Transport& upstream, Watch& watch,
                             std::string_view first) {
  Direction to_upstream(worker, client, upstream, watch);
  Direction to_client(worker, upstream, client, watch);
  boost::asio::co_spawn(worker.io().get_executor(), to_upstream.run(first), boost::asio::detached);
  co_await to_client.run({});
  co_await to_upstream.wait();
  co_return TunnelBytes{to_upstream.bytes(), to_client.bytes()};
}

}  // namespace postern
