// The filter `claim_headers`: verified claims as headers of the upstream request. claim_text.hpp has the rule for text.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "filters/build.hpp"
#include "filters/identity.hpp"
#include "filters/jose/claims.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

// One header and the claim that it carries.
struct ClaimMapping {
  std::optional<jose::ClaimPath> path;  // none: `*`, the whole payload; base64 of its exact bytes unless `json`
  std::string header;
  std::optional<conf::ClaimFormat> format;
};

std::vector<ClaimMapping> make_claim_mappings(const std::vector<conf::ClaimHeader>& headers);

// The header lines of these claims. Refuses claim_unusable: a claim that its format cannot carry, and more than `limit`
// bytes of lines in all (names, values, `: ` and CRLF).
HeaderBlock write_claim_headers(const std::vector<ClaimMapping>& mappings, const jose::Claims& claims,
                                std::size_t limit);

// Null for a route without `claim_headers`. A request without an identity gets no header and passes.
std::unique_ptr<const Filter> make_claim_headers(const conf::Route& route, const Build& build);

}  // namespace postern::filters
