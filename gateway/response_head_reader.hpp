// Makes a response's head of an upstream's bytes as they come. Interim responses (1xx but 101) are dropped: they are
// not for the client.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/reason.hpp"
#include "conf/config.hpp"
#include "gateway/http/framing.hpp"
#include "gateway/http/parse.hpp"

namespace postern {

class ResponseHeadReader {
 public:
  static constexpr unsigned max_interim_responses = 16;

  // Fills `response` with views of the buffer `place`, which has room for limits.response_head_bytes at least.
  // `asked` is the request's method: a response to HEAD has no body.
  ResponseHeadReader(char* place, std::size_t size, const conf::Limits& limits, http::Method asked,
                     http::ResponseHead& response);

  // Where the next bytes go, and how many fit.
  char* room() const noexcept { return place_ + received_; }
  std::size_t room_size() const noexcept { return size_ - received_; }

  // Looks at what there is after `bytes` more have been put there. Refuses upstream_malformed: no HTTP/1.1, a head
  // above limits.response_head_bytes or with more than limits.response_head_fields, what http::judge_response()
  // refuses, too many interim responses. Not to be called after that, nor once complete().
  std::optional<Refusal> received(std::size_t bytes);

  bool complete() const noexcept { return complete_; }
  const http::Framing& framing() const noexcept { return framing_; }
  std::string_view rest() const noexcept { return rest_; }  // what came behind the head

 private:
  std::optional<Refusal> find_head();
  std::optional<Refusal> take_head(std::size_t head_bytes);

  char* place_;
  std::size_t size_;
  http::HeadLimits limits_;
  http::Method asked_;
  http::ResponseHead& response_;
  http::HeadScanner scanner_;
  std::size_t received_ = 0;
  bool first_look_ = true;  // at this head
  unsigned interim_responses_ = 0;
  bool complete_ = false;
  http::Framing framing_;
  std::string_view rest_;
};

}  // namespace postern
