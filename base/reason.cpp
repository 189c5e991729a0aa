#include "base/reason.hpp"

#include <array>

namespace postern {
namespace {

struct Row {
  Reason reason;
  std::string_view code;
  std::string_view sentence;
};

constexpr std::array rows = {
    Row{Reason::accepted, "accepted", "The request was accepted."},
    Row{Reason::token_missing, "token_missing", "The request carries no access token."},
    Row{Reason::token_malformed, "token_malformed", "The access token is malformed."},
    Row{Reason::token_too_large, "token_too_large", "The access token is too large."},
    Row{Reason::token_multiple, "token_multiple", "The request carries more than one access token."},
    Row{Reason::algorithm_not_allowed, "algorithm_not_allowed", "The access token's algorithm is not allowed."},
    Row{Reason::key_unknown, "key_unknown", "The access token's key is unknown."},
    Row{Reason::keys_unavailable, "keys_unavailable", "The keys of the access token's issuer are not available."},
    Row{Reason::signature_invalid, "signature_invalid", "The access token's signature is invalid."},
    Row{Reason::token_expired, "token_expired", "The access token provided has expired."},
    Row{Reason::token_not_yet_valid, "token_not_yet_valid", "The access token is not valid yet."},
    Row{Reason::token_lifetime_too_long, "token_lifetime_too_long", "The access token's lifetime is too long."},
    Row{Reason::issuer_unknown, "issuer_unknown", "The access token's issuer is unknown."},
    Row{Reason::audience_mismatch, "audience_mismatch", "The access token is meant for another audience."},
    Row{Reason::type_mismatch, "type_mismatch", "The token is not an access token."},
    Row{Reason::claim_missing, "claim_missing", "The access token lacks a required claim."},
    Row{Reason::claim_mismatch, "claim_mismatch", "A claim of the access token does not have a required value."},
    Row{Reason::scope_insufficient, "scope_insufficient", "The access token lacks a required scope."},
    Row{Reason::token_revoked, "token_revoked", "The access token was revoked."},
    Row{Reason::proof_missing, "proof_missing", "The access token is bound to a key whose proof is missing."},
    Row{Reason::claim_unusable, "claim_unusable", "A claim of the access token cannot be carried in a header."},
    Row{Reason::origin_refused, "origin_refused", "A cross-site request may not use the cookie's token."},
    Row{Reason::credentials_invalid, "credentials_invalid", "The username or the password is wrong."},
    Row{Reason::credentials_unavailable, "credentials_unavailable", "The credentials cannot be checked now."},
    Row{Reason::client_invalid, "client_invalid", "The client could not be authenticated."},
    Row{Reason::client_not_allowed, "client_not_allowed", "The client may not do this."},
    Row{Reason::grant_unsupported, "grant_unsupported", "The grant type is not supported here."},
    Row{Reason::scope_invalid, "scope_invalid", "The requested scope cannot be granted."},
    Row{Reason::refresh_token_invalid, "refresh_token_invalid", "The refresh token is invalid."},
    Row{Reason::refresh_token_expired, "refresh_token_expired", "The refresh token has expired."},
    Row{Reason::refresh_token_reused, "refresh_token_reused", "The refresh token was used before."},
    Row{Reason::store_unavailable, "store_unavailable", "The store of sessions is not available."},
    Row{Reason::rate_limited, "rate_limited", "There were too many requests."},
    Row{Reason::route_not_found, "route_not_found", "No route matches the request."},
    Row{Reason::method_not_allowed, "method_not_allowed", "The method is not allowed here."},
    Row{Reason::method_not_implemented, "method_not_implemented", "The method is not implemented."},
    Row{Reason::request_malformed, "request_malformed", "The request is malformed."},
    Row{Reason::request_timeout, "request_timeout", "The request did not arrive in time."},
    Row{Reason::encoding_not_implemented, "encoding_not_implemented", "The transfer coding is not implemented."},
    Row{Reason::expectation_failed, "expectation_failed", "The expectation cannot be met."},
    Row{Reason::header_too_large, "header_too_large", "The request's header section is too large."},
    Row{Reason::body_too_large, "body_too_large", "The request's content is too large."},
    Row{Reason::out_of_memory, "out_of_memory", "The gateway is out of memory."},
    Row{Reason::upstream_unavailable, "upstream_unavailable", "The upstream is not available."},
    Row{Reason::upstream_overloaded, "upstream_overloaded", "The upstream has as many requests as it may have."},
    Row{Reason::upstream_timeout, "upstream_timeout", "The upstream did not answer in time."},
    Row{Reason::upstream_malformed, "upstream_malformed", "The upstream's response is malformed."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].reason != static_cast<Reason>(i)) return false;
  }
  return true;
}
static_assert(rows.size() == static_cast<std::size_t>(Reason::count_) && in_order());

}  // namespace

std::string_view code_of(Reason reason) noexcept {
  return rows[static_cast<std::size_t>(reason)].code;
}
std::string_view sentence_of(Reason reason) noexcept {
  return rows[static_cast<std::size_t>(reason)].sentence;
}

}  // namespace postern
