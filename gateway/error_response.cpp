#include "gateway/error_response.hpp"

#include <array>
#include <cstddef>

#include "base/json.hpp"

namespace postern {
namespace {

// What a client is told. Whether a key exists under some `kid` is not told apart from a signature that does not fit:
// with keys from a file the names of the keys are the operator's own. Nor does a thief learn that a refresh token was
// good once.
Reason told(Reason reason) noexcept {
  if (reason == Reason::key_unknown) return Reason::signature_invalid;
  if (reason == Reason::refresh_token_reused) return Reason::refresh_token_invalid;
  return reason;
}

// Whether the connection ends with the reply: where its next bytes cannot be told from the rest of this request (a body
// that may follow an expectation, what CONNECT is to carry); or, after two credentials, whose they are, since something
// in front may have joined the requests of two clients.
constexpr bool stays_open = false;
constexpr bool must_close = true;

// What a reason means in HTTP.
struct Row {
  Reason reason;
  std::uint16_t status;
  Side side = Side::downstream;
  bool closes = stays_open;
  std::string_view grant_error = {};    // RFC 6749 section 5.2
  std::uint16_t by_route = 0;           // the status where a route's own rule refused; 0: `status`
  std::uint16_t by_oauth_endpoint = 0;  // and where one of OAuth's endpoints did
};

constexpr std::array rows = {
    Row{Reason::accepted, 500, Side::gateway},
    Row{Reason::token_missing, 401},
    Row{Reason::token_malformed, 401},
    Row{Reason::token_too_large, 431},
    Row{Reason::token_multiple, 400, Side::downstream, must_close},
    Row{Reason::algorithm_not_allowed, 401},
    Row{Reason::key_unknown, 401},
    Row{Reason::keys_unavailable, 503, Side::provider},
    Row{Reason::signature_invalid, 401},
    Row{Reason::token_expired, 401},
    Row{Reason::token_not_yet_valid, 401},
    Row{Reason::token_lifetime_too_long, 401},
    Row{Reason::issuer_unknown, 401},
    Row{Reason::audience_mismatch, 401},
    Row{Reason::type_mismatch, 401},
    Row{Reason::claim_missing, 401, Side::downstream, stays_open, {}, 403},
    Row{Reason::claim_mismatch, 401, Side::downstream, stays_open, {}, 403},
    Row{Reason::scope_insufficient, 403},
    Row{Reason::token_revoked, 401},
    Row{Reason::proof_missing, 401},
    Row{Reason::claim_unusable, 401},
    Row{Reason::origin_refused, 403},
    Row{Reason::credentials_invalid, 401, Side::downstream, stays_open, "invalid_grant"},
    Row{Reason::credentials_unavailable, 503, Side::provider},
    Row{Reason::client_invalid, 401, Side::downstream, stays_open, "invalid_client"},
    Row{Reason::client_not_allowed, 400, Side::downstream, stays_open, "unauthorized_client"},
    Row{Reason::grant_unsupported, 400, Side::downstream, stays_open, "unsupported_grant_type"},
    Row{Reason::scope_invalid, 400, Side::downstream, stays_open, "invalid_scope"},
    Row{Reason::refresh_token_invalid, 401, Side::downstream, stays_open, "invalid_grant", 0, 400},
    Row{Reason::refresh_token_expired, 401, Side::downstream, stays_open, "invalid_grant", 0, 400},
    Row{Reason::refresh_token_reused, 401, Side::downstream, stays_open, "invalid_grant", 0, 400},
    Row{Reason::store_unavailable, 503, Side::gateway},
    Row{Reason::rate_limited, 429},
    Row{Reason::route_not_found, 404},
    Row{Reason::method_not_allowed, 405},
    Row{Reason::method_not_implemented, 501, Side::downstream, must_close},
    Row{Reason::request_malformed, 400, Side::downstream, must_close, "invalid_request"},
    Row{Reason::request_timeout, 408, Side::downstream, must_close},
    Row{Reason::encoding_not_implemented, 501, Side::downstream, must_close},
    Row{Reason::expectation_failed, 417, Side::downstream, must_close},
    Row{Reason::header_too_large, 431, Side::downstream, must_close},
    Row{Reason::body_too_large, 413, Side::downstream, must_close},
    Row{Reason::out_of_memory, 503, Side::gateway},
    Row{Reason::upstream_unavailable, 502, Side::upstream},
    Row{Reason::upstream_overloaded, 503, Side::upstream},
    Row{Reason::upstream_timeout, 504, Side::upstream},
    Row{Reason::upstream_malformed, 502, Side::upstream},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].reason != static_cast<Reason>(i)) return false;
  }
  return true;
}
static_assert(rows.size() == static_cast<std::size_t>(Reason::count_) && in_order());

const Row& row_of(Reason reason) noexcept {
  return rows[static_cast<std::size_t>(reason)];
}

// Empty for what is not about a grant. Only at OAuth's own endpoints is a malformed request one.
std::string_view grant_error(Reason reason, CheckedBy checked_by) noexcept {
  if (reason == Reason::request_malformed && checked_by != CheckedBy::oauth_endpoint) return {};
  return row_of(reason).grant_error;
}

// RFC 6750 section 3.1; empty where it has no code, and for a request whose access token is not the matter.
std::string_view bearer_error(Reason reason, unsigned status) noexcept {
  if (reason == Reason::token_missing || reason == Reason::origin_refused) return {};
  if (status == 401) return "invalid_token";
  if (status == 403) return "insufficient_scope";
  return reason == Reason::token_multiple ? "invalid_request" : std::string_view{};
}

// Bytes that a quoted attribute of RFC 6750 may hold (section 3); others are left out.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c >= ' ' && c < '\x7f' && c != '"' && c != '\\') out += c;
  }
  out += '"';
}

// Its challenge is the route's: it tells the scopes.
bool names_scopes(Reason reason) noexcept {
  return reason == Reason::scope_insufficient;
}

std::string challenge(Reason reason, std::string_view error, std::span<const std::string> scopes_needed = {}) {
  if (reason == Reason::client_invalid) return "Basic realm=\"postern\"";  // RFC 6749 section 5.2
  std::string value = "Bearer";
  if (error.empty()) return value;
  value += " error=";
  append_quoted(value, error);
  value += ", error_description=";
  append_quoted(value, sentence_of(reason));
  if (!scopes_needed.empty()) {
    std::string scopes;
    for (const std::string& scope : scopes_needed) scopes.append(scopes.empty() ? "" : " ").append(scope);
    value += ", scope=";
    append_quoted(value, scopes);
  }
  return value;
}

std::string problem_json(Reason reason, unsigned status, std::string_view error) {
  std::string body = R"({"type":"about:blank","title":)";
  append_json_string(body, status_phrase(status));
  const std::string number = std::to_string(status);
  body.append(R"(,"status":)").append(number).append(R"(,"code":)").append(number).append(R"(,"reason":)");
  append_json_string(body, code_of(reason));
  if (!error.empty()) {
    body += R"(,"error":)";
    append_json_string(body, error);
  }
  body += R"(,"error_description":)";
  append_json_string(body, sentence_of(reason));
  body += "}\n";
  return body;
}

// OAuth's clients look for `error` in this one alone (RFC 6749 section 5.2, to which RFC 7009 and 7662 refer). The
// members of the other are there as well: who meets one it does not know ignores it.
std::string_view media_type(CheckedBy checked_by) noexcept {
  return checked_by == CheckedBy::oauth_endpoint ? "application/json" : "application/problem+json";
}

ErrorReply make_reply(Reason reason, CheckedBy checked_by) {
  ErrorReply reply;
  reply.status = status_of(reason, checked_by);
  const std::string_view of_grant = grant_error(reason, checked_by);
  const std::string_view error = of_grant.empty() ? bearer_error(reason, reply.status) : std::string_view{};
  reply.body = problem_json(reason, reply.status, of_grant.empty() ? error : of_grant);
  reply.close = row_of(reason).closes;
  reply.fields.emplace_back("Content-Type", media_type(checked_by));
  reply.fields.emplace_back("Cache-Control", "no-store");  // what was refused now may be accepted in a moment
  const bool challenged = reply.status == 401 || !error.empty();
  if (challenged && !names_scopes(reason)) reply.fields.emplace_back("WWW-Authenticate", challenge(reason, error));
  return reply;
}

// The replies to all refusals there are.
class ErrorReplies {
 public:
  ErrorReplies() {
    for (std::size_t reason = 0; reason < replies_.size(); ++reason) {
      for (const CheckedBy by : {CheckedBy::provider, CheckedBy::route, CheckedBy::oauth_endpoint}) {
        replies_[reason][static_cast<std::size_t>(by)] = make_reply(static_cast<Reason>(reason), by);
      }
    }
  }

  const ErrorReply& of(Reason reason, CheckedBy by) const noexcept {
    return replies_[static_cast<std::size_t>(reason)][static_cast<std::size_t>(by)];
  }

 private:
  std::array<std::array<ErrorReply, 3>, static_cast<std::size_t>(Reason::count_)> replies_;
};

}  // namespace

unsigned status_of(Reason reason, CheckedBy checked_by) noexcept {
  const Row& row = row_of(reason);
  if (checked_by == CheckedBy::route && row.by_route != 0) return row.by_route;
  if (checked_by == CheckedBy::oauth_endpoint && row.by_oauth_endpoint != 0) return row.by_oauth_endpoint;
  return row.status;
}

Side side_of(Reason reason) noexcept {
  return row_of(reason).side;
}

std::string_view name_of(Side side) noexcept {
  switch (side) {
    case Side::downstream:
      return "downstream";
    case Side::upstream:
      return "upstream";
    case Side::provider:
      return "provider";
    case Side::gateway:
      break;
  }
  return "gateway";
}

const ErrorReply& error_reply(const Refusal& refusal) {
  // Once for the process: a flood of requests to refuse costs no text.
  static const ErrorReplies replies;
  return replies.of(told(refusal.reason), refusal.checked_by);
}

std::optional<ErrorField> error_field(const Refusal& refusal, const ErrorFacts& facts) {
  const unsigned status = status_of(refusal.reason, refusal.checked_by);
  if (status == 503 || status == 429) return ErrorField("Retry-After", std::to_string(refusal.retry_after));
  // Without a route's list: the methods that the gateway forwards at all (TRACE is refused before routing).
  if (status == 405) {
    return ErrorField("Allow", facts.allow.empty() ? "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH" : facts.allow);
  }
  if (names_scopes(refusal.reason)) {
    return ErrorField("WWW-Authenticate",
                      challenge(refusal.reason, bearer_error(refusal.reason, status), facts.scopes));
  }
  return std::nullopt;
}

}  // namespace postern
