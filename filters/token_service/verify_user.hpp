// Accounts of another service, which gets each login's credentials and answers with claims (`verify_url`).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/url.hpp"
#include "filters/keys/fetch.hpp"
#include "filters/token_service/accounts.hpp"

namespace postern::token_service {

class VerifyingService final : public Accounts {
 public:
  VerifyingService(conf::Url url, keys::FetchOptions options, std::vector<std::string> access_claims)
      : url_(std::move(url)), options_(std::move(options)), access_claims_(std::move(access_claims)) {}

  accounts::NamesDiffer names_differ() const noexcept override { return accounts::NamesDiffer::loosely; }
  // One POST on a connection of its own. No error and no log holds what was sent or answered.
  Task<tl::expected<KnownAccount, Refusal>> check(accounts::Credentials credentials) const override;
  // The claims of the login: nobody is asked, and no session is over by itself.
  Task<tl::expected<Json, Refusal>> look_again(state::Family family) const override;

 private:
  conf::Url url_;
  keys::FetchOptions options_;
  std::vector<std::string> access_claims_;
};

// What a session keeps of an account: the username, and those claims that may enter access tokens. Refuses
// credentials_unavailable when these are longer than a user file's may be (accounts::most_claims_bytes, as JSON).
tl::expected<std::string, Refusal> kept_claims(std::string_view username, const Json& claims,
                                               const std::vector<std::string>& access_claims);

// The claims in it; none for a session that began while the users were in a file.
Json claims_of_kept(std::string_view kept);

// `verify_url` must be there. Null and `problems` when a file cannot be used.
std::shared_ptr<const Accounts> make_verifying_service(const conf::TokenService& settings, conf::Problems& problems);

}  // namespace postern::token_service
