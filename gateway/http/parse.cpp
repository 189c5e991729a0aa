#include "gateway/http/parse.hpp"

#include <algorithm>
#include <string>

#include "gateway/http/syntax.hpp"
#include "gateway/http/words.hpp"

namespace postern::http {
namespace {

constexpr std::size_t usual_fields = 24;

// What is left of a head, taken from its front. Nothing here reads at or behind the end, and nothing goes back.
class Reader {
 public:
  explicit Reader(std::string_view bytes) noexcept : at_(bytes.data()), end_(at_ + bytes.size()) {}

  const char* position() const noexcept { return at_; }
  bool at_blank() const noexcept { return at_ != end_ && is_blank(*at_); }
  bool eat(char c) noexcept {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool eat(std::string_view literal) noexcept {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(literal)) return false;
    at_ += literal.size();
    return true;
  }
  bool eat_line_end() noexcept {
    if (end_ - at_ < 2 || at_[0] != '\r' || at_[1] != '\n') return false;
    at_ += 2;
    return true;
  }

  // token (RFC 9110 section 5.6.2): as many bytes of one as there are, perhaps none.
  std::string_view token() noexcept {
    const char* const begin = at_;
    at_ = skip_letters(at_, end_);
    while (at_ != end_ && token_chars.holds(*at_)) ++at_;
    return since(begin);
  }

  // VCHAR / obs-text: up to white space or a control character.
  std::string_view visible() noexcept {
    const char* const begin = at_;
    for (;; ++at_) {
      at_ = skip_plain(at_, end_, '!');
      if (at_ == end_ || *at_ == ' ' || is_control(*at_)) return since(begin);
    }
  }

  // VCHAR / obs-text / SP / HTAB (RFC 9110 section 5.5): up to a control character, CR and LF among them.
  std::string_view text() noexcept {
    const char* const begin = at_;
    for (;; ++at_) {
      at_ = skip_plain(at_, end_, ' ');
      if (at_ == end_ || (is_control(*at_) && *at_ != '\t')) return since(begin);
    }
  }

 private:
  std::string_view since(const char* begin) const noexcept { return {begin, static_cast<std::size_t>(at_ - begin)}; }

  const char* at_;
  const char* end_;
};

// What is wrong with a head, to the operator; nullptr: nothing.
using Fault = const char*;
constexpr char too_many_fields[] = "too many fields";  // known by its address, since it has another reason

// HTTP-version (RFC 9112 section 2.3), of the versions spoken here.
bool eat_version(Reader& in, std::uint8_t& minor) noexcept {
  if (!in.eat("HTTP/1.")) return false;
  minor = in.eat('1') ? 1 : 0;
  return minor == 1 || in.eat('0');
}

// request-line = method SP request-target SP HTTP-version CRLF (RFC 9112 section 3)
Fault parse_request_line(Reader& in, RequestHead& head) noexcept {
  head.method_name = in.token();
  if (head.method_name.empty() || !in.eat(' ')) return "the method is not a token";
  head.target = in.visible();
  if (head.target.empty() || !in.eat(' ')) return "a byte in the target that no target may hold, or no target";
  if (!eat_version(in, head.minor_version)) return "neither HTTP/1.1 nor HTTP/1.0";
  if (!in.eat_line_end()) return "bytes behind the version";
  head.method = method_of(head.method_name);
  return nullptr;
}

// status-line = HTTP-version SP status-code SP [ reason-phrase ] CRLF (RFC 9112 section 4). Origins that send no reason
// leave out the space before it too.
Fault parse_status_line(Reader& in, ResponseHead& head) noexcept {
  if (!eat_version(in, head.minor_version) || !in.eat(' ')) return "neither HTTP/1.1 nor HTTP/1.0";
  const std::string_view code = in.token();
  if (code.size() != 3 || !std::all_of(code.begin(), code.end(), is_digit) || code.front() == '0') return "bad status";
  head.status = static_cast<unsigned>((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
  if (in.eat(' ')) head.reason = in.text();
  if (!in.eat_line_end()) return "a byte in the status line that it may not hold";
  return nullptr;
}

// *( field-name ":" OWS field-value OWS CRLF ) CRLF (RFC 9112 sections 2.1 and 5). White space before the colon and
// folded lines (section 5.2) are refused: hops differ in what they make of them.
Fault parse_fields(Reader& in, std::size_t most, Fields& fields) {
  while (!in.eat_line_end()) {
    const std::string_view name = in.token();
    if (name.empty()) return in.at_blank() ? "obsolete line folding" : "a field without a name";
    if (!in.eat(':')) return "a byte in a field's name that no name may hold";
    const std::string_view value = trim(in.text());
    if (!in.eat_line_end()) return "a byte in a field's value that no value may hold";
    if (fields.size() == most) return too_many_fields;
    fields.add(name, value);
  }
  return nullptr;
}

// True when the first line of a request ends with a version that is spoken here; HTTP/0.9's has none.
bool is_request_line(std::string_view line) noexcept {
  return line.ends_with(" HTTP/1.1\r\n") || line.ends_with(" HTTP/1.0\r\n");
}

// Judges the first bytes of a head before its first line is complete: a TLS hello, binary noise.
bool may_begin_head(std::string_view received, bool response) noexcept {
  constexpr std::string_view version = "HTTP/1.";
  if (!response) return received.empty() || token_chars.holds(received.front()) || received == "\r";
  return version.starts_with(received.substr(0, version.size()));
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view received) {
  if (end_ != 0) return State::complete;
  if (!response_ && begin_ == 0 && received.starts_with("\r\n")) begin_ = line_ = seen_ = 2;
  const std::string_view window = received.substr(0, begin_ + limit_);
  if (line_ == begin_ && !may_begin_head(window.substr(std::min(begin_, window.size())), response_)) {
    return State::malformed;
  }
  for (std::size_t feed; (feed = window.find('\n', seen_)) != std::string_view::npos; line_ = seen_ = feed + 1) {
    const std::string_view line(window.data() + line_, feed + 1 - line_);
    if (line.size() < 2 || line[line.size() - 2] != '\r') return State::malformed;
    if (line_ == begin_) {
      if (!response_ && !is_request_line(line)) return State::malformed;
    } else if (line.size() == 2) {
      end_ = feed + 1;
      return State::complete;
    } else if (line.front() == '\r' || is_blank(line.front())) {
      return State::malformed;
    }
  }
  // A line that begins with CR can only be the empty one.
  if (window.size() > line_ + 1 && window[line_] == '\r') return State::malformed;
  seen_ = window.size();
  return window.size() >= begin_ + limit_ ? State::too_large : State::need_more;
}

tl::expected<std::size_t, Refusal> parse_request_head(std::string_view received, const HeadLimits& limits,
                                                      RequestHead& head) {
  head.clear();
  head.fields.reserve(std::min(limits.fields, usual_fields));
  Reader in(received.substr(0, limits.bytes));
  Fault fault = parse_request_line(in, head);
  if (fault == nullptr) fault = parse_fields(in, limits.fields, head.fields);
  if (fault == nullptr) return static_cast<std::size_t>(in.position() - received.data());
  return tl::unexpected(
      Refusal(fault == too_many_fields ? Reason::header_too_large : Reason::request_malformed, fault));
}

tl::expected<std::size_t, Refusal> parse_response_head(std::string_view received, const HeadLimits& limits,
                                                       ResponseHead& head) {
  head.clear();
  head.fields.reserve(std::min(limits.fields, usual_fields));
  Reader in(received.substr(0, limits.bytes));
  Fault fault = parse_status_line(in, head);
  if (fault == nullptr) fault = parse_fields(in, limits.fields, head.fields);
  if (fault == nullptr) return static_cast<std::size_t>(in.position() - received.data());
  return tl::unexpected(Refusal(Reason::upstream_malformed, fault));
}

}  // namespace postern::http
