// Everything that judges a request before a byte is forwarded: scanner, parser, framing policy, canonical path; and the
// head that is written for the upstream. What is accepted is forwarded as one message that nobody can read as another,
// with our headers and none of the client's copies, and is accepted again with the same framing and the same path.
#include <memory_resource>
#include <optional>

#include "gateway/http/framing.hpp"
#include "gateway/http/header_rules.hpp"
#include "gateway/http/parse.hpp"
#include "gateway/http/target.hpp"
#include "tests/fuzz/head_lines.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;
using namespace postern::http;

constexpr HeadLimits limits{.fields = 100, .bytes = 16 * 1024};

HeadScanner scan_whole(std::string_view bytes, HeadScanner::State& state) {
  HeadScanner scanner(limits.bytes);
  state = scanner.scan(bytes);
  return scanner;
}

void check_scan_in_pieces(std::string_view bytes, const HeadScanner& whole, HeadScanner::State state) {
  HeadScanner scanner(limits.bytes);
  auto last = HeadScanner::State::need_more;
  for (std::size_t size = 1; size <= bytes.size() && last == HeadScanner::State::need_more; ++size) {
    last = scanner.scan(bytes.substr(0, size));
  }
  if (bytes.empty()) return;
  require(last == state, "byte by byte the scanner comes to the same end");
  if (state != HeadScanner::State::complete) return;
  require(scanner.begin() == whole.begin() && scanner.end() == whole.end(), "byte by byte it is the same head");
}

void check_limits(std::string_view bytes, std::size_t size, std::size_t fields) {
  RequestHead head;
  const auto at_limit = parse_request_head(bytes, {.fields = fields, .bytes = size}, head);
  require(at_limit && *at_limit == size, "a head passes at its own limits");
  require(!parse_request_head(bytes, {.fields = fields, .bytes = size - 1}, head), "one byte above it is refused");
  if (fields == 0) return;
  const auto many = parse_request_head(bytes, {.fields = fields - 1, .bytes = size}, head);
  require(!many && many.error().reason == Reason::header_too_large, "one field above the limit is refused");
}

struct Judged {
  RequestHead head;
  Framing framing;
};

std::optional<Refusal> judge_head(std::string_view bytes, std::pmr::memory_resource& memory, Judged& judged) {
  HeadScanner::State state;
  const HeadScanner scanner = scan_whole(bytes, state);
  check_scan_in_pieces(bytes, scanner, state);
  const auto size = parse_request_head(bytes.substr(scanner.begin()), limits, judged.head);
  if (!size) return size.error();
  require(state == HeadScanner::State::complete && scanner.begin() + *size == scanner.end(),
          "what the parser takes, the scanner takes, with the same end");
  (void)take_apart(bytes.substr(scanner.begin(), *size));
  check_limits(bytes.substr(scanner.begin()), *size, judged.head.fields.size());
  auto framing = judge_request(judged.head);
  if (!framing) return framing.error();
  judged.framing = *framing;
  if (auto refusal = judge_method(judged.head)) return refusal;
  const auto target = judge_target(judged.head, memory);
  return target ? std::nullopt : std::optional(target.error());
}

constexpr std::string_view ours = "X-User: ours\r\n";

std::string write(const Judged& received, bool trusted) {
  static const HeaderNameSet injectable = [] {
    HeaderNameSet names;
    names.add("X-User");
    names.add("X-User-Roles");
    return names;
  }();
  const HeaderEdits edits;
  std::string written;
  write_upstream_head({.request = received.head,
                       .path = received.head.path,
                       // HTTP/1.0 may come without Host and then goes on with an empty one, which we would refuse.
                       .host = received.head.authority.empty() ? "a" : "",
                       .framing = received.framing,
                       .injectable = injectable,
                       .injected = {&ours, 1},
                       .edits = edits,
                       .client = {.address = "127.0.0.1",
                                  .scheme = "http",
                                  .port = 80,
                                  .trusted = trusted,
                                  .send_forwarded = trusted,
                                  .real_ip = "127.0.0.1"},
                       .traceparent = "00-11111111111111111111111111111111-2222222222222222-01"},
                      written);
  return written;
}

void check_fields(const HeadLines& lines, const Judged& received) {
  require(lines.count("host") == 1, "one Host goes on");
  require(lines.count("x-user") == 1 && lines.value("x-user") == "ours",
          "our header arrives, the client's copy does not");
  require(lines.count("x-user-roles") == 0, "a client's copy of an injectable header is removed, whatever we inject");
  for (const std::string_view name :
       {"expect", "keep-alive", "te", "trailer", "proxy", "proxy-connection", "proxy-authorization",
        "proxy-authenticate", "http2-settings", "x-original-url", "x-rewrite-url", "x-http-method-override",
        "x-http-method", "x-method-override"}) {
    require(lines.count(name) == 0, "what is of one hop or overrides the request stays behind");
  }
  const bool upgrades = !received.framing.upgrade.empty();
  const bool closes = closes_after(received.head.method, received.framing);
  require(lines.count("upgrade") == (upgrades ? 1 : 0) && lines.count("connection") == (upgrades || closes ? 1 : 0) &&
              lines.value("connection") == (upgrades ? "upgrade"
                                            : closes ? "close"
                                                     : ""),
          "Connection names nothing but our own upgrade, or the close behind a body that an origin may not expect");
  require(!upgrades || (received.framing.kind != BodyKind::chunked && received.framing.length == 0),
          "an upgrade has no body whose bytes could belong to the tunnel");
  require(!list_has(lines.value("upgrade"), "h2c"), "no upstream is asked to leave HTTP/1.1");
  const bool chunked = received.framing.kind == BodyKind::chunked, fixed = received.framing.kind == BodyKind::fixed;
  require(lines.framing_fields() == (chunked || fixed ? 1 : 0),
          "exactly one field frames the body, none where there is none");
  require(!chunked || lines.value("transfer-encoding") == "chunked", "a chunked body says `chunked`");
  require(!fixed || lines.value("content-length") == std::to_string(received.framing.length),
          "a length in plain digits");
}

void check_line(std::string_view line, const RequestHead& head) {
  std::string expected = std::string(head.method_name) + " " + std::string(head.path);
  if (head.has_query) expected += "?" + std::string(head.query);
  require(line == expected + " HTTP/1.1", "the upstream sees the method, path and query that were judged");
  require(std::count(line.begin(), line.end(), ' ') == 2, "a request line has two spaces");
}

void check_same(const Judged& again, const Judged& received) {
  require(again.head.method_name == received.head.method_name, "forwarded, it is the same method");
  require(again.head.path == received.head.path, "forwarded, it is the same path");
  require(again.head.has_query == received.head.has_query && again.head.query == received.head.query,
          "forwarded, it is the same query");
  require(again.framing.kind == received.framing.kind && again.framing.length == received.framing.length,
          "forwarded, it is framed the same");
  require(again.framing.upgrade == received.framing.upgrade, "forwarded, it asks for the same upgrade");
  require(!again.framing.expects_continue, "no upstream is asked for 100");
}

std::vector<std::string> sorted_lines(std::string_view head) {
  std::vector<std::string> lines;
  for (const HeadLine& line : take_apart(head).fields) lines.push_back(line.name + ":" + line.value);
  std::sort(lines.begin(), lines.end());
  return lines;
}

Verdict judge(std::string_view input) {
  std::pmr::monotonic_buffer_resource memory;
  Judged received;
  if (const auto refusal = judge_head(input, memory, received)) return refused(*refusal);
  for (const bool trusted : {false, true}) {
    const std::string written = write(received, trusted);
    const HeadLines lines = take_apart(written);
    check_line(lines.first, received.head);
    check_fields(lines, received);
    Judged again;
    if (judge_head(written, memory, again)) {
      // Our own fields came on top.
      require(written.size() > limits.bytes || lines.fields.size() > limits.fields, "what is forwarded is acceptable");
      continue;
    }
    check_same(again, received);
    // What we said of a trusted proxy's request, or of a Host that was not there, is said anew.
    if (trusted || received.head.authority.empty()) continue;
    require(sorted_lines(write(again, false)) == sorted_lines(written), "forwarded twice, it is the same head");
  }
  return accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("request_head")
