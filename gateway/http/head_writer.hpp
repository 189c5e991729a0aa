// Writes a head behind what a string holds already.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace postern::http {

// A head is made of dozens of short pieces, and a string's own append costs more than to copy one of them. So the
// string grows once, by `expected` bytes; pieces are copied behind one another; the destructor cuts off what was not
// needed. A head that turns out longer is no fault: each piece makes sure of its room.
class HeadWriter {
 public:
  HeadWriter(std::string& out, std::size_t expected) : out_(out) {
    const std::size_t size = out.size();
    resize(size, size + expected);
  }
  ~HeadWriter() { out_.resize(size()); }  // never longer, so it cannot fail
  HeadWriter(const HeadWriter&) = delete;
  HeadWriter& operator=(const HeadWriter&) = delete;

  [[gnu::always_inline]] void put(std::string_view text) {
    make_room(text.size());
    copy(text);
  }

  // A literal of `bytes` - 1 characters: a store or two.
  template <std::size_t bytes>
  [[gnu::always_inline]] void put(const char (&literal)[bytes]) {
    make_room(bytes - 1);
    copy(literal);
  }
  template <std::size_t bytes>
  void put(char (&)[bytes]) = delete;  // how much of a buffer is text only its owner knows

  // `name: value` and CRLF.
  void line(std::string_view name, std::string_view value) {
    make_room(name.size() + value.size() + 4);
    copy(name);
    copy(": ");
    copy(value);
    copy("\r\n");
  }

  void line(std::string_view name, std::uint64_t value) {
    constexpr std::size_t most_digits = 20;
    make_room(name.size() + most_digits + 4);
    copy(name);
    copy(": ");
    at_ = std::to_chars(at_, end_, value).ptr;
    copy("\r\n");
  }

 private:
  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - out_.data()); }

  [[gnu::always_inline]] void make_room(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(end_ - at_)) [[unlikely]] {
      resize(size(), std::max(size() + bytes, 2 * out_.size()));
    }
  }

  void resize(std::size_t written, std::size_t bytes) {
    out_.resize(bytes);
    at_ = out_.data() + written;
    end_ = out_.data() + out_.size();
  }

  // The caller has made the room.
  void copy(std::string_view text) noexcept { at_ = std::copy(text.begin(), text.end(), at_); }
  template <std::size_t bytes>
  void copy(const char (&literal)[bytes]) noexcept {
    at_ = std::copy_n(literal, bytes - 1, at_);
  }

  std::string& out_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace postern::http
