#include "filters/keys/remote_config.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace postern::keys {
namespace {

conf::Provider provider() {
  conf::Provider made;
  made.issuer.names = {"https://a.example"};
  made.jwks_uri = "https://id.example/keys";
  return made;
}

RemoteConfig made_of(const conf::Provider& provider) {
  conf::Problems problems;
  auto config = make_remote_config("shop", provider, {"kept", "/kept"}, problems);
  REQUIRE(config);
  return *std::move(config);
}

// A file of header lines for one test.
class HeadersFile {
 public:
  explicit HeadersFile(const std::string& lines) {
    std::string name = (std::filesystem::temp_directory_path() / "postern-headers-XXXXXX").string();
    const int number = ::mkstemp(name.data());
    REQUIRE(number >= 0);
    ::close(number);
    std::ofstream(name) << lines;
    path_ = {"headers", name};
  }
  ~HeadersFile() { std::filesystem::remove(path_.resolved); }
  HeadersFile(const HeadersFile&) = delete;
  HeadersFile& operator=(const HeadersFile&) = delete;

  const conf::FilePath& path() const { return path_; }

 private:
  conf::FilePath path_;
};

}  // namespace

TEST_CASE("Keys are kept apart for everything that may decide whose keys are fetched") {
  const HeadersFile a("X-Tenant: a\n"), b("X-Tenant: b\n");
  conf::Provider changed[6];
  for (conf::Provider& each : changed) each = provider();
  changed[0].fetch_headers_file = a.path();
  changed[1].fetch_headers_file = b.path();
  changed[2].proxy = "http://proxy.example:3128";
  changed[3].jwks_uri = "https://id.example/others";
  changed[4].allow_http = true;
  changed[5].allow_link_local = true;
  std::set<std::string> sources{made_of(provider()).kept_as};
  for (const conf::Provider& each : changed) CHECK(sources.insert(made_of(each).kept_as).second);
}

TEST_CASE("What keys are kept as says what is fetched, and shows no header") {
  const HeadersFile file("Authorization: Bearer hunter2\n");
  conf::Provider with_headers = provider();
  with_headers.fetch_headers_file = file.path();
  const RemoteConfig config = made_of(with_headers);
  CHECK(config.identity.find("hunter2") != std::string::npos);
  CHECK(config.kept_as.starts_with("https://id.example/keys as "));
  CHECK(config.kept_as.find("hunter2") == std::string::npos);
  CHECK(config.kept_as.find("Bearer") == std::string::npos);
  CHECK(config.kept_as == made_of(with_headers).kept_as);
}

TEST_CASE("The times of a provider decide neither what is fetched nor where it is kept") {
  conf::Provider patient = provider();
  patient.max_stale = std::chrono::hours(1);
  CHECK(made_of(patient).identity == made_of(provider()).identity);
  CHECK(made_of(patient).kept_as == made_of(provider()).kept_as);
}

}  // namespace postern::keys
