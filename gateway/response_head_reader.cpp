#include "gateway/response_head_reader.hpp"

#include <cstring>

namespace postern {

ResponseHeadReader::ResponseHeadReader(char* place, std::size_t size, const conf::Limits& limits, http::Method asked,
                                       http::ResponseHead& response)
    : place_(place),
      size_(size),
      limits_{.fields = limits.response_head_fields, .bytes = limits.response_head_bytes.count},
      asked_(asked),
      response_(response),
      scanner_(limits_.bytes, true) {}

std::optional<Refusal> ResponseHeadReader::received(std::size_t bytes) {
  received_ += bytes;
  std::optional<Refusal> refused;
  do {
    refused = find_head();
  } while (!refused && !complete_ && received_ != 0 && first_look_);
  return refused;
}

// Most heads come in one piece, and one pass takes them. For the others the scanner, which looks at each byte once,
// tells when it is worth another pass.
std::optional<Refusal> ResponseHeadReader::find_head() {
  const std::string_view bytes(place_, received_);
  if (first_look_) {
    if (const auto size = http::parse_response_head(bytes, limits_, response_)) return take_head(*size);
    first_look_ = false;
  }
  switch (scanner_.scan(bytes)) {
    case http::HeadScanner::State::need_more:
      return std::nullopt;
    case http::HeadScanner::State::malformed:
      return Refusal(Reason::upstream_malformed, "the response is no HTTP/1.1");
    case http::HeadScanner::State::too_large:
      return Refusal(Reason::upstream_malformed, "the response's head is longer than limits.response_head_bytes");
    case http::HeadScanner::State::complete:
      break;
  }
  auto size = http::parse_response_head(bytes, limits_, response_);
  if (!size) return std::move(size.error());
  return take_head(*size);
}

std::optional<Refusal> ResponseHeadReader::take_head(std::size_t head_bytes) {
  auto framing = http::judge_response(response_, asked_);
  if (!framing) return std::move(framing.error());
  if (response_.status >= 200 || response_.status == 101) {
    framing_ = *framing;
    rest_ = {place_ + head_bytes, received_ - head_bytes};
    complete_ = true;
    return std::nullopt;
  }
  if (++interim_responses_ > max_interim_responses) {
    return Refusal(Reason::upstream_malformed, "too many interim responses");
  }
  // What follows moves to the front, as another head.
  received_ -= head_bytes;
  std::memmove(place_, place_ + head_bytes, received_);
  scanner_ = http::HeadScanner(limits_.bytes, true);
  first_look_ = true;
  return std::nullopt;
}

}  // namespace postern
