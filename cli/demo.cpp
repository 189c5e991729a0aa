#include "cli/demo.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <ostream>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/temporary_folder.hpp"
#include "cli/command_line.hpp"
#include "cli/demo_sessions.hpp"
#include "cli/demo_signer.hpp"
#include "cli/demo_upstream.hpp"
#include "filters/registry.hpp"
#include "gateway/server.hpp"

namespace postern::cli {
namespace {

constexpr std::string_view issuer = "https://id.demo.example";
constexpr std::string_view audience = "demo-api";
constexpr std::int64_t day = 86'400;

// The address with that port on loopback, or with port 0 (the kernel chooses) when the port is taken.
std::string loopback_address(std::uint16_t port) {
  using boost::asio::ip::tcp;
  boost::asio::io_context io;
  tcp::acceptor probe(io, tcp::v4());
  probe.set_option(
      tcp::acceptor::reuse_address(true));  // as the gateway will, or a demo before this one would be in the way
  boost::system::error_code taken;
  probe.bind({boost::asio::ip::address_v4::loopback(), port}, taken);
  return "127.0.0.1:" + std::to_string(taken ? 0 : port);
}

std::string make_config(const std::string& listen, const std::string& admin, const std::string& upstream_url) {
  return "listeners:\n  - address: '" + listen + "'\nadmin: {address: '" + admin + "'}\n" +
         "providers:\n  demo:\n    issuer: " + std::string(issuer) + "\n    audiences: [" + std::string(audience) +
         "]\n    jwks_file: jwks.json\n" + make_sessions_config("users.yaml", "state.db") +
         "upstreams:\n  echo:\n    endpoints: ['" + upstream_url + "']\n" +
         R"(routes:
  - name: orders
    match: {path_prefix: /orders}
    upstream: echo
    jwt: {providers: [demo], scopes: ["orders:read"]}
    claim_headers: {sub: X-User-Id, realm_access.roles: {header: X-Roles, format: csv}}
  - name: health
    match: {path: /healthz}
    upstream: echo
    public: true
)" + make_sessions_route("echo");
}

std::string make_claims(std::string_view for_audience, std::int64_t issued, std::int64_t expires) {
  return R"({"iss":")" + std::string(issuer) + R"(","aud":")" + std::string(for_audience) +
         R"(","sub":"alice","scope":"orders:read","realm_access":{"roles":["buyer","admin"]},"iat":)" +
         std::to_string(issued) + R"(,"exp":)" + std::to_string(expires) + "}";
}

// The requests to try, each as a curl line under a line that says what will come back.
std::string make_instructions(const DemoSigner& signer, const std::string& base, std::int64_t now) {
  const std::string valid = signer.sign(make_claims(audience, now, now + day));
  const std::string expired = signer.sign(make_claims(audience, now - 2 * day, now - day));
  const std::string forged = DemoSigner().sign(make_claims(audience, now, now + day));  // right claims, another key
  const std::string elsewhere = signer.sign(make_claims("another-api", now, now + day));
  const auto line = [&base](std::string_view title, const std::string& token, const std::string& more = "") {
    const std::string bearer = token.empty() ? "" : "-H 'Authorization: Bearer " + token + "' ";
    return "# " + std::string(title) + "\ncurl -i " + bearer + more + base + "/orders/1\n\n";
  };
  return line("valid: 200, and the upstream sees X-User-Id and X-Roles instead of the token", valid) +
         line("missing: 401 token_missing", "") + line("expired: 401 token_expired", expired) +
         line("forged: 401 signature_invalid", forged) + line("wrong audience: 401 audience_mismatch", elsewhere) +
         line("valid, with a header that only the gateway may set: 200, and it is still alice", valid,
              "-H 'X-User-Id: root' ") +
         "# public: 200 without a token\ncurl -i " + base + "/healthz\n\n";
}

std::string make_welcome(const std::vector<std::string>& addresses, const std::string& upstream_url,
                         const std::string& config_file, const std::string& instructions) {
  return "\npostern listens on http://" + addresses.front() + " in front of a sample upstream on " + upstream_url +
         ",\nwhich answers with what it received. Paste these lines into another terminal:\n\n" + instructions +
         "configuration  " + config_file + "\nwhy a token is refused  postern explain -c " + config_file +
         " TOKEN\nadmin  curl http://" + addresses.back() +
         "/metrics\n\nThe access log follows. Ctrl-C ends the demo and removes its files.\n\n";
}

}  // namespace

int run_demo(const DemoOptions& options, std::ostream& out) {
  const TemporaryFolder folder("postern-demo-");
  const DemoSigner signer;
  const DemoUpstream upstream;
  const DemoUsers users = make_demo_users();
  const std::string listen = options.listen.empty() ? loopback_address(8080) : options.listen;
  folder.write("jwks.json", signer.jwks());
  folder.write("users.yaml", make_users_file(users));
  const std::string config_file =
      folder.write("postern.yaml", make_config(listen, loopback_address(9901), upstream.url()));

  ServerOptions server;
  server.load = [&] { return conf::load_file(config_file, process_environment()); };
  token_service::Engine tokens;  // outlives the server, whose requests wait for it
  server.make_filters = [&](const conf::Config& config, conf::Problems& problems) {
    return filters::make_filters(config, {nullptr, &tokens}, problems);  // its provider has its keys in a file
  };
  server.on_end = [&] { tokens.stop(); };
  server.version = program_version();
  server.on_serving = [&](const std::vector<std::string>& addresses) {
    const std::string base = "http://" + addresses.front();
    const std::string instructions = make_instructions(signer, base, static_cast<std::int64_t>(unix_now())) +
                                     "In this order and in one shell, tokens that postern issues itself:\n\n" +
                                     make_sessions_lines(users, base, folder.path_of("cookies"));
    out << make_welcome(addresses, upstream.url(), config_file, instructions) << std::flush;
  };
  return run_server(server);
}

}  // namespace postern::cli
