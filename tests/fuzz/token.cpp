// Everything that a token goes through before its signature is known to be good, with every check of explain().
#include <cstdint>
#include <string_view>

#include "filters/jose/verify.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::jose;
  static const KeySet keys;
  static const Rules rules = [] {
    Rules made;
    made.provider = "fuzz";
    made.any_issuer = true;
    made.any_audience = true;
    made.algorithms = AlgorithmSet::asymmetric();
    return made;
  }();
  const Rules* const providers[] = {&rules};
  const KeySet* const sets[] = {&keys};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)explain(text, providers, sets, RouteRules{}, 1'700'000'000);
  SignatureContexts contexts;
  if (auto token = parse_token(text)) (void)verify(*token, rules, keys, 1'700'000'000, contexts);
  return 0;
}
