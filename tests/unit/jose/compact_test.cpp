#include "filters/jose/compact.hpp"

#include <doctest/doctest.h>

#include "tests/unit/jose/mint.hpp"

namespace postern::jose {
namespace {

std::string encoded(std::string_view header, std::string_view payload = R"({"a":1})",
                    std::string_view signature = "s") {
  return mint::signing_input(header, payload) + "." + encode_base64url(signature);
}

// The detail of a token_malformed, or "parsed".
std::string malformed(std::string_view text) {
  const auto token = parse_token(text);
  if (token) return "parsed";
  CHECK(token.error().reason == Reason::token_malformed);
  CHECK(token.error().checked_by == CheckedBy::provider);
  return token.error().detail;
}

std::string header_fault(std::string_view header) {
  return malformed(encoded(header));
}

}  // namespace

TEST_CASE("A token is split into decoded parts and the bytes that were signed") {
  const std::string text = encoded(R"({"alg":"RS256","kid":"k"})", R"({"sub":"u"})", "signature");
  const auto token = parse_token(text);
  REQUIRE(token);
  CHECK(token->jws.alg() == "RS256");
  CHECK(token->jws.kid() == "k");
  CHECK(token->jws.payload == R"({"sub":"u"})");
  CHECK(token->jws.signature == "signature");
  CHECK(token->jws.signing_input == text.substr(0, text.rfind('.')));
  CHECK(*token->claims.find("sub")->string() == "u");
  CHECK(parse_token(encoded(R"({"alg":"x"})"))->jws.kid().empty());
}

TEST_CASE("Only three parts make a token, and none of them is empty") {
  const std::string part = "e30";
  CHECK(malformed("") == "the token is empty");
  CHECK(malformed(part) == "the token has 1 part, 3 needed");
  CHECK(malformed(part + "." + part) == "the token has 2 parts, 3 needed");
  CHECK(malformed("a.b.c.d") == "the token has 4 parts, 3 needed");
  CHECK(malformed("a..b.c.d") == "the token has 5 parts, 3 needed; five make an encrypted token (JWE)");
  CHECK(malformed("a.b.c.d.e.f") == "the token has 6 parts, 3 needed");
  CHECK(malformed(std::string(8000, '.')) == "the token has 8001 parts, 3 needed");
  CHECK(malformed(R"({"payload":"e30","signatures":[]})") ==
        "the token has 1 part, 3 needed; it looks like the JSON serialisation");
  CHECK(malformed("..") == "the header is empty");
  CHECK(malformed("e30..") == "the payload is empty");
  CHECK(malformed("e30.e30.") == "the signature is empty");
  CHECK(malformed(".e30.e30") == "the header is empty");
}

TEST_CASE("Only the signature alone may be judged over an empty payload") {
  const std::string text = encoded(R"({"alg":"RS256"})", "");
  CHECK(malformed(text) == "the payload is empty");
  CHECK_FALSE(parse_compact(text));
  const auto detached = parse_compact(text, true);
  REQUIRE(detached);
  CHECK(detached->payload.empty());
  CHECK_FALSE(parse_compact(".." + std::string("c2ln"), true));
  CHECK_FALSE(parse_compact(text.substr(0, text.rfind('.') + 1), true));
}

TEST_CASE("base64 that is not strict is refused in every part") {
  const std::string header = encode_base64url(R"({"alg":"RS256"})");
  const std::string payload = encode_base64url(R"({"a":1})");
  for (const std::string_view odd : {"Zm9v=", "Zm+v", "Zm/v", "Zm 9", " Zm9v", "Zm9v\n", "Zm?v", "Zh", "Zm9vY"}) {
    CAPTURE(odd);
    const std::string bad(odd);
    CHECK(malformed(bad + "." + payload + ".c2ln") == "the header is not strict base64url");
    CHECK(malformed(header + "." + bad + ".c2ln") == "the payload is not strict base64url");
    CHECK(malformed(header + "." + payload + "." + bad) == "the signature is not strict base64url");
  }
  CHECK(malformed(header + "." + payload + ".c2ln") == "parsed");
}

TEST_CASE("`alg` must be a string") {
  CHECK(header_fault(R"({"typ":"JWT"})") == "the header has no `alg`");
  CHECK(header_fault(R"({"alg":1})") == "`alg` is no string but 1");
  CHECK(header_fault(R"({"alg":null})") == "`alg` is no string but null");
  CHECK(header_fault(R"({"alg":["RS256"]})") == "`alg` is no string but [\"RS256\"]");
}

TEST_CASE("`kid` is absent or a string, whatever its bytes") {
  CHECK(header_fault(R"({"alg":"RS256","kid":7})") == "`kid` is no string but 7");
  CHECK(header_fault(R"({"alg":"RS256","kid":null})") == "`kid` is no string but null");
  CHECK(header_fault(R"({"alg":"RS256","kid":"../../etc/passwd\u0000' OR 1=1"})") == "parsed");
}

TEST_CASE("Extensions that must be understood, and unencoded payloads, are refused") {
  CHECK(header_fault(R"({"alg":"RS256","crit":["exp"]})") == "the header demands extensions: `crit` is [\"exp\"]");
  CHECK(header_fault(R"({"alg":"RS256","crit":["b64"],"b64":true})") ==
        "the header demands extensions: `crit` is [\"b64\"]");
  for (const std::string_view crit : {"[]", "null", "\"exp\"", "{}", "[1]", "[\"alg\"]"}) {
    CAPTURE(crit);
    CHECK(header_fault(R"({"alg":"RS256","crit":)" + std::string(crit) + "}") != "parsed");
  }
  CHECK(header_fault(R"({"alg":"RS256","b64":false})") == "an unencoded payload is not accepted: `b64` is false");
  CHECK(header_fault(R"({"alg":"RS256","b64":"false"})") != "parsed");
  CHECK(header_fault(R"({"alg":"RS256","b64":true})") == "parsed");
}

TEST_CASE("Header members that point at keys are not looked at") {
  CHECK(header_fault(R"({"alg":"RS256","jku":7,"x5u":[],"jwk":"x","x5c":{}})") == "parsed");
}

TEST_CASE("Header and payload are JSON objects of unique names and nothing more") {
  const std::string good = R"({"alg":"RS256"})";
  const auto payload_fault = [&](std::string_view payload) { return malformed(encoded(good, payload)); };
  CHECK(payload_fault(R"({"sub":"a","sub":"b"})") ==
        "the payload is not acceptable JSON: an object has two members of one name (at byte 21)");
  CHECK(header_fault(R"({"alg":"RS256","alg":"none"})").find("two members of one name") != std::string::npos);
  CHECK(payload_fault("[]") == "the payload is no JSON object");
  CHECK(payload_fault("\"x\"") == "the payload is no JSON object");
  CHECK(header_fault("null") == "the header is no JSON object");
  for (const std::string_view bytes :
       {std::string_view("{}x"), std::string_view("{}{}"), std::string_view("{}\0", 3),
        std::string_view("\xEF\xBB\xBF{}"), std::string_view("{\"a\":\"\xFF\"}"), std::string_view(R"({"a":"\udc00"})"),
        std::string_view("{a:1}"), std::string_view("eyJhbGciOiJSUzI1NiJ9.e30.c2ln")}) {
    CAPTURE(bytes);
    CHECK(payload_fault(bytes) != "parsed");
    CHECK(header_fault(bytes) != "parsed");
  }
  CHECK(payload_fault(R"({"a":)" + std::string(5000, '[') + std::string(5000, ']') + "}").find("nested too deep") !=
        std::string::npos);
}

TEST_CASE("Details of hostile values are short and printable") {
  const std::string detail =
      header_fault(R"({"alg":"x","kid":[")" + std::string(4000, 'k') + R"(","\u001b[2J\n\u202e"]})");
  CHECK(detail.size() < 200);
  for (const char c : header_fault("{\"alg\":\"x\",\"kid\":[\"\\u001b[2J\\n\xE2\x80\xAE\"]}")) {
    CHECK((c >= 0x20 && c < 0x7F));
  }
}

TEST_CASE("A header that was seen before is not decoded again, and is the same") {
  HeaderMemo memo;
  const std::string text = encoded(R"({"alg":"ES256","kid":"k1"})", R"({"sub":"u"})");
  const auto first = parse_token(text, &memo);
  const auto second = parse_token(text, &memo);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->jws.header == second->jws.header);
  CHECK(second->jws.kid() == "k1");
}

TEST_CASE("The memo of headers forgets the oldest, keeps no long one and no refused one") {
  HeaderMemo memo;
  const auto header = std::make_shared<const JoseHeader>();
  for (std::size_t i = 0; i < HeaderMemo::capacity; ++i) memo.keep("header " + std::to_string(i), header);
  CHECK(memo.find("header 0") != nullptr);
  memo.keep("one more", header);
  CHECK(memo.find("header 0") == nullptr);
  CHECK(memo.find("header 1") != nullptr);
  memo.keep(std::string(HeaderMemo::longest, 'a'), header);
  CHECK(memo.find(std::string(HeaderMemo::longest, 'a')) != nullptr);
  memo.keep(std::string(HeaderMemo::longest + 1, 'a'), header);
  CHECK(memo.find(std::string(HeaderMemo::longest + 1, 'a')) == nullptr);
  const std::string refused = encoded(R"({"alg":"ES256","crit":["x"]})", R"({"sub":"u"})");
  for (int i = 0; i < 2; ++i) CHECK_FALSE(parse_token(refused, &memo));
}

}  // namespace postern::jose
