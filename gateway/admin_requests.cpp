#include "gateway/admin_requests.hpp"

#include <algorithm>
#include <utility>

#include "conf/address.hpp"
#include "gateway/http/head.hpp"

namespace postern {
namespace {

struct Path {
  std::string_view path;
  std::string_view allow;
};

constexpr Path paths[] = {
    {"/livez", "GET, HEAD"},     {"/readyz", "GET, HEAD"}, {"/metrics", "GET, HEAD"}, {"/config", "GET, HEAD"},
    {"/providers", "GET, HEAD"}, {"/reload", "POST"},      {"/drain", "POST"},        {"/loglevel", "GET, HEAD, POST"},
};

// True when `method` is one of the list `allow`.
bool allows(std::string_view allow, std::string_view method) {
  while (!allow.empty()) {
    const std::size_t comma = std::min(allow.find(','), allow.size());
    if (allow.substr(0, comma) == method) return true;
    allow.remove_prefix(std::min(comma + 2, allow.size()));
  }
  return false;
}

std::string_view without_port(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != authority.npos && (bracket == authority.npos || colon > bracket);
  return has_port ? authority.substr(0, colon) : authority;
}

// An address or `localhost`: nothing that a stranger's DNS could let point here.
bool cannot_be_rebound(std::string_view authority) {
  const std::string_view host = without_port(authority);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return conf::is_ipv6(host.substr(1, host.size() - 2));
  return conf::is_ipv4(host) || http::equals_folded(host, "localhost");
}

bool is_same_host(std::string_view origin, std::string_view host) {
  const std::size_t scheme_end = origin.find("://");
  return scheme_end != origin.npos && http::equals_folded(origin.substr(scheme_end + 3), host);
}

// The value of one query parameter, as it stands there; empty when absent.
std::string parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (equals != pair.npos && pair.substr(0, equals) == name) return std::string(pair.substr(equals + 1));
  }
  return {};
}

AdminReply reload(AdminActions& actions) {
  std::string problems = actions.reload();
  if (problems.empty()) return {200, "reloaded\n"};
  if (problems.back() != '\n') problems += '\n';
  return {422, std::move(problems)};
}

AdminReply log_level(const AdminRequest& request, AdminActions& actions) {
  if (request.method == "POST" && !actions.set_log_level(parameter(request.query, "level"))) {
    return {400, "give ?level= one of trace, debug, info, warn, error, off\n"};
  }
  return {200, actions.log_level() + "\n"};
}

AdminReply drain() {
  AdminReply reply(202, "draining\n");
  reply.then_drain = true;
  return reply;
}

AdminReply method_not_allowed(std::string_view allow) {
  AdminReply reply(405, "method not allowed\n");
  reply.allow = allow;
  return reply;
}

Task<AdminReply> answer_by_filter(const AdminRequest& request, AdminActions& actions) {
  const std::vector<AdminPage> pages = actions.pages();
  const auto page =
      std::find_if(pages.begin(), pages.end(), [&](const AdminPage& known) { return known.path == request.path; });
  if (page == pages.end()) co_return AdminReply(404, "no such page\n");
  if (!allows(page->allow, request.method)) co_return method_not_allowed(page->allow);
  co_return co_await page->answer(request);
}

AdminReply typed(std::string body, std::string content_type) {
  AdminReply reply(200, std::move(body));
  reply.content_type = std::move(content_type);
  return reply;
}

}  // namespace

std::optional<AdminReply> refuse_foreign(const AdminRequest& request, bool on_loopback) {
  if (!request.host) return AdminReply(400, "a Host field is required, once\n");
  const bool safe_host = cannot_be_rebound(*request.host);
  if (on_loopback && !safe_host) return AdminReply(403, "the Host must be an IP address or localhost\n");
  const bool changes = request.method != "GET" && request.method != "HEAD";
  if (changes && request.origin && !(safe_host && is_same_host(*request.origin, *request.host))) {
    return AdminReply(403, "a page of another origin may not do this\n");
  }
  return std::nullopt;
}

Task<AdminReply> answer_admin(const AdminRequest& request, AdminActions& actions) {
  const auto* const known = std::find_if(std::begin(paths), std::end(paths),
                                         [&](const Path& candidate) { return candidate.path == request.path; });
  if (known == std::end(paths)) co_return co_await answer_by_filter(request, actions);
  if (!allows(known->allow, request.method)) co_return method_not_allowed(known->allow);
  if (request.path == "/livez") co_return AdminReply(200, "ok\n");
  if (request.path == "/readyz") {
    co_return actions.ready() ? AdminReply(200, "ready\n") : AdminReply(503, "not ready\n");
  }
  if (request.path == "/metrics") {
    std::string text = co_await actions.metrics();
    co_return typed(std::move(text), "text/plain; version=0.0.4; charset=utf-8");
  }
  if (request.path == "/providers") co_return typed(actions.providers_json(), "application/json");
  if (request.path == "/config") co_return typed(actions.config_yaml(), "text/yaml; charset=utf-8");
  if (request.path == "/reload") co_return reload(actions);
  if (request.path == "/drain") co_return drain();
  co_return log_level(request, actions);
}

}  // namespace postern
