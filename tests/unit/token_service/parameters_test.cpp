#include "filters/token_service/parameters.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

// The parameter `a`, "(none)" when it is left out, or the detail of the refusal.
std::string a_of(std::string_view body, std::string_view type, Parameters::Accepts accepts) {
  const auto parameters = Parameters::parse(type, body, accepts);
  if (parameters) return parameters->has("a") ? std::string(parameters->text("a")) : "(none)";
  CHECK(parameters.error().reason == Reason::request_malformed);
  return parameters.error().detail;
}

std::string read_form(std::string_view body, std::string_view type = form_type) {
  return a_of(body, type, Parameters::Accepts::form);
}

std::string read_json(std::string_view body, std::string_view type = "application/json") {
  return a_of(body, type, Parameters::Accepts::form_or_json);
}

std::string form_of(std::size_t parameters) {
  std::string body = "a=x";
  for (std::size_t i = 1; i < parameters; ++i) body += "&n" + std::to_string(i) + "=";
  return body;
}

std::string json_of(std::size_t parameters) {
  std::string body = R"({"a":"x")";
  for (std::size_t i = 1; i < parameters; ++i) body += ",\"n" + std::to_string(i) + "\":null";
  return body + "}";
}

constexpr const char* no_text = "a parameter holds what is no text";
constexpr const char* no_form = "a parameter is not form-urlencoded";
constexpr const char* no_type = "a body of this Content-Type is not accepted here";
constexpr const char* twice = "a parameter stands there twice";

}  // namespace

TEST_CASE("A form's names and values are decoded") {
  CHECK(read_form("a=1") == "1");
  CHECK(read_form("b=2&a=x+y%20z%2B%3d%26&c") == "x y z+=&");
  CHECK(read_form("%61=%C3%a4") == "\xC3\xA4");
  CHECK(read_form("a=b=c") == "b=c");
  CHECK(read_form("&&a=1&&") == "1");
  CHECK(read_form("A=1") == "(none)");
}

TEST_CASE("Broken percent-encodings are refused in names and values") {
  for (const std::string_view body : {"a=%", "a=%4", "a=%4g", "a=%g4", "a=%%41", "%=1", "%4=a", "b&%zz"}) {
    CAPTURE(body);
    CHECK(read_form(body) == no_form);
  }
  CHECK(read_form(std::string_view("a=%41", 4)) == no_form);  // the digit behind the end is not the body's
}

TEST_CASE("A parameter without a value counts as left out") {
  CHECK(read_form("a=") == "(none)");
  CHECK(read_form("a") == "(none)");
  CHECK(read_json(R"({"a":""})") == "(none)");
  CHECK(read_json(R"({"a":null})") == "(none)");
}

TEST_CASE("A parameter twice is refused, whatever its spelling and values") {
  CHECK(read_form("a=1&a=1") == twice);
  CHECK(read_form("a=1&b=2&%61=3") == twice);
  CHECK(read_form("a=&a=1") == twice);
  CHECK(read_form("b=1&b=2") == twice);
  CHECK(read_json(R"({"a":"1","\u0061":"1"})").starts_with("the body is not acceptable JSON"));
}

TEST_CASE("There are at most 32 parameters") {
  CHECK(read_form(form_of(32)) == "x");
  CHECK(read_form(form_of(33)) == "more than 32 parameters");
  CHECK(read_json(json_of(32)) == "x");
  CHECK(read_json(json_of(33)) != "x");
}

TEST_CASE("What is no text is refused in names and values") {
  for (const std::string_view body :
       {"a=%00", "a=%0A", "a=x%0d", "a=%7F", "a=%1b", "a=%FF", "a=%C0%80", "a=%ED%A0%80", "%00=1"}) {
    CAPTURE(body);
    CHECK(read_form(body) == no_text);
  }
  CHECK(read_form(std::string_view("a=\0", 3)) == no_text);
  CHECK(read_form("a=x\xFF") == no_text);
  CHECK(read_form("a=x%09y") == "x\ty");
  CHECK(read_json(R"({"a":"\u0000"})") == no_text);
  CHECK(read_json(R"({"a":"x\ny"})") == no_text);
  CHECK(read_json(R"({"\n":"x"})") == no_text);
}

TEST_CASE("JSON is an object of strings, booleans and nulls") {
  CHECK(read_json(R"( {"b":"2", "a":"x\u00e4\"+%41"} )") == "x\xC3\xA4\"+%41");
  CHECK(read_json(R"({"a":true})") == "true");
  CHECK(read_json(R"({"a":false})") == "false");
  CHECK(read_json("{}") == "(none)");
  CHECK(read_json(R"({"a":1})") == "a parameter is neither text nor boolean");
  for (const std::string_view body : {"[]", "\"a\"", "null", "true", "1"}) {
    CAPTURE(body);
    CHECK(read_json(body) == "the body is no JSON object");
  }
  for (const std::string_view body :
       {R"({"a":["x"]})", R"({"a":{}})", "{", "a=1", R"({"a":"x"}{})", "{\"a\":\"\xFF\"}", " "}) {
    CAPTURE(body);
    CHECK(read_json(body).starts_with("the body is not acceptable JSON"));
  }
}

TEST_CASE("No detail holds anything of the body") {
  for (const char* body : {R"({"a":"hunter2",})", R"({"hunter2":["hunter2"]})", R"({"hunter2":1,"hunter2":2})"}) {
    CHECK(read_json(body).find("hunter2") == std::string::npos);
  }
  for (const char* body : {"hunter2&hunter2", "hunter2=%", "hunter2=%00"}) {
    CHECK(read_form(body).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("The Content-Type decides how a body is read, and a body needs one") {
  CHECK(read_form("a=1", "Application/X-WWW-Form-Urlencoded ; charset=UTF-8") == "1");
  CHECK(read_json("a=1", form_type) == "1");
  CHECK(read_json(R"({"a":"1"})", "application/JSON;Charset=\"utf-8\"; x=y") == "1");
  CHECK(read_form(R"({"a":"1"})", "application/json") == no_type);
  for (const std::string_view type :
       {"", "text/plain", "application/json+x", "application/jsonx", "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded, application/json", ";application/json", "application/json; charset=utf-16",
        "application/json; charset=latin1; charset=utf-8"}) {
    CAPTURE(type);
    CHECK(read_json("{}", type) == no_type);
  }
}

TEST_CASE("An empty body has no parameters and needs no Content-Type") {
  CHECK(read_form("", "") == "(none)");
  CHECK(read_json("", "application/json") == "(none)");
}

TEST_CASE("A secret parameter comes as a Secret, empty when it is left out") {
  const auto parameters = Parameters::parse(form_type, "password=a%20b", Parameters::Accepts::form);
  REQUIRE(parameters);
  CHECK(parameters->secret("password") == Secret("a b"));
  CHECK(parameters->secret("other").empty());
}

}  // namespace postern::token_service
