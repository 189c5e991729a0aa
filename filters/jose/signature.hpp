// JWS signature checks on OpenSSL 3's EVP (RFC 7518 section 3, RFC 8037 section 3.1).
#pragma once

#include <memory>
#include <string_view>

#include "filters/jose/algorithm.hpp"
#include "filters/jose/jwk.hpp"

namespace postern::jose {

// OpenSSL's mutable verification contexts, reused from token to token: making one for each check is work
// that repeats. One per worker, never shared by threads. Holds at most a few hundred keys and forgets the oldest.
class SignatureContexts {
 public:
  SignatureContexts();
  ~SignatureContexts();
  SignatureContexts(SignatureContexts&&) noexcept;
  SignatureContexts& operator=(SignatureContexts&&) noexcept;

  // True when `signature` is the key's over `signing_input`. The key must fit the algorithm. ECDSA signatures are
  // exactly r||s of the curve's width, RSA signatures as long as the modulus; HMAC is compared in constant time.
  bool verify(const Key& key, const Algorithm& algorithm, std::string_view signing_input, std::string_view signature);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::jose
