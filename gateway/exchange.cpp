#include "gateway/exchange.hpp"

#include <utility>

#include "gateway/client_address.hpp"
#include "gateway/http/canonical_path.hpp"
#include "gateway/http/parse.hpp"
#include "gateway/http/target.hpp"

namespace postern {
namespace {

// A route whose own path holds one says what it wants.
bool holds_parameters(const conf::RouteMatch& match) {
  for (const std::string* const path : {&match.path, &match.path_prefix, &match.path_template}) {
    if (path->find(';') != path->npos || path->find("%3B") != path->npos) return true;
  }
  return false;
}

}  // namespace

void Exchange::begin(std::shared_ptr<ActiveSnapshot> snapshot, const ConnectionFacts& facts, double now) {
  active = std::move(snapshot);
  connection = &facts;
  now_ = now;
  memory_.emplace(inline_memory_.data(), inline_memory_.size());
  keep_alive = true;
  record = AccessRecord{};
  record.time = now;
  record.client_address = facts.client_address;
}

void Exchange::end() {
  context.reset();
  memory_.reset();
  request.clear();
  response.clear();
  framing = {};
  found.clear();
  route = nullptr;
  refusal = {};
  body.reset();
  forget_large_upstream_head();
  upstream_head.clear();
  downstream_head.clear();
  active.reset();
}

void Exchange::keep_record() {
  for (std::string_view* const view : {&record.method, &record.path, &record.host, &record.trace_id}) {
    *view = context->keep(*view);
  }
}

void Exchange::forget_large_upstream_head() {
  constexpr std::size_t small = 4096;
  if (upstream_head.capacity() > small) std::string().swap(upstream_head);  // an assignment would keep the memory
}

tl::expected<std::size_t, Refusal> Exchange::parse(std::string_view received) {
  const conf::Limits& limits = config().limits;
  return http::parse_request_head(received, {.fields = limits.head_fields, .bytes = limits.head_bytes.count}, request);
}

std::optional<Refusal> Exchange::judge(bool looks_for_route) {
  record.method = request.method_name;
  find_client();
  auto framed = http::judge_request(request);
  if (!framed) return std::move(framed.error());
  framing = *framed;
  keep_alive = framing.keep_alive;
  if (auto refused = http::judge_method(request)) return refused;
  if (auto target = http::judge_target(request, *memory_); !target) return std::move(target.error());
  record.path = request.path;
  record.host = request.authority;
  if (!looks_for_route) return std::nullopt;
  if (auto refused = find_route()) return refused;
  return check_limits();
}

void Exchange::find_client() {
  const CidrSet& trusted = active->snapshot->trusted_proxies;
  if (trusted.empty()) return;
  told_address_ = postern::client_address(request.fields, connection->client, trusted);
  record.client_address = told_address_;
}

// A CORS preflight belongs to the route of the method that it asks for, where that route answers preflights.
const CompiledRoute* Exchange::route_of_preflight() {
  if (request.method != http::Method::options) return nullptr;
  const http::Field* asked = request.fields.find(http::KnownField::access_control_request_method);
  if (asked == nullptr || request.fields.find(http::KnownField::origin) == nullptr) return nullptr;
  RouteFound of_asked = active->snapshot->router->find(request, asked->value);
  if (!of_asked.route) return nullptr;
  const CompiledRoute& candidate = active->snapshot->routes[*of_asked.route];
  if (!candidate.answers_preflight) return nullptr;
  found = std::move(of_asked);
  return &candidate;
}

// Whether an upstream that reads the path in its own way would serve what another route guards.
std::optional<Refusal> Exchange::judge_other_readings() {
  std::string_view path = request.path;
  if (request.path_delimiters) {
    path = http::with_delimiters(path, *memory_);
    if (is_read_as_another_route(path)) {
      return Refusal(Reason::request_malformed, "with its escapes decoded the path would be another route's");
    }
  }
  // `/admin;x` is no `/admin` to the router, and is to a servlet container.
  if (request.path_parameters && !holds_parameters(active->snapshot->routes[*found.route].config->match) &&
      is_read_as_another_route(http::without_parameters(path, *memory_))) {
    return Refusal(Reason::request_malformed, "without its parameters the path would be another route's");
  }
  return std::nullopt;
}

bool Exchange::is_read_as_another_route(std::string_view path) {
  const std::string_view own = std::exchange(request.path, path);
  const RouteFound other = active->snapshot->router->find(request, request.method_name);
  request.path = own;
  return other.route != found.route;
}

std::optional<Refusal> Exchange::find_route() {
  route = route_of_preflight();
  if (route == nullptr) {
    active->snapshot->router->find(request, request.method_name, found);
    if (!found.route) return Refusal{found.reason};
    if (request.path_parameters || request.path_delimiters) {
      if (auto refused = judge_other_readings()) return refused;
    }
    route = &active->snapshot->routes[*found.route];
  }
  record.route = route->config->name;
  record.observed = false;
  context.emplace(request, framing, *route->config, *memory_);
  context->observe = route->observe;
  context->now = now_;
  context->tls = connection->tls;
  context->client_address = record.client_address;
  context->worker_state = active->state.get();
  record.decision = &context->decision;
  return std::nullopt;
}

std::optional<Refusal> Exchange::check_limits() const {
  if (request.encoded_slash && !route->config->allow_encoded_slash) {
    return Refusal{Reason::request_malformed, "the path holds %2F or %5C, which this route does not allow"};
  }
  if (route->body_limit != 0 && framing.kind == http::BodyKind::fixed && framing.length > route->body_limit) {
    return Refusal{Reason::body_too_large, "Content-Length is " + std::to_string(framing.length) + ", the limit is " +
                                               std::to_string(route->body_limit)};
  }
  return std::nullopt;
}

Task<void> Exchange::before_response() {
  Task<void> task = std::move(*context->before_response);
  context->before_response.reset();
  return task;
}

void Exchange::filter_response() {
  const Chain& chain = route->chain;
  for (auto filter = chain.rbegin(); filter != chain.rend(); ++filter) (*filter)->on_response(*context, response);
  for (const std::string_view cookie : context->set_cookies) response.fields.add_own_cookie(cookie);
}

ErrorFacts Exchange::error_facts() const {
  ErrorFacts facts;
  if (route != nullptr && route->config->jwt) facts.scopes = route->config->jwt->scopes;
  facts.allow = found.allow;
  return facts;
}

}  // namespace postern
