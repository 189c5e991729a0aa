#include "cli/config_source.hpp"

#include <doctest/doctest.h>

namespace postern::cli {

TEST_CASE("A variable that is nearly one of postern's is named, and what others set is not") {
  CHECK(misspelled_variables({"POSTERN_CLAIMS"}) ==
        std::vector<std::string>{"the variable POSTERN_CLAIMS says nothing; did you mean POSTERN_CLAIM?"});
  for (const char* near : {"POSTERN_LISTN", "POSTERN_AUDIENCES", "POSTERN_LOGLEVEL", "POSTERN_JWKS_URL",
                           "POSTERN_CONFG", "POSTERN_ADMINS", "POSTERN_UPSTREEM", "POSTERN_issuer_"}) {
    CAPTURE(near);
    CHECK(misspelled_variables({near}).size() == 1);
  }
  const std::vector<std::string> silent = {
      "POSTERN_LISTEN", "POSTERN_UPSTREAM", "POSTERN_ISSUER", "POSTERN_AUDIENCE", "POSTERN_JWKS_FILE",
      "POSTERN_JWKS_URI", "POSTERN_CLAIM", "POSTERN_ADMIN", "POSTERN_CONFIG", "POSTERN_LOG_LEVEL", "POSTERN_LOG_FORMAT",
      // of Kubernetes, for services called postern and postern-admin
      "POSTERN_SERVICE_HOST", "POSTERN_SERVICE_PORT", "POSTERN_SERVICE_PORT_HTTP", "POSTERN_PORT",
      "POSTERN_PORT_8080_TCP", "POSTERN_PORT_8080_TCP_ADDR", "POSTERN_PORT_8080_TCP_PORT",
      "POSTERN_PORT_8080_TCP_PROTO", "POSTERN_ADMIN_SERVICE_HOST", "POSTERN_ADMIN_PORT",
      // of a configuration file's own, and of others
      "POSTERN_JWT_SECRET", "POSTERN_STATE_DIR", "POSTERN_", "POSTERN", "CLAIMS", "MY_POSTERN_CLAIMS"};
  CHECK(misspelled_variables(silent).empty());
}

}  // namespace postern::cli
