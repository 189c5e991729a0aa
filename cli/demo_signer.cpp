#include "cli/demo_signer.hpp"

#include <stdexcept>

#include "filters/jose/public_key.hpp"

namespace postern::cli {
namespace {

jose::SigningKey make_key() {
  auto key = jose::SigningKey::generate(*jose::find_algorithm("ES256"));
  if (!key) throw std::runtime_error(key.error());
  return std::move(*key);
}

}  // namespace

DemoSigner::DemoSigner() : key_(make_key()) {}

std::string DemoSigner::jwks() const {
  return R"({"keys":[)" + jose::to_jwk(key_.public_key()).to_text() + "]}\n";
}

std::string DemoSigner::sign(std::string_view claims) const {
  return key_.sign(R"({"alg":"ES256","typ":"at+jwt","kid":")" + key_.kid() + "\"}", claims);
}

}  // namespace postern::cli
