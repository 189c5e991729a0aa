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

// RFC 6749 section 5.2; empty for what is not about a grant. Only at OAuth's own endpoints is a malformed request one.
std::string_view grant_error(Reason reason, CheckedBy checked_by) noexcept {
  switch (reason) {
    case Reason::credentials_invalid:
    case Reason::refresh_token_invalid:
    case Reason::refresh_token_expired:
    case Reason::refresh_token_reused:
      return "invalid_grant";
    case Reason::client_invalid:
      return "invalid_client";
    case Reason::client_not_allowed:
      return "unauthorized_client";
    case Reason::grant_unsupported:
      return "unsupported_grant_type";
    case Reason::scope_invalid:
      return "invalid_scope";
    case Reason::request_malformed:
      return checked_by == CheckedBy::oauth_endpoint ? "invalid_request" : std::string_view{};
    default:
      return {};
  }
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

// After these the next bytes of the connection cannot be told from the rest of this request; or, with two credentials,
// whose they are: something in front may have joined the requests of two clients.
bool must_close(Reason reason) noexcept {
  switch (reason) {
    case Reason::request_malformed:
    case Reason::request_timeout:
    case Reason::header_too_large:
    case Reason::body_too_large:
    case Reason::encoding_not_implemented:
    case Reason::method_not_implemented:  // bytes of the tunnel that CONNECT asks for
    case Reason::token_multiple:
    case Reason::expectation_failed:  // the body may or may not follow
      return true;
    default:
      return false;
  }
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
  reply.close = must_close(reason);
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
  switch (reason) {
    case Reason::claim_missing:
    case Reason::claim_mismatch:
      return checked_by == CheckedBy::route ? 403 : 401;
    case Reason::token_missing:
    case Reason::token_malformed:
    case Reason::algorithm_not_allowed:
    case Reason::key_unknown:
    case Reason::signature_invalid:
    case Reason::token_expired:
    case Reason::token_not_yet_valid:
    case Reason::token_lifetime_too_long:
    case Reason::issuer_unknown:
    case Reason::audience_mismatch:
    case Reason::type_mismatch:
    case Reason::token_revoked:
    case Reason::proof_missing:
    case Reason::claim_unusable:
    case Reason::credentials_invalid:
    case Reason::client_invalid:
      return 401;
    case Reason::refresh_token_invalid:
    case Reason::refresh_token_expired:
    case Reason::refresh_token_reused:
      return checked_by == CheckedBy::oauth_endpoint ? 400 : 401;
    case Reason::token_multiple:
    case Reason::client_not_allowed:
    case Reason::grant_unsupported:
    case Reason::scope_invalid:
    case Reason::request_malformed:
      return 400;
    case Reason::scope_insufficient:
    case Reason::origin_refused:
      return 403;
    case Reason::route_not_found:
      return 404;
    case Reason::method_not_allowed:
      return 405;
    case Reason::request_timeout:
      return 408;
    case Reason::body_too_large:
      return 413;
    case Reason::expectation_failed:
      return 417;
    case Reason::rate_limited:
      return 429;
    case Reason::token_too_large:
    case Reason::header_too_large:
      return 431;
    case Reason::method_not_implemented:
    case Reason::encoding_not_implemented:
      return 501;
    case Reason::upstream_unavailable:
    case Reason::upstream_malformed:
      return 502;
    case Reason::keys_unavailable:
    case Reason::credentials_unavailable:
    case Reason::store_unavailable:
    case Reason::out_of_memory:
    case Reason::upstream_overloaded:
      return 503;
    case Reason::upstream_timeout:
      return 504;
    case Reason::accepted:
    case Reason::count_:
      break;
  }
  return 500;
}

Side side_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::upstream_unavailable:
    case Reason::upstream_overloaded:
    case Reason::upstream_timeout:
    case Reason::upstream_malformed:
      return Side::upstream;
    case Reason::keys_unavailable:
    case Reason::credentials_unavailable:
      return Side::provider;
    case Reason::store_unavailable:
    case Reason::out_of_memory:
    case Reason::accepted:
    case Reason::count_:
      return Side::gateway;
    default:
      return Side::downstream;
  }
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
