// `postern healthcheck`, `postern reload`, `postern tokens revoke` and `postern keys`: questions to the admin listener
// of a running gateway. All of them return 78, with every problem on `err`, when the configuration file does not say
// where that listener is.
#pragma once

#include <iosfwd>
#include <string>

#include "conf/load.hpp"

namespace postern::cli {

struct AdminClientOptions {
  std::string admin;        // `127.0.0.1:9901`; empty: as the configuration file says
  std::string config_file;  // empty: the default address
};

// 0 when the gateway serves and is ready, 1 with a sentence on `err` when it does not answer within five seconds, is
// not ready, or has no admin listener.
int run_healthcheck(const AdminClientOptions& options, const conf::Environment& environment, std::ostream& out,
                    std::ostream& err);

// 0 when the gateway took its configuration anew, 1 with every problem on `err`.
int run_reload(const AdminClientOptions& options, const conf::Environment& environment, std::ostream& out,
               std::ostream& err);

struct RevokeOptions {
  AdminClientOptions admin;
  std::string revocation;  // the JSON of one; see cli/tokens.hpp
};

// 0 when the gateway keeps the revocation, which it prints; 1 with a sentence on `err` when it does not, or has no
// token service.
int run_tokens_revoke(const RevokeOptions& options, const conf::Environment& environment, std::ostream& out,
                      std::ostream& err);

struct KeysOptions {
  AdminClientOptions admin;
  bool json = false;  // as the gateway gives it; else a table, see cli/keys.hpp
};

// 0 with the signing keys on `out`; 1 with a sentence on `err` when the gateway does not give them, or has no token
// service.
int run_keys_list(const KeysOptions& options, const conf::Environment& environment, std::ostream& out,
                  std::ostream& err);
// The same after another key was made, which signs at once.
int run_keys_rotate(const KeysOptions& options, const conf::Environment& environment, std::ostream& out,
                    std::ostream& err);

}  // namespace postern::cli
