// What a request's head costs on its way: parsed and judged as it came, written anew for the upstream, with and without
// the lines that a filter injects.
#include <benchmark/benchmark.h>

#include <array>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/header_rules.hpp"
#include "gateway/http/parse.hpp"
#include "gateway/http/target.hpp"

namespace postern::http {
namespace {

// As a load generator sends it: no more than it must.
std::string small_head() {
  return "GET /orders/4711 HTTP/1.1\r\nHost: shop.example.com\r\n\r\n";
}

// As an API's client sends it: an access token of the usual size.
std::string token_head() {
  return "GET /orders/4711 HTTP/1.1\r\nHost: shop.example.com\r\nAccept: */*\r\nAuthorization: Bearer " +
         std::string(800, 'a') + "\r\n\r\n";
}

// As a browser sends it.
std::string browser_head() {
  return "GET /orders?page=2&sort=date HTTP/1.1\r\n"
         "Host: shop.example.com\r\n"
         "Connection: keep-alive\r\n"
         "Cache-Control: no-cache\r\n"
         "sec-ch-ua: \"Chromium\";v=\"120\", \"Not?A_Brand\";v=\"8\"\r\n"
         "sec-ch-ua-mobile: ?0\r\n"
         "sec-ch-ua-platform: \"Linux\"\r\n"
         "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 "
         "Safari/537.36\r\n"
         "Accept: application/json, text/plain, */*\r\n"
         "Sec-Fetch-Site: same-origin\r\n"
         "Sec-Fetch-Mode: cors\r\n"
         "Sec-Fetch-Dest: empty\r\n"
         "Referer: https://shop.example.com/orders\r\n"
         "Accept-Encoding: gzip, deflate, br\r\n"
         "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
         "Cookie: session=" +
         std::string(200, 'c') + "; theme=dark\r\n\r\n";
}

void parse(benchmark::State& state, const std::string& bytes) {
  RequestHead head;
  for (auto _ : state) {
    head.clear();
    if (!parse_request_head(bytes, {}, head)) state.SkipWithError("refused");
  }
}

// Framing, target and canonical path.
void judge(benchmark::State& state, const std::string& bytes) {
  RequestHead head;
  std::array<std::byte, 4096> room;
  if (!parse_request_head(bytes, {}, head)) state.SkipWithError("refused");
  for (auto _ : state) {
    std::pmr::monotonic_buffer_resource memory(room.data(), room.size());
    if (!judge_request(head) || !judge_target(head, memory)) state.SkipWithError("refused");
  }
}

// With the headers of so many claims.
void write_upstream(benchmark::State& state, const std::string& bytes, std::size_t claims) {
  std::vector<std::string> lines;
  HeaderNameSet injectable;
  for (std::size_t i = 0; i < claims; ++i) {
    const std::string name = "X-Claim-" + std::to_string(i);
    injectable.add(name);
    lines.push_back(name + ": 248289761001\r\n");
  }
  const std::vector<std::string_view> injected(lines.begin(), lines.end());
  const HeaderEdits edits;
  RequestHead head;
  std::pmr::monotonic_buffer_resource memory;
  const bool parsed = parse_request_head(bytes, {}, head) && judge_target(head, memory);
  if (!parsed) state.SkipWithError("refused");
  const auto framing = judge_request(head).value();
  const UpstreamHead upstream{head,       head.path,
                              {},         framing,
                              injectable, injected,
                              edits,      {"192.0.2.1", "http", 8080},
                              false,      "00-11111111111111111111111111111111-2222222222222222-00"};
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(write_upstream_head(upstream, out));
  }
}

BENCHMARK_CAPTURE(parse, small, small_head());
BENCHMARK_CAPTURE(parse, with_token, token_head());
BENCHMARK_CAPTURE(parse, of_a_browser, browser_head());
BENCHMARK_CAPTURE(judge, small, small_head());
BENCHMARK_CAPTURE(judge, of_a_browser, browser_head());
BENCHMARK_CAPTURE(write_upstream, small, small_head(), 0);
BENCHMARK_CAPTURE(write_upstream, with_token, token_head(), 0);
BENCHMARK_CAPTURE(write_upstream, with_token_and_one_claim, token_head(), 1);
BENCHMARK_CAPTURE(write_upstream, with_token_and_eight_claims, token_head(), 8);
BENCHMARK_CAPTURE(write_upstream, of_a_browser, browser_head(), 1);

}  // namespace
}  // namespace postern::http

BENCHMARK_MAIN();
