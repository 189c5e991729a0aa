#include "filters/providers.hpp"

#include <doctest/doctest.h>
#include <openssl/pem.h>

#include "base/temporary_folder.hpp"
#include "tests/unit/jose/mint.hpp"

using namespace postern;
using namespace postern::filters;

namespace {

// A folder for one test, removed with it.
class Folder {
 public:
  conf::FilePath write(const std::string& name, const std::string& bytes) const {
    return {name, folder_.write(name, bytes)};
  }
  conf::FilePath missing() const { return {"missing", folder_.path_of("missing")}; }

 private:
  TemporaryFolder folder_{"postern-keys-"};
};

std::string pem(const mint::SigningKey& key) {
  BIO* bio = BIO_new(BIO_s_mem());
  REQUIRE(PEM_write_bio_PUBKEY(bio, key.pair.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

// `path: message` of the only error.
std::string only_error(const conf::Problems& problems) {
  REQUIRE(problems.errors().size() == 1);
  return problems.errors()[0].path + ": " + problems.errors()[0].message;
}

// `path: message` of each warning.
std::string warnings_of(const conf::Problems& problems) {
  std::string text;
  for (const conf::Problem& warning : problems.warnings()) text += warning.path + ": " + warning.message + "\n";
  return text;
}

mint::SigningKey weak_key() {
  return mint::generate("RS256", "weak", 1024);
}

constexpr const char* odd_jwk = R"({"kty":"RSA","kid":"odd","n":"AQ","e":"AQAB"})";

bool starts_with(const std::string& text, std::string_view start) {
  return text.starts_with(start);
}

const std::string secret_32(32, 's');

}  // namespace

TEST_CASE("keys of several files of one provider are all used") {
  const Folder folder;
  const auto one = mint::generate("ES256", "one"), two = mint::generate("ES256", "two"),
             three = mint::generate("EdDSA");
  conf::Provider provider;
  provider.jwks_file = {folder.write("a.json", mint::jwks({mint::jwk(one)})), folder.write("b.json", mint::jwk(two))};
  provider.pem_file = {folder.write("c.pem", pem(three))};
  conf::Problems problems;
  const auto loaded = load_provider("shop", provider, problems);
  CHECK_FALSE(problems.any());
  CHECK(problems.warnings().empty());
  CHECK(loaded->source->keys()->keys().size() == 3);
  CHECK(loaded->rules.provider == "shop");
}

TEST_CASE("a key that cannot be used is named in a warning and skipped") {
  const Folder folder;
  conf::Provider provider;
  provider.jwks_file = {folder.write("a.json", mint::jwks({odd_jwk, mint::jwk(mint::shared_key("ES256"))}))};
  conf::Problems problems;
  const auto loaded = load_provider("shop", provider, problems);
  CHECK_FALSE(problems.any());
  CHECK(loaded->source->keys()->keys().size() == 1);
  REQUIRE(problems.warnings().size() == 1);
  CHECK(problems.warnings()[0].path == "providers.shop.jwks_file[0]");
  CHECK(starts_with(problems.warnings()[0].message, provider.jwks_file[0].resolved + ": key \"odd\" skipped: "));
}

TEST_CASE("a weak key in a PEM file is named in a warning and skipped, the good one beside it is used") {
  const Folder folder;
  conf::Provider provider;
  provider.pem_file = {folder.write("keys.pem", pem(mint::shared_key("ES256")) + pem(weak_key()))};
  conf::Problems problems;
  const auto loaded = load_provider("shop", provider, problems);
  CHECK_FALSE(problems.any());
  CHECK(loaded->source->keys()->keys().size() == 1);
  CHECK(warnings_of(problems) == "providers.shop.pem_file[0]: " + provider.pem_file[0].resolved +
                                     ": key #2 (\"PUBLIC KEY\") skipped: RSA modulus has 1024 bits, 2048 needed\n");
  const auto skipped = loaded->source->status().skipped;
  REQUIRE(skipped.size() == 1);
}

TEST_CASE("a file without a usable key is named and passed over as long as another one has a key") {
  const Folder folder;
  const conf::FilePath good = folder.write("good.pem", pem(mint::shared_key("ES256"))),
                       weak = folder.write("weak.pem", pem(weak_key())),
                       odd = folder.write("odd.json", mint::jwks({odd_jwk})),
                       empty = folder.write("empty.json", R"({"keys":[]})");
  conf::Provider provider;
  provider.jwks_file = {odd, empty};
  provider.pem_file = {good, weak};
  conf::Problems problems;
  const auto loaded = load_provider("shop", provider, problems);
  CHECK_FALSE(problems.any());
  CHECK(loaded->source->keys()->keys().size() == 1);
  CHECK(warnings_of(problems) == "providers.shop.jwks_file[0]: " + odd.resolved +
                                     ": key \"odd\" skipped: RSA modulus has 1 bits, 2048 needed\n" +
                                     "providers.shop.jwks_file[1]: " + empty.resolved + ": there is no key in it\n" +
                                     "providers.shop.pem_file[1]: " + weak.resolved +
                                     ": key #1 (\"PUBLIC KEY\") skipped: RSA modulus has 1024 bits, 2048 needed\n");
}

TEST_CASE("a provider without any usable key is an error that names each file with its reason") {
  const Folder folder;
  conf::Provider provider;
  provider.jwks_file = {folder.write("odd.json", mint::jwks({odd_jwk, odd_jwk})),
                        folder.write("empty.json", R"({"keys":[]})")};
  provider.pem_file = {folder.write("weak.pem", pem(weak_key()))};
  conf::Problems problems;
  load_provider("shop", provider, problems);
  CHECK(only_error(problems) ==
        "providers.shop: no usable key: every token would be refused (" + provider.jwks_file[0].resolved +
            ": key \"odd\": RSA modulus has 1 bits, 2048 needed, and 1 more; " + provider.jwks_file[1].resolved +
            ": there is no key in it; " + provider.pem_file[0].resolved +
            ": key #1 (\"PUBLIC KEY\"): RSA modulus has 1024 bits, 2048 needed)");
}

TEST_CASE(
    "of a provider whose text has mistakes every file is still looked at, and nothing is told that may be a guess") {
  const Folder folder;
  conf::Provider provider;
  provider.pem_file = {folder.missing(), folder.write("weak.pem", pem(weak_key()))};
  provider.jwks_file = {folder.missing()};
  conf::Problems problems;
  problems.add("providers.shop.leewya", "unknown key");
  problems.add("providers.shop.jwks_file[0]", "is in the list already");
  load_provider("shop", provider, problems);
  REQUIRE(problems.errors().size() == 3);
  CHECK(problems.errors()[2].path == "providers.shop.pem_file[0]");

  // Another kind may be what the text meant.
  provider.jwks_file = {};
  provider.pem_file = {folder.write("good.pem", pem(mint::shared_key("ES256")))};
  provider.secret_file = {folder.write("short", "s")};
  conf::Problems mixed;
  mixed.add("providers.shop", "mixes a secret with public keys");
  load_provider("shop", provider, mixed);
  CHECK(mixed.errors().size() == 1);
}

TEST_CASE("of a provider that fetches its keys the files are looked at whatever else its text says") {
  const Folder folder;
  conf::Config config;
  conf::Provider& provider = config.providers["shop.eu"];
  provider.issuer.names = {"no URL"};
  provider.ca_file = folder.missing();
  provider.certificate_file = folder.missing();
  provider.key_file = folder.missing();
  provider.fetch_headers_file = folder.missing();
  conf::Problems problems;
  problems.add("providers[\"shop.eu\"].issuer", "is no URL");
  load_providers(config, nullptr, problems);
  std::string paths;
  for (const conf::Problem& problem : problems.errors()) paths += problem.path + "\n";
  const std::string base = "providers[\"shop.eu\"].";
  CHECK(paths == base + "issuer\n" + base + "ca_file\n" + base + "certificate_file\n" + base + "key_file\n" + base +
                     "fetch_headers_file\n");
}

TEST_CASE("a file that cannot be read or is no key file is an error at its place") {
  const Folder folder;
  conf::Provider jwks, pem_keys, secret;
  jwks.jwks_file = {folder.missing(), folder.write("x.json", "<html>")};
  pem_keys.pem_file = {folder.missing(), folder.write("x.pem", "no key")};
  secret.secret_file = {folder.missing(), folder.write("empty", "\n")};
  conf::Problems problems;
  load_provider("a", jwks, problems);
  load_provider("b", pem_keys, problems);
  load_provider("c", secret, problems);
  REQUIRE(problems.errors().size() == 6);
  const char* paths[] = {"providers.a.jwks_file[0]", "providers.a.jwks_file[1]",   "providers.b.pem_file[0]",
                         "providers.b.pem_file[1]",  "providers.c.secret_file[0]", "providers.c.secret_file[1]"};
  for (std::size_t i = 0; i < 6; ++i) CHECK(problems.errors()[i].path == paths[i]);
}

TEST_CASE("a provider without files and secrets gets its keys from its issuer, and none as long as nobody fetches") {
  conf::Provider provider;
  provider.issuer.names = {"https://id.example.com"};
  conf::Problems problems;
  const auto loaded = load_provider("shop", provider, problems);
  CHECK_FALSE(problems.any());
  CHECK(loaded->source->keys() == nullptr);
  CHECK(loaded->source->status().state == ProviderStatus::State::loading);
}

TEST_CASE("a secret file and its twin in the configuration give HMAC keys and HS256") {
  const Folder folder;
  conf::Provider provider;
  provider.secret_file = {folder.write("s", secret_32 + "\n")};
  provider.secret = Secret(std::string(32, 't'));
  conf::Problems problems;
  const auto loaded = load_provider("shop", provider, problems);
  CHECK_FALSE(problems.any());
  REQUIRE(loaded->source->keys()->keys().size() == 2);
  CHECK(loaded->source->keys()->keys()[0].secret.reveal() == secret_32);
  CHECK(loaded->rules.algorithms.holds(*jose::find_algorithm("HS256")));
  CHECK_FALSE(loaded->rules.algorithms.holds(*jose::find_algorithm("RS256")));
}

TEST_CASE("a JWKS file of oct keys alone counts as secrets") {
  const Folder folder;
  conf::Provider provider;
  provider.jwks_file = {folder.write("a.json", mint::jwks({mint::jwk(mint::generate("HS256"))}))};
  conf::Problems problems;
  const auto loaded = load_provider("shop", provider, problems);
  CHECK_FALSE(problems.any());
  CHECK(loaded->rules.algorithms.holds(*jose::find_algorithm("HS256")));
}

TEST_CASE("secrets and public keys in one provider are an error, in two files or in one") {
  const Folder folder;
  conf::Provider two_files;
  two_files.jwks_file = {folder.write("a.json", mint::jwk(mint::shared_key("ES256")))};
  two_files.secret_file = {folder.write("s", secret_32)};
  conf::Problems problems;
  load_provider("shop", two_files, problems);
  CHECK(starts_with(only_error(problems), "providers.shop.secret_file[0]: "));

  conf::Provider one_file;
  one_file.jwks_file = {folder.write(
      "b.json", mint::jwks({mint::jwk(mint::shared_key("ES256")), mint::jwk(mint::generate("HS256", "h"))}))};
  conf::Problems mixed;
  load_provider("shop", one_file, mixed);
  CHECK(starts_with(only_error(mixed), "providers.shop.jwks_file[0]: "));
}

TEST_CASE("an HMAC key of the digest's length is used, one byte less is an error") {
  const Folder folder;
  for (const auto& [algorithm, bytes] : {std::pair{"HS256", 32}, {"HS384", 48}, {"HS512", 64}}) {
    const auto length = static_cast<std::size_t>(bytes);
    conf::Provider provider;
    provider.algorithms = {algorithm};
    provider.secret_file = {folder.write("long", std::string(length, 's'))};
    conf::Problems none;
    load_provider("shop", provider, none);
    CHECK_FALSE(none.any());
    provider.secret_file = {folder.write("short", std::string(length - 1, 's'))};
    conf::Problems problems;
    load_provider("shop", provider, problems);
    CHECK(starts_with(only_error(problems), "providers.shop.secret_file[0]: "));
  }
}

TEST_CASE("keys that no allowed algorithm can use are an error") {
  const Folder folder;
  conf::Provider provider;
  provider.jwks_file = {folder.write("a.json", mint::jwk(mint::shared_key("ES256")))};
  provider.algorithms = {"RS256"};
  conf::Problems problems;
  load_provider("shop", provider, problems);
  CHECK(starts_with(only_error(problems), "providers.shop: no key"));
}

TEST_CASE("an error never tells the secret") {
  conf::Provider provider;
  provider.secret = Secret("hunter2");
  conf::Problems problems;
  load_provider("shop", provider, problems);
  CHECK(only_error(problems).find("hunter2") == std::string::npos);
  provider.secret_encoding = conf::SecretEncoding::hex;
  conf::Problems encoded;
  load_provider("shop", provider, encoded);
  CHECK(only_error(encoded).find("hunter2") == std::string::npos);
}
