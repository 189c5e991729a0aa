#include "gateway/http/parse.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <limits>
#include <string>

#include "gateway/http/syntax.hpp"

namespace postern::http {
namespace {

namespace beast = boost::beast;

std::string_view view_of(beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

// True when the first line of a request ends with a version that is spoken here; HTTP/0.9's has none.
bool is_request_line(std::string_view line) noexcept {
  return line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0");
}

// Judges the first bytes of a head before its first line is complete: a TLS hello, binary noise.
bool may_begin_head(std::string_view received, bool response) noexcept {
  constexpr std::string_view version = "HTTP/1.";
  if (!response) return received.empty() || token_chars.holds(received.front()) || received.front() == '\r';
  return version.starts_with(received.substr(0, version.size()));
}

// Beast's parser, reduced to recording views of the bytes that it is given. It is fed one complete head at once and
// never a body; what a body is, is judged by the framing policy and not by Beast.
template <bool is_request>
class HeadParser final : public beast::http::basic_parser<is_request> {
 public:
  HeadParser(std::string_view bytes, std::size_t max_fields, Fields& fields)
      : bytes_(bytes), fields_(fields), max_fields_(max_fields) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());  // HeadScanner has judged the size
    this->body_limit(boost::none);
  }

  // The reason of the refusal in `detail`; empty when all of the bytes are one good head.
  Reason parse(Reason malformed, std::string& detail) {
    beast::error_code error;
    const std::size_t consumed = this->put(boost::asio::buffer(bytes_.data(), bytes_.size()), error);
    if (!error && (consumed != bytes_.size() || !this->is_header_done())) error = beast::http::error::unexpected_body;
    if (!error) return Reason::accepted;
    detail = too_many_ ? "too many fields" : folded_ ? "obsolete line folding" : error.message();
    return too_many_ ? Reason::header_too_large : malformed;
  }

  std::string_view method, target, reason;
  unsigned status = 0;
  int version = 0;

 private:
  using Error = beast::error_code;
  using Text = beast::string_view;

  // Beast unfolds a folded value into a buffer of its own, or starts it on a later line. No view of that buffer may be
  // kept: it is gone after the parse.
  bool is_folded(std::string_view name, std::string_view value) const noexcept {
    const std::less<> before;
    if (before(value.data(), bytes_.data()) || before(bytes_.data() + bytes_.size(), value.data())) return true;
    const char* const colon = name.data() + name.size();
    return std::find(colon, value.data(), '\r') != value.data();
  }

  void on_request_impl(beast::http::verb, Text name, Text where, int number, Error&) override {
    method = view_of(name);
    target = view_of(where);
    version = number;
  }
  void on_response_impl(int code, Text phrase, int number, Error&) override {
    status = static_cast<unsigned>(code);
    reason = view_of(phrase);
    version = number;
  }
  void on_field_impl(beast::http::field, Text name, Text value, Error& error) override {
    folded_ = is_folded(view_of(name), view_of(value));
    too_many_ = fields_.size() == max_fields_;
    if (folded_ || too_many_) {
      error = beast::http::error::bad_field;
      return;
    }
    fields_.add(view_of(name), view_of(value));
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(Text, Error&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Error&) override { return 0; }
  void on_finish_impl(Error&) override {}

  std::string_view bytes_;
  Fields& fields_;
  std::size_t max_fields_;
  bool folded_ = false;
  bool too_many_ = false;
};

constexpr std::size_t usual_fields = 24;

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view received) {
  if (end_ != 0) return State::complete;
  if (!response_ && begin_ == 0 && received.starts_with("\r\n")) begin_ = line_ = seen_ = 2;
  const std::string_view window = received.substr(0, begin_ + limit_);
  if (line_ == begin_ && !may_begin_head(window.substr(std::min(begin_, window.size())), response_)) {
    return State::malformed;
  }
  for (;;) {
    // A line that begins with CR can only be the empty one.
    if (window.size() > line_ + 1 && window[line_] == '\r' && window[line_ + 1] != '\n') return State::malformed;
    const std::size_t line_feed = window.find('\n', seen_);
    if (line_feed == std::string_view::npos) break;
    if (line_feed == line_ || window[line_feed - 1] != '\r') return State::malformed;
    const std::string_view line = window.substr(line_, line_feed - 1 - line_);
    if (line_ == begin_) {
      if (!response_ && !is_request_line(line)) return State::malformed;
    } else if (line.empty()) {
      end_ = line_feed + 1;
      return State::complete;
    } else if (is_blank(line.front())) {
      return State::malformed;
    }
    line_ = seen_ = line_feed + 1;
  }
  seen_ = window.size();
  return window.size() >= begin_ + limit_ ? State::too_large : State::need_more;
}

tl::expected<void, Refusal> parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head) {
  head.clear();
  head.fields.reserve(std::min(limits.fields, usual_fields));
  HeadParser<true> parser(bytes, limits.fields, head.fields);
  std::string detail;
  const Reason reason = parser.parse(Reason::request_malformed, detail);
  if (reason != Reason::accepted) return tl::unexpected(Refusal(reason, std::move(detail)));
  head.method = method_of(parser.method);
  head.method_name = parser.method;
  head.target = parser.target;
  head.minor_version = parser.version == 11 ? 1 : 0;
  return {};
}

tl::expected<void, Refusal> parse_response_head(std::string_view bytes, const HeadLimits& limits, ResponseHead& head) {
  head.clear();
  head.fields.reserve(std::min(limits.fields, usual_fields));
  HeadParser<false> parser(bytes, limits.fields, head.fields);
  std::string detail;
  if (parser.parse(Reason::upstream_malformed, detail) == Reason::accepted && parser.status < 100) {
    detail = "bad status";
  }
  if (!detail.empty()) return tl::unexpected(Refusal(Reason::upstream_malformed, std::move(detail)));
  head.status = parser.status;
  head.reason = parser.reason;
  head.minor_version = parser.version == 11 ? 1 : 0;
  return {};
}

}  // namespace postern::http
