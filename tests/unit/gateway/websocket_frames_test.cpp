#include "gateway/http/websocket_frames.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace postern::http;

namespace {

// A frame of a server (unmasked), or of a client.
std::string frame(std::size_t payload, bool masked = false) {
  std::string bytes("\x82");
  const char mask = masked ? '\x80' : '\0';
  if (payload < 126) {
    bytes += static_cast<char>(mask | static_cast<char>(payload));
  } else {
    const int size = payload < 65536 ? 2 : 8;
    bytes += static_cast<char>(mask | static_cast<char>(size == 2 ? 126 : 127));
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(payload >> shift & 0xFF);
  }
  if (masked) bytes += "mask";
  return bytes + std::string(payload, '\x88');
}

// How many places of `bytes` are between two frames, its end included, when they come `step` at a time.
std::size_t borders(const std::string& bytes, std::size_t step) {
  WebSocketFrames frames;
  std::size_t count = 0;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    frames.feed(std::string_view(bytes).substr(at, step));
    count += frames.between_frames() ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("a direction begins between two frames") {
  CHECK(WebSocketFrames().between_frames());
}

TEST_CASE("the end of a frame is found for each form of its length, with a mask or without") {
  for (const std::size_t payload : {0, 1, 125, 126, 65535, 65536, 100'000}) {
    for (const bool masked : {false, true}) {
      CAPTURE(payload);
      CAPTURE(masked);
      const std::string bytes = frame(payload, masked) + frame(3, masked);
      CHECK(borders(bytes, 1) == 2);
      CHECK(borders(bytes, bytes.size()) == 1);
      WebSocketFrames frames;
      frames.feed(std::string_view(bytes).substr(0, bytes.size() - 1));
      CHECK_FALSE(frames.between_frames());
    }
  }
}

TEST_CASE("the last end of a frame among some bytes is told, and that there is none") {
  WebSocketFrames frames;
  const std::string whole = frame(200) + frame(0), part = frame(3).substr(0, 4);
  CHECK(frames.feed(whole + part) == whole.size());
  CHECK(frames.feed("") == 0);
  CHECK(frames.feed(std::string(1, '\x88') + part) == 1);
  CHECK(frames.feed(std::string(1, '\x88')) == 1);
  CHECK(frames.feed(part) == 0);
}

TEST_CASE("what a server says when it goes away is one whole frame") {
  CHECK(websocket_going_away == std::string("\x88\x02\x03\xE9"));
  CHECK(borders(std::string(websocket_going_away), 1) == 1);
}
