#include "gateway/error_response.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "base/json.hpp"

using namespace postern;

namespace {

// Everything that a client is told.
ErrorReply make_error_reply(const Refusal& refusal, const ErrorFacts& facts = {}) {
  ErrorReply reply = error_reply(refusal);
  if (auto field = error_field(refusal, facts)) reply.fields.push_back(std::move(*field));
  return reply;
}

std::string field(const ErrorReply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.fields) {
    if (key == name) return value;
  }
  return {};
}

std::string member(const ErrorReply& reply, std::string_view name) {
  const auto body = parse_json(reply.body);
  REQUIRE(body.has_value());
  const Json* const found = body->find(name);
  if (found == nullptr) return {};
  return found->string() != nullptr ? *found->string() : found->to_text();
}

}  // namespace

TEST_CASE("each reason has its status") {
  struct Row {
    Reason reason;
    unsigned by_provider, by_route;
  };
  for (const Row& row : {
           Row{Reason::token_missing, 401, 401},           Row{Reason::token_malformed, 401, 401},
           Row{Reason::token_too_large, 431, 431},         Row{Reason::token_multiple, 400, 400},
           Row{Reason::algorithm_not_allowed, 401, 401},   Row{Reason::key_unknown, 401, 401},
           Row{Reason::keys_unavailable, 503, 503},        Row{Reason::signature_invalid, 401, 401},
           Row{Reason::token_expired, 401, 401},           Row{Reason::token_not_yet_valid, 401, 401},
           Row{Reason::token_lifetime_too_long, 401, 401}, Row{Reason::issuer_unknown, 401, 401},
           Row{Reason::audience_mismatch, 401, 401},       Row{Reason::type_mismatch, 401, 401},
           Row{Reason::claim_missing, 401, 403},           Row{Reason::claim_mismatch, 401, 403},
           Row{Reason::scope_insufficient, 403, 403},      Row{Reason::proof_missing, 401, 401},
           Row{Reason::claim_unusable, 401, 401},          Row{Reason::origin_refused, 403, 403},
           Row{Reason::route_not_found, 404, 404},         Row{Reason::method_not_allowed, 405, 405},
           Row{Reason::method_not_implemented, 501, 501},  Row{Reason::request_malformed, 400, 400},
           Row{Reason::request_timeout, 408, 408},         Row{Reason::encoding_not_implemented, 501, 501},
           Row{Reason::expectation_failed, 417, 417},      Row{Reason::header_too_large, 431, 431},
           Row{Reason::body_too_large, 413, 413},          Row{Reason::out_of_memory, 503, 503},
           Row{Reason::upstream_unavailable, 502, 502},    Row{Reason::upstream_timeout, 504, 504},
           Row{Reason::upstream_malformed, 502, 502},      Row{Reason::token_revoked, 401, 401},
           Row{Reason::credentials_invalid, 401, 401},     Row{Reason::credentials_unavailable, 503, 503},
           Row{Reason::client_invalid, 401, 401},          Row{Reason::grant_unsupported, 400, 400},
           Row{Reason::scope_invalid, 400, 400},           Row{Reason::refresh_token_invalid, 401, 401},
           Row{Reason::refresh_token_expired, 401, 401},   Row{Reason::refresh_token_reused, 401, 401},
           Row{Reason::store_unavailable, 503, 503},       Row{Reason::rate_limited, 429, 429},
           Row{Reason::client_not_allowed, 400, 400},      Row{Reason::upstream_overloaded, 503, 503},
       }) {
    CAPTURE(code_of(row.reason));
    CHECK(status_of(row.reason, CheckedBy::provider) == row.by_provider);
    CHECK(status_of(row.reason, CheckedBy::route) == row.by_route);
  }
}

TEST_CASE("every reply is a problem document whose members agree with its status") {
  for (int i = 1; i < static_cast<int>(Reason::count_); ++i) {
    const auto reason = static_cast<Reason>(i);
    CAPTURE(code_of(reason));
    const ErrorReply reply = make_error_reply(Refusal(reason));
    CHECK(field(reply, "Content-Type") == "application/problem+json");
    CHECK(member(reply, "type") == "about:blank");
    CHECK(member(reply, "title") == status_phrase(reply.status));
    CHECK_FALSE(member(reply, "title").empty());
    CHECK(member(reply, "status") == std::to_string(reply.status));
    CHECK(member(reply, "code") == std::to_string(reply.status));
    CHECK_FALSE(member(reply, "error_description").empty());
    CHECK((reply.status == 401) <= !field(reply, "WWW-Authenticate").empty());
    CHECK((reply.status == 503 || reply.status == 429) == (field(reply, "Retry-After") == "5"));
    CHECK(make_error_reply(Refusal(reason, "another detail")).body == reply.body);
    CHECK(reply.body.find("detail") == std::string::npos);
  }
}

TEST_CASE("a request without a token gets the bare challenge") {
  const ErrorReply reply = make_error_reply(Refusal(Reason::token_missing));
  CHECK(field(reply, "WWW-Authenticate") == "Bearer");
  CHECK(reply.body ==
        "{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,\"code\":401,\"reason\":\"token_missing\","
        "\"error_description\":\"The request carries no access token.\"}\n");
}

TEST_CASE("a refused token is invalid_token") {
  const ErrorReply reply = make_error_reply(Refusal(Reason::token_expired, "exp 1 < now 2"));
  CHECK(field(reply, "WWW-Authenticate") ==
        "Bearer error=\"invalid_token\", error_description=\"The access token provided has expired.\"");
  CHECK(member(reply, "reason") == "token_expired");
  CHECK(member(reply, "error") == "invalid_token");
  CHECK_FALSE(reply.close);
}

TEST_CASE("a client cannot tell an unknown key from a signature that does not fit") {
  const ErrorReply unknown = make_error_reply(Refusal(Reason::key_unknown));
  const ErrorReply invalid = make_error_reply(Refusal(Reason::signature_invalid));
  CHECK(unknown.body == invalid.body);
  CHECK(unknown.fields == invalid.fields);
}

TEST_CASE("a client cannot tell a refresh token that was used before from one that never was") {
  const ErrorReply reused = make_error_reply(Refusal(Reason::refresh_token_reused));
  const ErrorReply invalid = make_error_reply(Refusal(Reason::refresh_token_invalid));
  CHECK(reused.body == invalid.body);
  CHECK(reused.fields == invalid.fields);
}

TEST_CASE("a revoked access token is invalid_token") {
  CHECK(field(make_error_reply(Refusal(Reason::token_revoked)), "WWW-Authenticate") ==
        "Bearer error=\"invalid_token\", error_description=\"The access token was revoked.\"");
}

TEST_CASE("a refused grant has RFC 6749's error, and no challenge speaks of an access token") {
  struct Row {
    Reason reason;
    std::string_view error, challenge;
  };
  for (const Row& row : {Row{Reason::credentials_invalid, "invalid_grant", "Bearer"},
                         Row{Reason::refresh_token_invalid, "invalid_grant", "Bearer"},
                         Row{Reason::refresh_token_expired, "invalid_grant", "Bearer"},
                         Row{Reason::client_invalid, "invalid_client", "Basic realm=\"postern\""},
                         Row{Reason::client_not_allowed, "unauthorized_client", ""},
                         Row{Reason::grant_unsupported, "unsupported_grant_type", ""},
                         Row{Reason::scope_invalid, "invalid_scope", ""}}) {
    CAPTURE(code_of(row.reason));
    const ErrorReply reply = make_error_reply(Refusal(row.reason));
    CHECK(member(reply, "error") == row.error);
    CHECK(field(reply, "WWW-Authenticate") == row.challenge);
  }
}

TEST_CASE(
    "at OAuth's endpoints a bad grant and a malformed request are 400 with RFC 6749's error, and elsewhere they are "
    "not") {
  for (const Reason reason :
       {Reason::refresh_token_invalid, Reason::refresh_token_expired, Reason::refresh_token_reused}) {
    const ErrorReply reply = make_error_reply(Refusal(reason, {}, CheckedBy::oauth_endpoint));
    CHECK(reply.status == 400);
    CHECK(member(reply, "error") == "invalid_grant");
    CHECK(field(reply, "WWW-Authenticate").empty());
  }
  const ErrorReply malformed = make_error_reply(Refusal(Reason::request_malformed, {}, CheckedBy::oauth_endpoint));
  CHECK(field(malformed, "Content-Type") == "application/json");
  CHECK(malformed.status == 400);
  CHECK(member(malformed, "error") == "invalid_request");
  CHECK(member(make_error_reply(Refusal(Reason::request_malformed)), "error").empty());
  const ErrorReply client = make_error_reply(Refusal(Reason::client_invalid, {}, CheckedBy::oauth_endpoint));
  CHECK(client.status == 401);
  CHECK(field(client, "WWW-Authenticate") == "Basic realm=\"postern\"");
}

TEST_CASE("too little scope names the route's scopes") {
  const std::vector<std::string> scopes{"orders:read", "a\"\r\n\\b"};
  const ErrorReply reply = make_error_reply(Refusal(Reason::scope_insufficient), {.allow = {}, .scopes = scopes});
  CHECK(reply.status == 403);
  CHECK(field(reply, "WWW-Authenticate") ==
        "Bearer error=\"insufficient_scope\", error_description=\"The access token lacks a required scope.\", "
        "scope=\"orders:read ab\"");
}

TEST_CASE("no reply has a field twice, and what is every request's own is in none of the lasting ones") {
  const std::vector<std::string> scopes{"a"};
  for (int i = 1; i < static_cast<int>(Reason::count_); ++i) {
    const auto reason = static_cast<Reason>(i);
    CAPTURE(code_of(reason));
    for (const CheckedBy by : {CheckedBy::provider, CheckedBy::route, CheckedBy::oauth_endpoint}) {
      const Refusal refusal(reason, "some detail", by);
      const auto own = error_field(refusal, {.allow = "GET", .scopes = scopes});
      if (own) CHECK(field(error_reply(refusal), own->first).empty());
      CHECK(&error_reply(refusal) == &error_reply(Refusal(reason, {}, by)));
    }
  }
}

TEST_CASE("a route's claim rule is insufficient_scope without a scope") {
  const std::vector<std::string> scopes{"a"};
  const ErrorReply reply =
      make_error_reply(Refusal(Reason::claim_mismatch, {}, CheckedBy::route), {.allow = {}, .scopes = scopes});
  CHECK(reply.status == 403);
  CHECK(member(reply, "error") == "insufficient_scope");
  CHECK(field(reply, "WWW-Authenticate").find("scope=\"") == std::string::npos);
}

TEST_CASE("several tokens are an invalid request, and a cross-site request is no token's fault") {
  CHECK(field(make_error_reply(Refusal(Reason::token_multiple)), "WWW-Authenticate")
            .starts_with("Bearer error=\"invalid_request\""));
  const ErrorReply origin = make_error_reply(Refusal(Reason::origin_refused));
  CHECK(field(origin, "WWW-Authenticate").empty());
  CHECK(member(origin, "error").empty());
}

TEST_CASE("a refused method is answered with those that are allowed") {
  CHECK(field(make_error_reply(Refusal(Reason::method_not_allowed), {"GET, HEAD", {}}), "Allow") == "GET, HEAD");
  CHECK(field(make_error_reply(Refusal(Reason::method_not_allowed)), "Allow").find("TRACE") == std::string::npos);
  CHECK_FALSE(field(make_error_reply(Refusal(Reason::method_not_allowed)), "Allow").empty());
}

TEST_CASE("a connection whose next bytes are in doubt is closed") {
  for (const Reason reason :
       {Reason::request_malformed, Reason::request_timeout, Reason::header_too_large, Reason::body_too_large,
        Reason::encoding_not_implemented, Reason::expectation_failed, Reason::method_not_implemented}) {
    CAPTURE(code_of(reason));
    CHECK(make_error_reply(Refusal(reason)).close);
  }
  for (const Reason reason : {Reason::token_missing, Reason::token_too_large, Reason::route_not_found,
                              Reason::method_not_allowed, Reason::upstream_timeout, Reason::keys_unavailable}) {
    CAPTURE(code_of(reason));
    CHECK_FALSE(make_error_reply(Refusal(reason)).close);
  }
}

TEST_CASE("each reason has the side whose fault it was") {
  CHECK(side_of(Reason::token_expired) == Side::downstream);
  CHECK(side_of(Reason::request_timeout) == Side::downstream);
  CHECK(side_of(Reason::upstream_timeout) == Side::upstream);
  CHECK(side_of(Reason::upstream_malformed) == Side::upstream);
  CHECK(side_of(Reason::keys_unavailable) == Side::provider);
  CHECK(side_of(Reason::credentials_unavailable) == Side::provider);
  CHECK(side_of(Reason::credentials_invalid) == Side::downstream);
  CHECK(side_of(Reason::store_unavailable) == Side::gateway);
  CHECK(side_of(Reason::out_of_memory) == Side::gateway);
  CHECK(name_of(Side::downstream) == "downstream");
  CHECK(name_of(Side::upstream) == "upstream");
  CHECK(name_of(Side::gateway) == "gateway");
  CHECK(name_of(Side::provider) == "provider");
}

TEST_CASE("status phrases are RFC 9110's, and unknown ones are empty") {
  CHECK(status_phrase(200) == "OK");
  CHECK(status_phrase(431) == "Request Header Fields Too Large");
  CHECK(status_phrase(511) == "Network Authentication Required");
  CHECK(status_phrase(299).empty());
  CHECK(status_phrase(999).empty());
}
