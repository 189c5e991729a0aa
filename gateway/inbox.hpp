// What a client has sent and nobody has consumed yet. A request's head stays where it was received until its exchange
// is over, because the parsed head points there.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "gateway/buffer_pool.hpp"

namespace postern {

class Inbox {
 public:
  // Bytes of room beyond the head limit, so that a head of exactly the limit leaves room to push back what was read
  // past a body. What malloc() adds to a buffer leaves its last page whole.
  static constexpr std::size_t slack = 4 * 1024 - 64;

  bool has_buffer() const noexcept { return static_cast<bool>(buffer_); }
  // The first buffer, or a larger one: what is here goes along, to its front.
  void set_buffer(Buffer buffer) noexcept {
    const std::size_t size = end_ - begin_;
    if (size != 0) std::memcpy(buffer.data(), buffer_.data() + begin_, size);
    buffer_ = std::move(buffer);
    begin_ = 0;
    end_ = size;
  }
  std::size_t buffer_size() const noexcept { return buffer_.size(); }  // 0: there is none
  void give_back() noexcept { buffer_.give_back(); }

  std::string_view bytes() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  void consume(std::size_t size) noexcept { begin_ += size; }

  // Where the next bytes go; compact() first when there is no parsed head left in the buffer.
  char* room() const noexcept { return buffer_.data() + end_; }
  std::size_t room_size() const noexcept { return buffer_.size() - end_; }
  void received(std::size_t size) noexcept { end_ += size; }
  void compact() noexcept {
    if (begin_ == 0) return;
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }

  // Gives the room of the last `size` consumed bytes back, once they have been copied. Only when nothing is left here.
  void forget(std::size_t size) noexcept {
    begin_ -= size;
    end_ = begin_;
  }

  // Takes `size` bytes out and wipes them here: they may hold a password.
  Secret take_secret(std::size_t size) {
    Secret taken{std::string(bytes().substr(0, size))};
    std::memset(buffer_.data() + begin_, 0, size);
    begin_ += size;
    return taken;
  }

  // How much push_back() takes once everything here is consumed.
  std::size_t push_back_limit() const noexcept { return buffer_.size() - begin_; }
  // Bytes that were read past the end of a body, the next request's. Only when nothing is left here.
  void push_back(std::string_view bytes) noexcept {
    std::memcpy(buffer_.data() + begin_, bytes.data(), bytes.size());
    end_ = begin_ + bytes.size();
  }

 private:
  Buffer buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace postern
