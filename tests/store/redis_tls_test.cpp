// A Redis behind TLS: `rediss://`.
#include <doctest/doctest.h>

#include "tests/store/redis_clients.hpp"
#include "tests/unit/keys/certificates.hpp"

namespace postern::state {
namespace {

using Kind = StoreError::Kind;

// A server with a port for TLS beside its plain one; its certificate is of the name redis.example.
struct TlsServer {
  TemporaryFolder folder{"postern-tls-"};
  keys::Certificate authority = keys::make_certificate("authority", "", nullptr);
  keys::Certificate own = keys::make_certificate("redis", "DNS:redis.example", &authority);
  conf::FilePath ca_file = write_certificate(folder, "ca.pem", authority);
  std::uint16_t port = free_port();
  RedisServer server{{"--tls-port", std::to_string(port), "--tls-cert-file",
                      write_certificate(folder, "own.pem", own).resolved, "--tls-key-file",
                      write_key(folder, "own.key", own).resolved, "--tls-ca-cert-file", ca_file.resolved,
                      "--tls-auth-clients", "optional"}};

  // What trusts the authority and looks for that name; empty: for the URL's host.
  conf::UpstreamTls trusting(const std::string& name) const {
    conf::UpstreamTls settings;
    settings.ca_file = ca_file;
    settings.server_name = name;
    return settings;
  }
  RedisOptions options(const conf::UpstreamTls& tls) const {
    RedisOptions options = options_of(server);
    options.url.tls = true;
    options.url.port = port;
    options.tls = keys::make_client_tls(tls);
    options.timeout = std::chrono::milliseconds(300);
    return options;
  }
};

// How a call fails, while others do.
struct Failing {
  explicit Failing(const RedisOptions& options) : store(open_redis_store(options)) {
    store->revoke(revocation_of("s"), answer.done());
  }
  std::string detail() {
    const auto outcome = answer.wait();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == Kind::unreachable);
    return outcome.error().detail;
  }

  Answer<std::uint64_t> answer;
  std::unique_ptr<Store> store;
};

}  // namespace

TEST_CASE("A store over TLS calls and follows when authority and name are the configured ones") {
  const TlsServer tls;
  Known known;
  const auto store = open_redis_store(tls.options(tls.trusting("redis.example")));
  store->follow(known.follower());
  CHECK(healed_revoke(*store, "a") == 1);
  known.wait_for({"a"});
  CHECK(tls.server.ask({"GET", "{postern}:sequence"}) == "1");
}

TEST_CASE("A store over TLS comes with a certificate of its own where the server asks for one") {
  const TlsServer tls;
  CHECK(tls.server.ask({"CONFIG", "SET", "tls-auth-clients", "yes"}) == "OK");
  conf::UpstreamTls settings = tls.trusting("redis.example");
  CHECK(failed_call(*open_redis_store(tls.options(settings))).error.kind == Kind::unreachable);
  const keys::Certificate client = keys::make_certificate("gate", "", &tls.authority);
  settings.certificate_file = write_certificate(tls.folder, "client.pem", client);
  settings.key_file = write_key(tls.folder, "client.key", client);
  CHECK(healed_revoke(*open_redis_store(tls.options(settings)), "a") == 1);
}

TEST_CASE("A store over TLS does not talk to a server of another authority, or of another name") {
  const TlsServer tls;
  const keys::Certificate stranger = keys::make_certificate("stranger", "", nullptr);
  conf::UpstreamTls settings = tls.trusting("redis.example");
  settings.ca_file = write_certificate(tls.folder, "other.pem", stranger);
  Failing other_authority(tls.options(settings));
  Failing other_name(tls.options(tls.trusting("other.example")));
  Failing no_name(tls.options(tls.trusting("")));  // the URL's host is looked for
  CHECK(other_authority.detail().find(", certificate: self") != std::string::npos);
  CHECK(other_name.detail().ends_with(", certificate: hostname mismatch"));
  CHECK(no_name.detail().ends_with(", certificate: IP address mismatch"));
  CHECK(tls.server.ask({"DBSIZE"}) == "0");
}

TEST_CASE("A store without TLS at a port for TLS, and one with TLS at a plain port, fail in their time") {
  const TlsServer tls;
  RedisOptions plain = options_of(tls.server);
  plain.url.port = tls.port;
  plain.timeout = std::chrono::milliseconds(200);
  RedisOptions secure = tls.options(tls.trusting("redis.example"));
  secure.url.port = tls.server.port();
  Failing without_tls(plain);
  Failing with_tls(secure);
  for (Failing* const failing : {&without_tls, &with_tls}) CHECK_FALSE(failing->detail().empty());
  CHECK(tls.server.ask({"DBSIZE"}) == "0");
}

}  // namespace postern::state
