#include "filters/endpoint_messages.hpp"

#include <utility>

namespace postern::filters {

tl::expected<token_service::Parameters, Refusal> read_parameters(const RequestContext& request,
                                                                 token_service::Parameters::Accepts accepts) {
  const http::Field* type = request.request.fields.find(http::KnownField::content_type);
  return token_service::Parameters::parse(type == nullptr ? std::string_view() : type->value, request.body, accepts);
}

DirectReply private_json(std::string body) {
  return {200,
          {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"Pragma", "no-cache"}},
          std::move(body)};
}

}  // namespace postern::filters
