// Everything that judges a request before a byte is forwarded: scanner, parser, framing policy, canonical path. What is accepted is
// written anew for the upstream and must be accepted again, with the same framing and the same path.
#include <cstdint>
#include <cstdlib>
#include <memory_resource>
#include <string>
#include <string_view>

#include "gateway/http/framing.hpp"
#include "gateway/http/header_rules.hpp"
#include "gateway/http/parse.hpp"
#include "gateway/http/target.hpp"

namespace {

using namespace postern::http;

struct Judged {
  RequestHead head;
  Framing framing;
};

bool judge(std::string_view bytes, std::pmr::memory_resource& memory, Judged& judged) {
  constexpr HeadLimits limits{.fields = 100, .bytes = 16 * 1024};
  HeadScanner scanner(limits.bytes);
  const bool whole = scanner.scan(bytes) == HeadScanner::State::complete;
  const auto size = parse_request_head(bytes.substr(scanner.begin()), limits, judged.head);
  // What the parser takes, the scanner takes, with the same end.
  if (size && (!whole || scanner.begin() + *size != scanner.end())) std::abort();
  if (!size) return false;
  const auto framing = judge_request(judged.head);
  if (!framing || !judge_target(judged.head, memory)) return false;
  judged.framing = *framing;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::pmr::monotonic_buffer_resource memory;
  Judged received;
  if (!judge({reinterpret_cast<const char*>(data), size}, memory, received)) return 0;
  const HeaderNameSet injectable;
  const HeaderEdits edits;
  std::string written;
  write_upstream_head({.request = received.head,
                       .path = received.head.path,
                       // HTTP/1.0 may come without Host and then goes on with an empty one, which we would refuse.
                       .host = received.head.authority.empty() ? "a" : "",
                       .framing = received.framing,
                       .injectable = injectable,
                       .injected = {},
                       .edits = edits,
                       .client = {.address = "127.0.0.1", .scheme = "http", .port = 80},
                       .traceparent = "00-11111111111111111111111111111111-2222222222222222-01"},
                      written);
  Judged again;
  if (!judge(written, memory, again)) {
    if (written.size() > 16 * 1024 || again.head.fields.size() >= 100) return 0;  // our own fields came on top
    std::abort();
  }
  if (again.head.path != received.head.path || again.framing.kind != received.framing.kind) std::abort();
  if (again.framing.length != received.framing.length) std::abort();
  return 0;
}
