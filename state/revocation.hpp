// One revocation, as a person or a program says it and as stores keep it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "state/session.hpp"

namespace postern::state {

struct Revocation {
  enum class Kind : std::uint8_t {
    jti,     // one token; for a token without `jti`, the base64url SHA-256 of its `header.payload`
    sid,     // a session
    sub,     // a subject: all of its tokens, also those to come; with `before` those issued earlier
    kid,     // a key
    issuer,  // everything of an issuer issued before `before`; `value` is empty
  };
  Kind kind = Kind::jti;
  std::string issuer;  // `iss`; the same jti of two issuers are two tokens
  std::string value;
  std::optional<Millis>
      before;        // of sub and issuer: tokens whose `iat` is earlier; one without `iat` counts as earlier
  Millis until = 0;  // when every token that it concerns has expired: then it is forgotten
  bool operator==(const Revocation&) const = default;
};

// `{"jti":"...","issuer":"...","until":1700000000}`: `issuer` and exactly one of `jti`, `sid`, `sub` and `kid`, none of
// them empty; or `issuer` and `issued_before`, which may also come with `sub`. Times are NumericDates (RFC 7519 section
// 2), kept to the millisecond, of the years 1970 to 9999. `usual_until` is asked, with all the rest, when there is no
// `until`. The error is a sentence.
tl::expected<Revocation, std::string> parse_revocation(std::string_view json,
                                                       const std::function<Millis(const Revocation&)>& usual_until);
// One text for one revocation; parses back to the same.
std::string format_revocation(const Revocation& revocation);

// The value for a token without `jti` (RFC 7515 section 5.1's signing input): never the signature, which is malleable.
std::string jti_of_signing_input(std::string_view signing_input);

}  // namespace postern::state
