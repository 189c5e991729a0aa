// The parts of a JWS in compact serialisation (RFC 7515 section 3.1), still unverified.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/json.hpp"
#include "base/reason.hpp"

namespace postern::jose {

struct CompactToken {
  std::string_view signing_input;  // `header.payload`, a view into the parsed text
  Json header;                     // a JSON object; `alg` is a string, `kid` absent or a string
  std::string payload;             // decoded bytes, not yet judged to be JSON
  std::string signature;           // decoded bytes

  std::string_view alg() const noexcept;
  std::string_view kid() const noexcept;  // empty when absent
};

// Splits and decodes. Refuses (token_malformed): not exactly three parts, an empty part (`empty_payload` permits that
// one, for a detached use of the JWS alone), base64 that is not strict, a header that is no object of unique names, an
// `alg` or `kid` of the wrong type, `crit`, `b64`. Never looks at `jku`, `x5u`, `jwk`, `x5c`.
tl::expected<CompactToken, Refusal> parse_compact(std::string_view text, bool empty_payload = false);

// A JWT nobody has verified: the parts and the claims as they stand there.
struct Token {
  CompactToken jws;
  Json claims;  // a JSON object
};

// parse_compact() plus the payload as a JSON object of unique names (RFC 7519 section 7.2). Refuses token_malformed.
tl::expected<Token, Refusal> parse_token(std::string_view text);

}  // namespace postern::jose
