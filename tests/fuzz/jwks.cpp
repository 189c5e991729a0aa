// A JWKS as a provider may send it.
#include <cstdint>
#include <string_view>

#include "filters/jose/jwks.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)postern::jose::parse_jwks(text, false);
  (void)postern::jose::parse_pem_keys(text);
  return 0;
}
