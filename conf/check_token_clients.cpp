#include <algorithm>

#include "conf/check.hpp"
#include "conf/tree.hpp"

namespace postern::conf {
namespace {

void check_id(const std::vector<TokenClient>& clients, std::size_t index, const std::string& path, Problems& problems) {
  const std::string& id = clients[index].id;
  if (problems.is_settled(path)) return;
  if (id == own_client) {
    problems.add(path, "is the client of the service's own logins");
  } else if (std::any_of(clients.begin(), clients.begin() + static_cast<std::ptrdiff_t>(index),
                         [&](const TokenClient& earlier) { return earlier.id == id; })) {
    problems.add(path, "is another client's as well");
  }
}

void check_audiences(const TokenService& service, const std::vector<std::string>& audiences, const std::string& path,
                     Problems& problems) {
  if (problems.is_settled("token_service.audiences")) return;
  for (std::size_t i = 0; i < audiences.size(); ++i) {
    const auto& known = service.audiences;
    if (std::find(known.begin(), known.end(), audiences[i]) != known.end()) continue;
    problems.add(item_path(path, i), "is no audience of the service, which would refuse the token");
  }
}

}  // namespace

void check_token_clients(const TokenService& service, Problems& problems) {
  for (std::size_t i = 0; i < service.clients.size(); ++i) {
    const TokenClient& client = service.clients[i];
    const std::string path = item_path("token_service.clients", i);
    check_id(service.clients, i, path + ".id", problems);
    check_audiences(service, client.audiences, path + ".audiences", problems);
    if (client.grants.empty() && !client.introspect && !problems.is_settled(path + ".grants")) {
      problems.add(path, "may do nothing: it has neither `grants` nor `introspect`");
    }
  }
}

}  // namespace postern::conf
