// From a provider's configuration to what is fetched, from where and how.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "conf/problems.hpp"
#include "filters/keys/remote_keys.hpp"

namespace postern::keys {

// Whether the provider's keys come from its issuer and not from files.
bool has_remote_keys(const conf::Provider& provider);

// Every `iss` that the provider accepts: with each of its tenants in the place of the placeholder.
std::vector<std::string> accepted_issuers(const conf::Provider& provider);

// Adds a file's `Name: value` lines to the headers of a fetch; empty ones and those that begin with `#` say nothing.
// What is wrong goes to `problems` at `path`; no error shows a value.
void read_headers(const conf::FilePath& file, const std::string& path, FetchOptions& options, conf::Problems& problems);

// HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the process, the lower-case twins first.
ProxySettings proxy_from_environment();

// Nothing when `problems` says why: a certificate file, the file of header lines. The configuration has been checked;
// of a provider whose text has mistakes nothing but these files is looked at.
std::optional<RemoteConfig> make_remote_config(const std::string& name, const conf::Provider& provider,
                                               const conf::FilePath& kept_in, conf::Problems& problems);

}  // namespace postern::keys
