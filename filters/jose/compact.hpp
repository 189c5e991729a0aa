// The parts of a JWS in compact serialisation (RFC 7515 section 3.1), still unverified.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/json.hpp"
#include "base/reason.hpp"

namespace postern::jose {

// The JOSE header (RFC 7515 section 4).
struct JoseHeader {
  Json members;  // a JSON object
  std::string alg;
  std::string kid;  // empty when absent
};
using JoseHeaderPtr = std::shared_ptr<const JoseHeader>;

struct CompactToken {
  std::string_view text;           // all of it, as it was given
  std::string_view signing_input;  // `header.payload`, the text's beginning
  JoseHeaderPtr header;            // never null
  std::string payload;             // decoded bytes, not yet judged to be JSON
  std::string signature;           // decoded bytes

  std::string_view alg() const noexcept { return header->alg; }
  std::string_view kid() const noexcept { return header->kid; }
};

// The headers seen last, so that one which stands in thousands of tokens (an issuer's algorithm and key) is decoded and
// judged once. Nothing is trusted for being here: whoever sends other headers makes the next ones cost what they cost
// without it. Of one thread.
class HeaderMemo {
 public:
  static constexpr std::size_t capacity = 8;
  static constexpr std::size_t longest = 512;  // encoded bytes; longer ones are not kept

  // The header of that exact encoded text, or null.
  JoseHeaderPtr find(std::string_view encoded) const noexcept;
  // Takes the place of the oldest.
  void keep(std::string_view encoded, JoseHeaderPtr header);

 private:
  struct Entry {
    std::string encoded;
    JoseHeaderPtr header;
  };
  std::array<Entry, capacity> entries_;
  std::size_t next_ = 0;
};

// Splits and decodes. Refuses (token_malformed): not exactly three parts, an empty part (`empty_payload` permits that
// one, for a detached use of the JWS alone), base64 that is not strict, a header that is no object of unique names, an
// `alg` or `kid` of the wrong type, `crit`, `b64`. Never looks at `jku`, `x5u`, `jwk`, `x5c`.
tl::expected<CompactToken, Refusal> parse_compact(std::string_view text, bool empty_payload = false,
                                                  HeaderMemo* memo = nullptr);

// A JWT nobody has verified: the parts and the claims as they stand there.
struct Token {
  CompactToken jws;
  Json claims;  // a JSON object
};

// parse_compact() plus the payload as a JSON object of unique names (RFC 7519 section 7.2). Refuses token_malformed.
tl::expected<Token, Refusal> parse_token(std::string_view text, HeaderMemo* memo = nullptr);

}  // namespace postern::jose
