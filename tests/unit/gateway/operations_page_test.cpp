// docs/operations.md has what the program has: metrics, the access log's fields, reason codes with their statuses.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "base/json.hpp"
#include "gateway/access_log.hpp"
#include "gateway/error_response.hpp"
#include "gateway/http/header_rules.hpp"
#include "gateway/metrics.hpp"

namespace postern {
namespace {

using Rows = std::multiset<std::string>;

std::string operations_page() {
  std::ifstream in(std::string(POSTERN_SOURCE_DIR) + "/docs/operations.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

// The rows of the table under that heading, without its head.
Rows rows_under(const std::string& heading) {
  std::istringstream lines(operations_page());
  std::string line;
  while (std::getline(lines, line) && line != "## " + heading) {
  }
  Rows rows;
  while (std::getline(lines, line) && !line.starts_with("## ")) {
    if (line.starts_with("| `")) rows.insert(line);
  }
  return rows;
}

// The text between the first backticks of each row.
Rows names_in(const Rows& rows) {
  Rows names;
  for (const std::string& row : rows) names.insert(row.substr(3, row.find('`', 3) - 3));
  return names;
}

// All texts between backticks in the first cell of each row.
Rows all_names_in(const Rows& rows) {
  Rows names;
  for (const std::string& row : rows) {
    std::istringstream parts(row.substr(0, row.find(" | ")));
    std::string part;
    for (bool name = false; std::getline(parts, part, '`'); name = !name) {
      if (name) names.insert(part);
    }
  }
  return names;
}

// The head that an upstream gets of a request with each of these fields, from a client that nobody trusts.
std::string upstream_head_of(const Rows& names) {
  http::RequestHead request;
  request.method_name = "GET";
  request.authority = "shop.example.com";
  for (const std::string& name : names) request.fields.add(name, "the-clients");
  const http::HeaderNameSet none;
  const http::HeaderEdits no_edits;
  const http::ClientFacts client{.address = "192.0.2.1", .scheme = "https", .port = 443, .real_ip = "192.0.2.1"};
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  std::string head;
  http::write_upstream_head({.request = request,
                             .path = "/",
                             .host = {},
                             .framing = {},
                             .injectable = none,
                             .injected = {},
                             .edits = no_edits,
                             .client = client,
                             .traceparent = trace},
                            head);
  return head;
}

std::string status_text(Reason reason) {
  const unsigned usual = status_of(reason, CheckedBy::provider);
  std::string text = std::to_string(usual);
  for (const CheckedBy other : {CheckedBy::route, CheckedBy::oauth_endpoint}) {
    const unsigned status = status_of(reason, other);
    if (status != usual) text += " or " + std::to_string(status);
  }
  return text;
}

// Every family with a sample of each.
std::string all_metrics() {
  MetricNames routes, upstreams;
  WorkerMetrics metrics;
  metrics.count_request(routes.intern("orders"), http::Method::get, 200, 0.002);
  metrics.count_decision(routes.intern("orders"), "shop", Reason::accepted);
  metrics.count_upstream(upstreams.intern("backend"), 0.03);
  ProviderStatus provider;
  provider.name = "shop";
  provider.remote = true;
  provider.fetches["ok"] = 1;
  provider.revocations = ProviderStatus::Revocations{true, 1};
  return render_metrics(metrics, routes, upstreams, {.version = "1.2.3", .providers = {provider}});
}

// `{route,method}` of the first sample of that family; `le` is the format's own.
std::string labels_of(const std::string& text, const std::string& name) {
  const std::size_t sample = std::min(text.find("\n" + name + "{"), text.find("\n" + name + "_bucket{"));
  if (sample == text.npos) return {};
  const std::size_t open = text.find('{', sample) + 1;
  const std::string inside = text.substr(open, text.find('}', open) - open);
  std::string labels;
  for (std::size_t at = 0; at < inside.size(); at = std::min(inside.find("\",", at), inside.size()) + 2) {
    const std::string label = inside.substr(at, inside.find('=', at) - at);
    if (label != "le") labels += (labels.empty() ? "" : ",") + label;
  }
  return "{" + labels + "}";
}

}  // namespace

TEST_CASE("The page of operations has every metric with its labels, type and meaning") {
  const std::string text = all_metrics();
  Rows wanted;
  std::istringstream lines(text);
  std::string name, help;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, kind;
    if (!(words >> hash >> kind >> name) || hash != "#") continue;
    std::getline(words >> std::ws, kind == "HELP" ? help : line);
    if (kind == "TYPE") wanted.insert("| `" + name + labels_of(text, name) + "` | " + line + " | " + help + " |");
  }
  CHECK(wanted.size() > 25);
  CHECK(rows_under("Metrics") == wanted);
}

TEST_CASE("The page of operations has every request header that is removed or written, and no other") {
  const Rows named = all_names_in(rows_under("Request headers"));
  CHECK(named.size() > 20);
  CHECK(upstream_head_of(named).find("the-clients") == std::string::npos);
  std::istringstream lines(upstream_head_of({}));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line != "\r") CHECK(named.contains(line.substr(0, line.find(':'))));
  for (const std::string name :
       {"Accept", "Authorization", "Cache-Control", "Content-Type", "Cookie", "Origin", "Referer", "Sec-Fetch-Site",
        "Sec-WebSocket-Protocol", "User-Agent", "Via", "X-Request-ID", "X-Scheme"}) {
    CHECK_FALSE(named.contains(name));
    CHECK(upstream_head_of({name}).find(name + ": the-clients\r\n") != std::string::npos);
  }
}

TEST_CASE("The page of operations has every field of the access log") {
  Decision decision;
  decision.made = true;
  decision.issuer = decision.subject = decision.kid = decision.provider = "x";
  AccessRecord record;
  record.upstream_duration = 1;
  record.upstream_endpoint = record.trace_id = record.detail = "x";
  record.decision = &decision;
  record.observed = true;
  record.reason = Reason::token_expired;
  record.side = Side::downstream;
  std::string line;
  append_access_line(line, record);
  const auto json = parse_json(line);
  REQUIRE(json);
  Rows wanted;
  for (const Json::Member& member : *json->object()) wanted.insert(member.first);
  CHECK(names_in(rows_under("The access log")) == wanted);
}

TEST_CASE("The page of operations has every reason code with its status and sentence") {
  Rows wanted;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::count_); ++i) {
    const auto reason = static_cast<Reason>(i);
    if (reason == Reason::accepted) continue;
    wanted.insert("| `" + std::string(code_of(reason)) + "` | " + status_text(reason) + " | " +
                  std::string(sentence_of(reason)) + " |");
  }
  CHECK(rows_under("Reason codes") == wanted);
}

}  // namespace postern
