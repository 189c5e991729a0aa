// The client's side of TLS: to upstreams, and to a store.
#pragma once

#include <string>

#include "conf/values.hpp"

namespace postern::conf {

struct UpstreamTls {
  FilePath ca_file;         // empty: the system's certificates
  std::string server_name;  // SNI and name check; empty: the endpoint's host
  bool verify = true;
  FilePath certificate_file;  // client certificate
  FilePath key_file;
  bool operator==(const UpstreamTls&) const = default;
};

}  // namespace postern::conf
