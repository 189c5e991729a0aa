#include "filters/token_service/metadata.hpp"

#include <algorithm>

#include "conf/url.hpp"

namespace postern::token_service {
namespace {

void add_new(std::vector<std::string>& known, const std::vector<std::string>& more) {
  for (const std::string& one : more) {
    if (std::find(known.begin(), known.end(), one) == known.end()) known.push_back(one);
  }
}

}  // namespace

MetadataFacts metadata_facts(const conf::TokenService& settings) {
  MetadataFacts facts;
  facts.issuer = settings.issuer;
  if (const auto url = conf::parse_url(settings.issuer)) facts.base = url->scheme() + "://" + url->authority();
  facts.base += settings.path;
  if (settings.has_users()) facts.grants = {"refresh_token"};
  for (const conf::TokenClient& client : settings.clients) {
    add_new(facts.scopes, client.scopes);
    add_new(facts.grants, client.grants);
  }
  return facts;
}

}  // namespace postern::token_service
