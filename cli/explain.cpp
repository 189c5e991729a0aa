#include "cli/explain.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <memory_resource>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "cli/config.hpp"
#include "conf/formats.hpp"
#include "conf/load.hpp"
#include "filters/claim_headers.hpp"
#include "filters/providers.hpp"
#include "gateway/http/syntax.hpp"
#include "gateway/http/target.hpp"
#include "gateway/router.hpp"
#include "gateway/server.hpp"

namespace postern::cli {
namespace {

// To open the store would make it where there is none, and a key in it.
constexpr std::string_view keys_in_store =
    "they are in the store of the token service; `postern verify` takes its jwks.json";

struct Explanation {
  std::string route;  // empty: none was found
  bool checks_tokens = true;
  std::string provider;
  std::string key;                                           // kid of the key that verified
  std::string keys_error;                                    // of the fetch, when there was one
  std::vector<std::pair<std::string, std::string>> skipped;  // keys of the provider, and why they cannot be used
  std::vector<jose::Finding> findings;
  std::vector<std::pair<std::string, std::string>> headers;

  Reason reason() const {
    for (const auto& finding : findings) {
      if (finding.refusal) return finding.refusal->reason;
    }
    return Reason::accepted;
  }
};

void print_problems(const std::vector<conf::Problem>& problems, std::ostream& err) {
  for (const auto& problem : problems) err << problem.to_text() << '\n';
}

std::string read_token(const ExplainOptions& options, std::istream& in) {
  std::string token = options.token;
  if (token == "-") std::getline(in, token);
  constexpr std::string_view white = " \t\r\n";
  constexpr std::string_view scheme = "Bearer ";
  token.erase(0, std::min(token.find_first_not_of(white), token.size()));
  token.erase(token.find_last_not_of(white) + 1);
  if (http::equals_folded(std::string_view(token).substr(0, scheme.size()), scheme)) token.erase(0, scheme.size());
  return token;
}

// `GET https://host/p` -> host; `localhost` for a path alone.
std::string_view host_in(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return "localhost";
  target.remove_prefix(scheme + 3);
  return target.substr(0, target.find_first_of("/?"));
}

// The request's fields, and a Host where none is among them; the error is a sentence. Keeps views of both.
tl::expected<void, std::string> add_fields(const std::vector<std::string>& headers, http::RequestHead& head) {
  for (const std::string& header : headers) {
    const std::string_view text = header;
    const std::size_t colon = text.find(':');
    if (colon == text.npos || !conf::is_token(text.substr(0, colon))) {
      return tl::unexpected("\"" + header + "\" is no header; say \"Name: value\"");
    }
    head.fields.add(text.substr(0, colon), http::trim(text.substr(colon + 1)));
  }
  if (head.fields.find(http::KnownField::host) == nullptr) head.fields.add("Host", host_in(head.target));
  return {};
}

// The route that the request takes; the error is a sentence (exit 2), why no route matches is in `explanation`.
tl::expected<const conf::Route*, std::string> find_route(const conf::Config& config, const ExplainOptions& options,
                                                         Explanation& explanation) {
  const std::string& request = options.request;
  if (request.empty()) {
    if (!options.headers.empty()) return tl::unexpected<std::string>("a header is part of a --request");
    for (const auto& route : config.routes) {
      if (route.jwt) return &route;
    }
    return tl::unexpected<std::string>("no route of this configuration has `jwt`");
  }
  const std::size_t space = request.find(' ');
  http::RequestHead head;
  head.method_name = space == std::string::npos ? "GET" : std::string_view(request).substr(0, space);
  head.method = http::method_of(head.method_name);
  head.target = space == std::string::npos ? std::string_view(request) : std::string_view(request).substr(space + 1);
  if (auto added = add_fields(options.headers, head); !added) return tl::unexpected(std::move(added.error()));
  std::pmr::monotonic_buffer_resource memory;
  if (const auto judged = http::judge_target(head, memory); !judged) {
    return tl::unexpected("\"" + request + "\" is no request: " + judged.error().detail +
                          "; say \"GET /orders/1\", or with a host \"GET https://HOST/orders/1\"");
  }
  const RouteFound found = Router(config.routes).find(head, head.method_name);
  if (found.route) return &config.routes[*found.route];
  explanation.findings.push_back({"route", "a route", "none", Refusal(found.reason)});
  return nullptr;
}

void split_lines(std::string_view block, Explanation& explanation) {
  while (!block.empty()) {
    const std::string_view line = block.substr(0, block.find("\r\n"));
    const std::size_t colon = line.find(": ");
    explanation.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    block.remove_prefix(line.size() + 2);
  }
}

// What only verified claims can tell: the key, and the headers made of the claims.
void add_headers(const conf::Config& config, const conf::Route& route, const jose::Claims& claims,
                 Explanation& explanation) {
  explanation.key = claims.kid();
  const auto mappings = filters::make_claim_mappings(route.claim_headers);
  if (mappings.empty()) return;
  const auto limit = config.limits.claim_header_bytes.count;
  const auto block = filters::write_claim_headers(mappings, claims, limit);
  jose::Finding finding{"claim_headers", "at most " + std::to_string(limit) + " bytes of headers", "", {}};
  if (block) {
    finding.got = std::to_string(block->size()) + " bytes";
    split_lines(*block, explanation);
  } else {
    finding.refusal = block.error();
  }
  explanation.findings.push_back(std::move(finding));
}

void judge(const conf::Config& config, const conf::Route& route, const filters::Providers& providers,
           const std::string& token, double now, Explanation& explanation) {
  const std::uint64_t limit = config.limits.token_bytes.count;
  if (token.empty() || token.size() > limit) {
    const Reason reason = token.empty() ? Reason::token_missing : Reason::token_too_large;
    explanation.findings.push_back(
        {"size", "1 to " + std::to_string(limit) + " bytes", std::to_string(token.size()) + " bytes", Refusal(reason)});
    return;
  }
  std::vector<const jose::Rules*> rules;
  std::vector<const jose::KeySet*> keys;
  std::vector<keys::KeysPtr> held;
  for (const auto& name : route.jwt->providers) {
    const auto& provider = providers.at(name);
    rules.push_back(&provider->rules);
    keys.push_back(held.emplace_back(provider->source->keys()).get());
  }
  explanation.findings = jose::explain(token, rules, keys, filters::make_route_rules(*route.jwt), now);
  auto parsed = jose::parse_token(token);
  if (!parsed) return;
  const auto chosen = jose::choose_provider(*parsed, rules);
  if (!chosen) return;
  explanation.provider = rules[*chosen]->provider;
  const ProviderStatus status = providers.at(explanation.provider)->source->status();
  explanation.keys_error =
      explanation.provider == conf::token_service_name ? std::string(keys_in_store) : status.last_error;
  explanation.skipped = status.skipped;
  if (explanation.reason() != Reason::accepted) return;
  jose::SignatureContexts contexts;
  const auto claims = jose::verify(*parsed, *rules[*chosen], *keys[*chosen], now, contexts);
  if (claims) add_headers(config, route, *claims, explanation);
}

void print_text(const Explanation& explanation, std::ostream& out) {
  if (!explanation.route.empty()) out << "route: " << explanation.route << '\n';
  if (!explanation.checks_tokens) out << "The route is public: it looks at no token.\n";
  for (const auto& finding : explanation.findings) {
    out << (finding.refusal ? "FAIL " : "ok   ") << finding.check << '\n';
    out << "       expected: " << finding.expected << '\n';
    out << "       got:      " << finding.got << '\n';
    if (!finding.refusal) continue;
    out << "       refused:  " << code_of(finding.refusal->reason);
    if (!finding.refusal->detail.empty()) out << " (" << finding.refusal->detail << ')';
    out << '\n';
  }
  if (!explanation.provider.empty()) out << "provider: " << explanation.provider << '\n';
  if (!explanation.key.empty()) out << "key: " << explanation.key << '\n';
  if (!explanation.keys_error.empty()) out << "keys not fetched: " << explanation.keys_error << '\n';
  for (const auto& [name, why] : explanation.skipped) out << "key " << name << " skipped: " << why << '\n';
  if (!explanation.headers.empty()) out << "headers:\n";
  for (const auto& [name, value] : explanation.headers) out << "  " << name << ": " << value << '\n';
  const Reason reason = explanation.reason();
  out << "result: " << (reason == Reason::accepted ? "" : "refused, ") << code_of(reason) << '\n';
}

Json text(std::string_view value) {
  return Json(std::string(value));
}

Json to_json(const jose::Finding& finding) {
  Json::Object object{{"check", text(finding.check)},
                      {"expected", text(finding.expected)},
                      {"got", text(finding.got)},
                      {"ok", Json(!finding.refusal.has_value())}};
  if (finding.refusal) {
    object.emplace_back("reason", text(code_of(finding.refusal->reason)));
    object.emplace_back("detail", text(finding.refusal->detail));
  }
  return Json(std::move(object));
}

void print_json(const Explanation& explanation, std::ostream& out) {
  Json::Array findings, headers;
  for (const auto& finding : explanation.findings) findings.push_back(to_json(finding));
  for (const auto& [name, value] : explanation.headers) {
    headers.push_back(Json(Json::Object{{"name", text(name)}, {"value", text(value)}}));
  }
  Json::Array skipped;
  for (const auto& [name, why] : explanation.skipped) {
    skipped.push_back(Json(Json::Object{{"key", text(name)}, {"reason", text(why)}}));
  }
  const Reason reason = explanation.reason();
  const Json report(Json::Object{{"accepted", Json(reason == Reason::accepted)},
                                 {"reason", text(code_of(reason))},
                                 {"route", text(explanation.route)},
                                 {"public", Json(!explanation.checks_tokens)},
                                 {"provider", text(explanation.provider)},
                                 {"kid", text(explanation.key)},
                                 {"keys_error", text(explanation.keys_error)},
                                 {"skipped_keys", Json(std::move(skipped))},
                                 {"checks", Json(std::move(findings))},
                                 {"headers", Json(std::move(headers))}});
  out << report.to_text() << '\n';
}

}  // namespace

int run_explain(const ExplainOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
  conf::Loaded loaded = conf::load_file(options.config_file, process_environment());
  keys::Engine engine(keys::KeptFiles::only_read);
  filters::Providers providers;
  if (!loaded.problems.any()) providers = filters::load_providers(loaded.config, &engine, loaded.problems);
  if (const auto& service = loaded.config.token_service) {
    providers[std::string(conf::token_service_name)] = filters::make_own_provider(*service, nullptr);
  }
  print_problems(loaded.problems.warnings(), err);
  print_problems(loaded.problems.errors(), err);
  if (loaded.problems.any()) return exit_bad_config;

  Explanation explanation;
  const auto route = find_route(loaded.config, options, explanation);
  if (!route) {
    err << route.error() << '\n';
    return exit_usage;
  }
  if (*route != nullptr) {
    explanation.route = (*route)->name;
    explanation.checks_tokens = (*route)->jwt.has_value();
    const double now = options.at.value_or(static_cast<double>(std::time(nullptr)));
    if (explanation.checks_tokens) filters::await_keys(providers, (*route)->jwt->providers);
    if (explanation.checks_tokens) judge(loaded.config, **route, providers, read_token(options, in), now, explanation);
  }
  options.json ? print_json(explanation, out) : print_text(explanation, out);
  return explanation.reason() == Reason::accepted ? exit_ok : exit_refused;
}

}  // namespace postern::cli
