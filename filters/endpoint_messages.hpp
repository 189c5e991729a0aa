// What the token service's endpoints have in common: how they read a body, and how they answer with tokens.
#pragma once

#include <cstddef>
#include <string>
#include <tl/expected.hpp>

#include "filters/token_service/parameters.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

// Of a request's body, in bytes.
inline constexpr std::size_t endpoint_body_limit = 16 * 1024;

// Of the body, by its Content-Type.
tl::expected<token_service::Parameters, Refusal> read_parameters(const RequestContext& request,
                                                                 token_service::Parameters::Accepts accepts);

// 200 with JSON that no cache may keep (RFC 6749 section 5.1).
DirectReply private_json(std::string body);

}  // namespace postern::filters
