#include "filters/endpoint_messages.hpp"

#include <utility>

#include "gateway/client_address.hpp"

namespace postern::filters {

tl::expected<token_service::Parameters, Refusal> read_parameters(const RequestContext& request,
                                                                 token_service::Parameters::Accepts accepts) {
  const http::Field* type = request.request.fields.find("Content-Type");
  return token_service::Parameters::parse(type == nullptr ? std::string_view() : type->value, request.body, accepts);
}

CidrSet trusted_proxies_of(const conf::Config& config) {
  CidrSet proxies;
  for (const std::string& block : config.trusted_proxies) proxies.add(block);
  return proxies;
}

std::string counted_address(const RequestContext& request, const CidrSet& trusted_proxies) {
  const auto peer = boost::asio::ip::make_address(std::string(request.client_address));
  return client_address(request.request.fields, peer, trusted_proxies);
}

DirectReply private_json(std::string body) {
  return {200,
          {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"Pragma", "no-cache"}},
          std::move(body)};
}

}  // namespace postern::filters
