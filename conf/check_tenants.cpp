#include "conf/check.hpp"
#include "conf/tenants.hpp"
#include "conf/tree.hpp"

namespace postern::conf {

std::string name_path(const AnyOr& list, std::size_t index, const std::string& path, Problems& problems) {
  const std::string item = item_path(path, index);
  return list.names.size() == 1 && !problems.places().has(item) ? path : item;
}

void check_tenants(const Provider& provider, const std::string& path, Problems& problems) {
  const std::string issuer_path = path + ".issuer", tenants_path = path + ".tenants";
  if (problems.is_settled(issuer_path) || problems.is_settled(tenants_path)) return;
  std::size_t templates = 0;
  for (std::size_t i = 0; i < provider.issuer.names.size(); ++i) {
    const std::string place = name_path(provider.issuer, i, issuer_path, problems);
    const auto placeholder = find_placeholder(provider.issuer.names[i]);
    if (!placeholder) {
      problems.add(place, placeholder.error());
    } else if (placeholder->size > 0) {
      ++templates;
      if (provider.tenants.empty())
        problems.add(place, "holds a placeholder: `tenants` must list what may stand there");
    }
  }
  if (provider.tenants.empty() || problems.is_settled(issuer_path)) return;
  if (templates == 0) {
    problems.add(tenants_path, "says nothing without a placeholder such as `{tenant}` in `issuer`");
  } else if (templates * provider.tenants.size() > max_tenant_issuers) {
    problems.add(tenants_path, "makes more than " + std::to_string(max_tenant_issuers) + " issuers");
  }
}

}  // namespace postern::conf
