#include "cli/verify.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/json.hpp"
#include "tests/unit/jose/mint.hpp"

namespace postern::cli {
namespace {

// A file of the test, removed at its end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) : path_(make_name()) { std::ofstream(path_) << text; }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  static std::string make_name() {
    std::string name = "/tmp/postern-verify-XXXXXX";
    const int descriptor = mkstemp(name.data());
    REQUIRE(descriptor >= 0);
    fclose(fdopen(descriptor, "w"));
    return name;
  }

  std::string path_;
};

struct Verified {
  int status;
  std::string out;
  std::string err;
};

Verified run(VerifyOptions options, const std::string& jwks, const std::string& input) {
  const TemporaryFile file(jwks);
  options.jwks_file = file.path();
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int status = run_verify(options, in, out, err);
  return {status, out.str(), err.str()};
}

VerifyOptions at(double seconds) {
  VerifyOptions options;
  options.at = seconds;
  return options;
}

const char* const payload = R"({"iss":"me","aud":"you","exp":1700000300,"n":1.50})";
const std::string accepted = R"({"valid":true,"claims":{"iss":"me","aud":"you","exp":1700000300,"n":1.50}})";

}  // namespace

TEST_CASE("Every token gets its line, and one refusal makes the status 1") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string good = mint::sign(key, payload);
  const std::string set = mint::jwks({mint::jwk(key)});
  const Verified both = run(at(1700000000), set, good + "\nbad\n");
  CHECK(both.status == 1);
  CHECK(both.out == accepted + "\n" +
                        R"({"valid":false,"reason":"token_malformed","detail":"the token has 1 part, 3 needed"})" +
                        "\n");
  CHECK(both.err.empty());
  const Verified one = run(at(1700000000), set, good + "\n" + good);
  CHECK(one.status == 0);
  CHECK(one.out == accepted + "\n" + accepted + "\n");
}

TEST_CASE("Input without a token is told on stderr, and the status is that of a refused one") {
  const std::string set = mint::jwks({mint::jwk(mint::shared_key("ES256"))});
  for (const bool signature_only : {false, true}) {
    VerifyOptions options = at(1700000000);
    options.signature_only = signature_only;
    const Verified nothing = run(options, set, "");
    CHECK(nothing.status == 1);
    CHECK(nothing.out.empty());
    CHECK(nothing.err == "there is no token on standard input\n");
  }
  CHECK(run(at(1700000000), set, "\n").err.empty());
}

TEST_CASE("A blank line is a token, and only the newline is removed") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string set = mint::jwks({mint::jwk(key)});
  const std::string empty = R"({"valid":false,"reason":"token_malformed","detail":"the token is empty"})";
  CHECK(run(at(1700000000), set, "\n\n").out == empty + "\n" + empty + "\n");
  CHECK(run(at(1700000000), set, mint::sign(key, payload) + "\r\n").status == 1);
  CHECK(run(at(1700000000), set, " " + mint::sign(key, payload) + "\n").status == 1);
}

TEST_CASE("Time is what --at says") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string set = mint::jwks({mint::jwk(key)});
  CHECK(run(at(1700000359), set, mint::sign(key, payload)).status == 0);
  const Verified late = run(at(1700000360), set, mint::sign(key, payload));
  CHECK(late.status == 1);
  CHECK(late.out ==
        R"({"valid":false,"reason":"token_expired","detail":"exp was 1700000300, now is 1700000360, leeway 60 s"})"
        "\n");
  CHECK(run({}, set, mint::sign(key, payload)).out.find("token_expired") != std::string::npos);
}

TEST_CASE("Issuer and audience are checked when they are given") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string set = mint::jwks({mint::jwk(key)});
  VerifyOptions options = at(1700000000);
  options.issuer = "me";
  options.audience = "you";
  CHECK(run(options, set, mint::sign(key, payload)).status == 0);
  CHECK(run(options, set, mint::sign(key, R"({"iss":"me","exp":1700000300})")).out.find("audience_mismatch") !=
        std::string::npos);
  CHECK(run(options, set, mint::sign(key, R"({"aud":"you","exp":1700000300})")).out.find("issuer_unknown") !=
        std::string::npos);
  CHECK(run(at(1700000000), set, mint::sign(key, R"({"exp":1700000300})")).status == 0);
}

TEST_CASE("Without a list the algorithms of every key type in the file are allowed") {
  const std::string set = mint::jwks({mint::jwk(mint::shared_key("RS256")), mint::jwk(mint::shared_key("HS256"))});
  for (const std::string_view alg : {"RS256", "PS384", "HS256", "HS512"}) {
    CAPTURE(alg);
    CHECK(run(at(1700000000), set, mint::sign(mint::shared_key(alg), payload)).status == 0);
  }
  const Verified other = run(at(1700000000), set, mint::sign(mint::shared_key("ES256"), payload));
  CHECK(other.out.find("algorithm_not_allowed") != std::string::npos);
}

TEST_CASE("A list takes any mix of algorithms, and no unknown name") {
  const std::string set = mint::jwks({mint::jwk(mint::shared_key("RS256")), mint::jwk(mint::shared_key("HS256"))});
  VerifyOptions options = at(1700000000);
  options.algorithms = {"RS256", "HS256"};
  CHECK(run(options, set, mint::sign(mint::shared_key("RS256"), payload)).status == 0);
  CHECK(run(options, set, mint::sign(mint::shared_key("HS256"), payload)).status == 0);
  CHECK(run(options, set, mint::sign(mint::shared_key("PS256"), payload)).status == 1);
  options.algorithms = {"RS256", "none"};
  const Verified unknown = run(options, set, "");
  CHECK(unknown.status == 2);
  CHECK(unknown.err == "--algorithms: \"none\" is no known signature algorithm\n");
}

TEST_CASE("The signature alone is judged over any payload, an empty one too") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string set = mint::jwks({mint::jwk(key)});
  VerifyOptions options;
  options.signature_only = true;
  const auto signed_payload = [&](std::string_view bytes) {
    return run(options, set, mint::sign(key, R"({"alg":"ES256"})", bytes));
  };
  CHECK(signed_payload("").out == "{\"valid\":true,\"payload\":\"\"}\n");
  CHECK(signed_payload("\xFF\xFE").out == "{\"valid\":true,\"payload\":\"__4\"}\n");
  CHECK(signed_payload(R"({"exp":1})").status == 0);
  const Verified forged = run(options, set, mint::sign(mint::generate("ES256"), payload));
  CHECK(forged.status == 1);
  CHECK(forged.out.find("signature_invalid") != std::string::npos);
}

TEST_CASE("A set without a usable key refuses each token and says why") {
  const Verified none = run(at(1700000000), R"({"keys":[{"kty":"oct","k":"AA","kid":"short"}]})",
                       mint::sign(mint::shared_key("ES256"), payload) + "\n");
  CHECK(none.status == 1);
  CHECK(none.out == "{\"valid\":false,\"reason\":\"key_unknown\",\"detail\":\"there is no usable key\"}\n");
  CHECK(none.err.find("key \"short\" is skipped: HMAC key has 8 bits, 256 needed\n") != std::string::npos);
}

TEST_CASE("A file that is missing or no key set is 78") {
  CHECK(run({}, "not json", "a.b.c\n").status == 78);
  CHECK(run({}, "{}", "a.b.c\n").status == 78);
  CHECK(run({}, "", "").status == 78);
  VerifyOptions options;
  options.jwks_file = "/nonexistent/keys.json";
  std::istringstream in("a.b.c\n");
  std::ostringstream out;
  std::ostringstream err;
  CHECK(run_verify(options, in, out, err) == 78);
  CHECK(err.str() == "cannot read /nonexistent/keys.json: No such file or directory\n");
  CHECK(out.str().empty());
  options.jwks_file = "/tmp";
  CHECK(run_verify(options, in, out, err) == 78);
}

TEST_CASE("Every line is JSON, whatever the token holds") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string input = std::string("\0\x1B[2J\xFF\"\\", 8) + "\n" +
                            mint::sign(key, "{\"alg\":\"ES256\",\"kid\":[\"\x01\xFF\"]}", payload) + "\n" +
                            mint::sign(key, R"({"alg":"x\"\u001b\u202e"})", payload, "ES256") + "\n";
  std::istringstream lines(run(at(1700000000), mint::jwks({mint::jwk(key)}), input).out);
  std::string line;
  int count = 0;
  for (; std::getline(lines, line); ++count) CHECK(parse_json(line));
  CHECK(count == 3);
}

}  // namespace postern::cli
