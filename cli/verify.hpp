// `postern verify`: judges compact tokens from a stream against a local key set, one JSON line each.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace postern::cli {

struct VerifyOptions {
  std::string jwks_file;                // a JWKS or a single JWK; secret keys are taken too, the file is local
  std::optional<std::string> issuer;    // not checked when absent
  std::optional<std::string> audience;  // the same
  std::vector<std::string> algorithms;  // `alg` values, any mix; empty: those of every key type in the file
  std::optional<double> at;             // Unix seconds; now when absent
  bool signature_only = false;          // the JWS alone, whatever its payload is, an empty one too
};

// Reads one token a line (a blank line is a token too; only the newline is removed) and writes to `out`, in order:
//   {"valid":true,"claims":{...}}                          an accepted token
//   {"valid":true,"payload":"<base64url>"}                 the same with `signature_only`
//   {"valid":false,"reason":"<code>","detail":"..."}       a refused one
// Skipped keys, what stops the run and input without a token are told on `err`. Returns the exit status: 0 when all
// tokens are valid, 1 when one was refused or there was none, 2 for an unknown algorithm name, 78 when the key file
// cannot be read or is no key set.
int run_verify(const VerifyOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace postern::cli
