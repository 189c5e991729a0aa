// `postern tokens revoke`: what it is given, as the admin listener wants it.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

namespace postern::cli {

struct RevokeFlags {
  std::optional<std::string> jti, sid, sub, kid;
  std::string issuer;
  std::optional<double> issued_before, until;  // Unix seconds
};

// The JSON of one revocation. The error is state::parse_revocation()'s: none of the four, several, `issued_before`
// beside the wrong one.
tl::expected<std::string, std::string> revocation_text(const RevokeFlags& flags);

}  // namespace postern::cli
