// What the metadata says of a configuration. Pure.
#pragma once

#include "conf/token_service.hpp"
#include "filters/token_service/replies.hpp"

namespace postern::token_service {

// The endpoints are told at the issuer's origin, where clients reach the gateway. The scopes are those of all clients,
// each once.
MetadataFacts metadata_facts(const conf::TokenService& settings);

}  // namespace postern::token_service
