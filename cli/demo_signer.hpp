// A key pair of the demo, which plays the identity provider: signs tokens (ES256) and publishes its public key.
#pragma once

#include <string>
#include <string_view>

#include "filters/jose/signing.hpp"

namespace postern::cli {

class DemoSigner {
 public:
  DemoSigner();  // a fresh key; throws std::runtime_error when OpenSSL cannot make one

  // The public key as a JWKS document (RFC 7517).
  std::string jwks() const;
  // A JWT (RFC 7519) of these claims, a JSON text.
  std::string sign(std::string_view claims) const;

 private:
  jose::SigningKey key_;
};

}  // namespace postern::cli
