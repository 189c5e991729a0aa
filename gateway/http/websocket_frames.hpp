// Where the frames of a WebSocket end (RFC 6455 section 5.2): the gateway tunnels them unread, but for one of its own
// it has to find a place between two of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::http {

// A Close frame as a server sends it: 1001, it is going away (RFC 6455 sections 5.5.1 and 7.4.1).
inline constexpr std::string_view websocket_going_away{"\x88\x02\x03\xE9", 4};

// Follows one direction from its first byte on.
class WebSocketFrames {
 public:
  // How many of the bytes there are up to the last end of a frame among them; 0 without one.
  std::size_t feed(std::string_view bytes) noexcept {
    std::size_t whole = 0;
    for (std::size_t at = 0; at < bytes.size();) {
      at += payload_ > 0 ? take_payload(bytes.substr(at)) : take_header(bytes[at]);
      if (between_frames()) whole = at;
    }
    return whole;
  }
  bool between_frames() const noexcept { return header_size_ == 0 && payload_ == 0; }

 private:
  std::size_t take_payload(std::string_view bytes) noexcept {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(payload_, bytes.size()));
    payload_ -= taken;
    return taken;
  }

  std::size_t take_header(char byte) noexcept {
    header_[header_size_++] = static_cast<unsigned char>(byte);
    if (header_size_ < 2 || header_size_ < full_header_size()) return 1;
    payload_ = header_[1] & 0x7F;
    if (const std::size_t extra = length_bytes(); extra > 0) {
      payload_ = 0;
      for (std::size_t i = 0; i < extra; ++i) payload_ = payload_ << 8 | header_[2 + i];
    }
    header_size_ = 0;
    return 1;
  }

  // Bytes of an extended payload length.
  std::size_t length_bytes() const noexcept {
    const unsigned length = header_[1] & 0x7F;
    return length == 126 ? 2 : length == 127 ? 8 : 0;
  }
  std::size_t full_header_size() const noexcept { return 2 + length_bytes() + ((header_[1] & 0x80) != 0 ? 4 : 0); }

  std::array<unsigned char, 14> header_{};
  std::size_t header_size_ = 0;  // of a header that is not complete yet
  std::uint64_t payload_ = 0;    // bytes that are still to come
};

}  // namespace postern::http
