// Heads for the tests, from the text that a peer would send.
#pragma once

#include <doctest/doctest.h>

#include <memory_resource>
#include <string>
#include <string_view>

#include "gateway/http/framing.hpp"
#include "gateway/http/parse.hpp"
#include "gateway/http/target.hpp"

namespace postern::http {

// A head that owns the bytes that its views point into. `lines` are the fields, each with its CRLF.
struct RequestText {
  explicit RequestText(std::string_view lines, std::string_view request_line = "GET / HTTP/1.1") {
    text.append(request_line).append("\r\n").append(lines).append("\r\n");
    const auto parsed = parse_request_head(text, {}, head);
    REQUIRE_MESSAGE(parsed.has_value(), text);
  }
  RequestText(const RequestText&) = delete;
  RequestText& operator=(const RequestText&) = delete;

  std::string text;
  RequestHead head;
};

struct ResponseText {
  explicit ResponseText(std::string_view lines, std::string_view status_line = "HTTP/1.1 200 OK") {
    text.append(status_line).append("\r\n").append(lines).append("\r\n");
    const auto parsed = parse_response_head(text, {}, head);
    REQUIRE_MESSAGE(parsed.has_value(), text);
  }
  ResponseText(const ResponseText&) = delete;
  ResponseText& operator=(const ResponseText&) = delete;

  std::string text;
  ResponseHead head;
};

// What the gateway makes of received bytes before it routes them: the first refusal, or accepted.
inline Reason judge_bytes(std::string_view bytes) {
  // As a session does: one pass, and the scanner when that finds no faultless head.
  constexpr HeadLimits limits{.bytes = 16 * 1024};
  RequestHead head;
  const auto at_once = parse_request_head(bytes, limits, head);
  HeadScanner scanner(limits.bytes);
  switch (scanner.scan(bytes)) {
    case HeadScanner::State::complete:
      break;
    case HeadScanner::State::malformed:
      return Reason::request_malformed;
    case HeadScanner::State::too_large:
      return Reason::header_too_large;
    case HeadScanner::State::need_more:
      return Reason::request_timeout;
  }
  const auto text = bytes.substr(scanner.begin());
  if (const auto parsed = parse_request_head(text, limits, head); !parsed) return parsed.error().reason;
  if (at_once && *at_once != scanner.end()) throw std::logic_error("scanner and parser differ about the head's end");
  if (const auto framing = judge_request(head); !framing) return framing.error().reason;
  if (const auto refused = judge_method(head)) return refused->reason;
  std::pmr::monotonic_buffer_resource memory;
  if (const auto target = judge_target(head, memory); !target) return target.error().reason;
  return Reason::accepted;
}

}  // namespace postern::http
