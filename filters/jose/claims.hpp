// Verified claims, and the paths that lead into them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/json.hpp"
#include "base/reason.hpp"
#include "filters/jose/jwk.hpp"

namespace postern::jose {

// A way into the claims. Text form: the literal member name wins, else dots separate segments
// (`realm_access.roles`, `https://x.example/roles`); list form: exactly these segments.
class ClaimPath {
 public:
  static ClaimPath from_text(std::string text);
  static ClaimPath from_segments(std::vector<std::string> segments);

  // The value there, or nullptr. A segment of digits also indexes an array.
  const Json* find(const Json& claims) const noexcept;
  const std::string& text() const noexcept { return text_; }  // for messages

 private:
  std::string text_;
  std::vector<std::string> segments_;
  bool literal_first_ = true;
};

// What names somebody or something: a string, or a number's text, which RFC 7519 does not allow and some issuers write.
// Empty for everything else.
std::string_view identifier(const Json& claims, std::string_view name) noexcept;

struct Rules;
struct Token;
class SignatureContexts;
class KeySet;

// The claims of a token that passed every check of its provider. Only verify() makes one. Of one thread.
class Claims {
 public:
  const std::string& token() const noexcept { return token_; }  // as it came, in compact serialisation
  const std::string& payload() const;                           // the exact bytes that were signed
  const Json& json() const;
  // Gives the memory of payload() and json() back, several times the token's; whoever asks again has them made again.
  void release_parsed() noexcept;
  const std::string& issuer() const noexcept { return issuer_; }    // `iss`, empty when absent
  const std::string& subject() const noexcept { return subject_; }  // identifier(json(), "sub")
  const std::string& kid() const noexcept { return kid_; }          // of the key that verified
  // Of the key that verified (RFC 7638). Of a secret it would tell something: for comparing, not for showing.
  const Thumbprint& thumbprint() const noexcept { return thumbprint_; }
  const std::string& provider() const noexcept { return provider_; }

  // The Unix second from which the provider's time rules refuse this token (`exp` plus leeway), or none without `exp`;
  // and the one before which they would have (`nbf`/`iat` minus leeway), or none.
  std::optional<double> refused_from() const noexcept { return refused_from_; }
  std::optional<double> refused_before() const noexcept { return refused_before_; }

 private:
  Claims() = default;
  friend tl::expected<Claims, Refusal> verify(Token&, const Rules&, const KeySet&, double, SignatureContexts&);

  std::string token_;
  mutable std::optional<std::string> payload_;
  mutable std::optional<Json> json_;
  std::string issuer_;
  std::string subject_;
  std::string kid_;
  Thumbprint thumbprint_;
  std::string provider_;
  std::optional<double> refused_from_;
  std::optional<double> refused_before_;
};

}  // namespace postern::jose
