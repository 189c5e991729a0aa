// What the admin listener answers, apart from its sockets.
//
// | path      | methods   | answer                                                                  |
// |-----------|-----------|-------------------------------------------------------------------------|
// | /livez    | GET       | 200 while the process runs                                              |
// | /readyz   | GET       | 200 while it serves, 503 while it drains or lacks keys (`ready_when`)   |
// | /metrics  | GET       | Prometheus text                                                         |
// | /providers| GET       | the keys of each provider, their age, the last error, what was skipped  |
// | /config   | GET       | the effective configuration as YAML, secrets redacted                   |
// | /reload   | POST      | 200, or 422 with every problem, a line each                             |
// | /drain    | POST      | 202; the drain begins when the answer is out                            |
// | /loglevel | GET, POST | the level; POST takes `?level=debug`, 400 for an unknown one            |
//
// Beside them are the pages of filters (FilterFactory::admin_pages): `/revocations`, `/keys`, `/keys/rotate`.
#pragma once

#include <optional>

#include "gateway/admin.hpp"
#include "gateway/admin_page.hpp"

namespace postern {

// The guard against web pages in an operator's browser (DNS rebinding, cross-site posts); nothing when the request may
// go on. On a loopback address the Host must be an IP address or `localhost`, so that a name that an attacker lets
// point here is refused: 403. On another address any Host may read, since whoever reaches the address may. A POST with
// an Origin needs such a Host everywhere, and the same host in the Origin. Clients that are no browsers send no Origin.
std::optional<AdminReply> refuse_foreign(const AdminRequest& request, bool on_loopback);

// The answer of the table above, or of a filter's page: 404 for an unknown path, 405 for a wrong method. HEAD is
// answered like GET. Both arguments must live until the answer is there.
Task<AdminReply> answer_admin(const AdminRequest& request, AdminActions& actions);

}  // namespace postern
