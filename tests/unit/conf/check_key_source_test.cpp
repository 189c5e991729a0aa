// Where keys come from: files or URLs, and what stands in the way of fetching them.
#include "sample.hpp"

using namespace postern::conf;

namespace {

const std::string other_ways =
    ": give `jwks_uri` or `discovery_url`, or the keys in `jwks_file`, `pem_file`, `secret_file` or `secret`";
const std::string plain_http =
    ": is http:// to another host, where whoever stands between can exchange the keys: write https://, or say "
    "`allow_http: true`";

// The complaints about a provider whose keys are fetched.
Lines fetched(const std::string& members) {
  return provider_complaints("audiences: b, " + members);
}

Lines with_issuer(const std::string& members) {
  return fetched("issuer: https://id.example.com, " + members);
}

}  // namespace

TEST_CASE("a provider is an issuer and audiences") {
  CHECK(provider_complaints("issuer: https://id.example.com, audiences: [a]") == Lines{});
  CHECK(provider_complaints("issuer: https://id.example.com/realms/shop/, audiences: any") == Lines{});
}

TEST_CASE("an issuer that cannot be asked for keys needs another way to them") {
  CHECK(fetched("issuer: any") == Lines{"providers.shop.issuer: `any` does not say whom to ask for keys" + other_ways});
  CHECK(fetched("issuer: joe") ==
        Lines{"providers.shop.issuer: is no URL, so that nobody can ask it for keys" + other_ways});
  CHECK(fetched("issuer: 'https://id.example.com/?realm=shop'") ==
        Lines{"providers.shop.issuer: has a query, so that its metadata cannot be found" + other_ways});
  for (const std::string way : {"jwks_uri: https://a", "discovery_url: https://a", "jwks_file: a", "pem_file: a",
                                "secret_file: a", "secret: a"}) {
    CAPTURE(way);
    for (const char* issuer : {"any", "joe", "'https://id.example.com/?realm=shop'", "urn:a"}) {
      CHECK(fetched(std::string("issuer: ") + issuer + ", " + way) == Lines{});
    }
  }
}

TEST_CASE("of several issuers the first is asked for keys") {
  CHECK(fetched("issuer: [https://accounts.example.com, accounts.example.com]") == Lines{});
  CHECK(fetched("issuer: [accounts.example.com, https://accounts.example.com]") ==
        Lines{"providers.shop.issuer[0]: is no URL, so that nobody can ask it for keys" + other_ways});
}

TEST_CASE("an issuer that is asked for keys is a URL without a password, a space or a fragment") {
  CHECK(fetched("issuer: https://u:hunter2@id.example.com") ==
        Lines{"providers.shop.issuer: must not hold a user or a password; they would end up in logs"});
  CHECK(fetched("issuer: https://id.example.com/my shop") ==
        Lines{"providers.shop.issuer: must be printable ASCII without spaces; other characters are percent-encoded"});
  CHECK(fetched("issuer: 'https://id.example.com/#a'") ==
        Lines{"providers.shop.issuer: must not have a fragment (`#`)"});
  CHECK(fetched("issuer: ftp://id.example.com") ==
        Lines{"providers.shop.issuer: must be a URL that begins with `https://` or `http://`"});
}

TEST_CASE("keys are found by discovery or at an address, not both") {
  CHECK(with_issuer("jwks_uri: https://a/keys, discovery_url: https://a/metadata") ==
        Lines{"providers.shop.discovery_url: cannot stand beside `jwks_uri`: the metadata would say where the keys "
              "are, and nobody would ask it"});
}

TEST_CASE("keys come from files or from URLs") {
  for (const std::string keys : {"jwks_file", "pem_file", "secret_file", "secret"}) {
    for (const std::string url : {"jwks_uri", "discovery_url"}) {
      CHECK(fetched("issuer: a, " + keys + ": x, " + url + ": https://a") ==
            Lines{"providers.shop." + url + ": cannot stand beside `" + keys + "`: keys come from files or from URLs"});
    }
  }
}

TEST_CASE("what is about fetching says nothing when the keys come from files") {
  for (const std::string member :
       {"min_refresh: 2s", "max_refresh: 2h", "max_stale: 2d", "unknown_kid_cooldown: 2s", "fetch_timeout: 2s",
        "allow_http: true", "allow_link_local: true", "ca_file: x", "fetch_headers_file: x", "proxy: none"}) {
    CAPTURE(member);
    const std::string key = member.substr(0, member.find(':'));
    CHECK(with_issuer("jwks_file: k, " + member) ==
          Lines{"providers.shop." + key + ": says nothing when the keys come from files"});
    CHECK(with_issuer("secret: k, " + member) ==
          Lines{"providers.shop." + key + ": says nothing when the keys come from files"});
    CHECK(with_issuer(member) == Lines{});
  }
  CHECK(with_issuer("jwks_file: k, certificate_file: x, key_file: y") ==
        Lines{"providers.shop.certificate_file: says nothing when the keys come from files",
              "providers.shop.key_file: says nothing when the keys come from files"});
}

TEST_CASE("a member at its default may stand beside files, as `config print` writes it") {
  CHECK(with_issuer("jwks_file: k, min_refresh: 1m, max_refresh: 15m, max_stale: 1d, unknown_kid_cooldown: 30s, "
                    "fetch_timeout: 5s, allow_http: false, allow_link_local: false") == Lines{});
}

TEST_CASE("plain HTTP is for loopback, elsewhere it must be allowed") {
  for (const std::string host : {"127.0.0.1:8080", "127.1.2.3", "localhost", "id.localhost:1"}) {
    CAPTURE(host);
    CHECK(fetched("issuer: 'http://" + host + "/realms/a'") == Lines{});
    CHECK(fetched("issuer: any, jwks_uri: 'http://" + host + "'") == Lines{});
  }
  CHECK(fetched("issuer: 'http://[::1]:8080'") == Lines{});
  CHECK(fetched("issuer: http://id.internal") == Lines{"providers.shop.issuer" + plain_http});
  CHECK(fetched("issuer: any, jwks_uri: http://10.0.0.1") == Lines{"providers.shop.jwks_uri" + plain_http});
  CHECK(fetched("issuer: any, discovery_url: http://id.internal") ==
        Lines{"providers.shop.discovery_url" + plain_http});
  CHECK(fetched("issuer: http://id.internal, allow_http: true") == Lines{});
  CHECK(fetched("issuer: any, jwks_uri: http://10.0.0.1, allow_http: true") == Lines{});
  CHECK(fetched("issuer: any, discovery_url: http://id.internal, allow_http: true") == Lines{});
  // The issuer is only compared then.
  CHECK(fetched("issuer: http://id.internal, jwks_uri: https://id.internal") == Lines{});
}

TEST_CASE("a URL that cannot be fetched is told once, and the issuer is not blamed") {
  for (const std::string key : {"jwks_uri", "discovery_url"}) {
    CHECK(fetched("issuer: any, " + key + ": id.example.com") ==
          Lines{"providers.shop." + key + ": must be a URL that begins with `https://` or `http://`"});
    CHECK(fetched("issuer: any, " + key + ": https://u:hunter2@id.example.com") ==
          Lines{"providers.shop." + key + ": must not hold a user or a password; they would end up in logs"});
    CHECK(fetched("issuer: any, " + key + ": ''") == Lines{"providers.shop." + key + ": must not be empty"});
    CHECK(fetched("issuer: any, " + key + ": 'https://id.example.com/{tenant}'") ==
          Lines{"providers.shop." + key + ": holds braces; only `issuer` has a placeholder for tenants"});
  }
}

TEST_CASE("keys that were meant but are wrong leave nothing to say about fetching") {
  CHECK(fetched("issuer: any, jwks_file: []") == Lines{"providers.shop.jwks_file: must not be empty"});
  CHECK(fetched("issuer: any, secret: '', algorithms: [HS256], secret_encoding: hex") ==
        Lines{"providers.shop.secret: must not be empty"});
  CHECK(fetched("issuer: joe, jwks_fil: k") ==
        Lines{"providers.shop.jwks_fil: unknown key; did you mean `jwks_file`?"});
}

TEST_CASE("a secret is never fetched") {
  for (const std::string algorithm : {"HS256", "HS384", "HS512"}) {
    CHECK(with_issuer("algorithms: [RS256, " + algorithm + "]") ==
          Lines{"providers.shop.algorithms[1]: needs a secret (`secret_file`): the keys that are fetched are public "
                "ones"});
  }
  CHECK(with_issuer("algorithms: [RS256, EdDSA]") == Lines{});
  CHECK(with_issuer("secret_encoding: hex") == Lines{"providers.shop.secret_encoding: says nothing without a secret"});
}

TEST_CASE("a provider's client certificate comes with its key") {
  CHECK(with_issuer("certificate_file: c") == Lines{"providers.shop.certificate_file: needs `key_file`"});
  CHECK(with_issuer("key_file: c") == Lines{"providers.shop.key_file: needs `certificate_file`"});
  CHECK(with_issuer("certificate_file: c, key_file: k, ca_file: a, fetch_headers_file: h") == Lines{});
}

TEST_CASE("a proxy is spoken to without TLS") {
  const std::string form =
      "providers.shop.proxy: must be an http:// URL such as `http://proxy.example.com:3128`, or `none`";
  CHECK(with_issuer("proxy: 'http://proxy:3128'") == Lines{});
  CHECK(with_issuer("proxy: none") == Lines{});
  CHECK(with_issuer("proxy: 'proxy:3128'") == Lines{form});
  CHECK(with_issuer("proxy: https://proxy") == Lines{form + "; TLS to the provider goes through it"});
  CHECK(with_issuer("proxy: http://u:hunter2@proxy") ==
        Lines{"providers.shop.proxy: must not hold a user or a password; they would end up in logs"});
  CHECK(with_issuer("proxy: http://proxy/a") ==
        Lines{"providers.shop.proxy: must end after host and port, without a path"});
}

TEST_CASE("times that bound each other are told where they were written") {
  CHECK(with_issuer("min_refresh: 2m, max_refresh: 2m, max_stale: 2m") == Lines{});
  CHECK(with_issuer("min_refresh: 2m, max_refresh: 119s") ==
        Lines{"providers.shop.max_refresh: must be at least `min_refresh`, which is `2m`"});
  CHECK(with_issuer("max_refresh: 30s") ==
        Lines{"providers.shop.max_refresh: must be at least `min_refresh`, which is `1m`"});
  CHECK(with_issuer("min_refresh: 16m") ==
        Lines{"providers.shop.min_refresh: must be at most `max_refresh`, which is `15m`"});
  CHECK(with_issuer("max_refresh: 1h, max_stale: 3599s") ==
        Lines{"providers.shop.max_stale: must be at least `max_refresh`, which is `1h`"});
  CHECK(with_issuer("max_stale: 14m") ==
        Lines{"providers.shop.max_stale: must be at least `max_refresh`, which is `15m`"});
}
