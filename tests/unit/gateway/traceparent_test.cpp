#include "gateway/traceparent.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace postern;

TEST_CASE("a traceparent that is made here is valid, even of zeros") {
  std::array<char, 55> made{};
  write_traceparent(made, 0, 0, 0);
  const std::string_view text(made.data(), made.size());
  CHECK(text == "00-00000000000000010000000000000001-0000000000000001-01");
  CHECK(http::is_traceparent(text));
}

TEST_CASE("the trace id is the client's only when it sent exactly one valid traceparent") {
  const std::string made = "00-11111111111111111111111111111111-2222222222222222-01";
  const std::string sent = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-00";
  http::RequestHead request;
  CHECK(trace_id_of(request, made) == "11111111111111111111111111111111");
  request.fields.add("traceparent", sent);
  CHECK(trace_id_of(request, made) == "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  request.fields.add("traceparent", sent);
  CHECK(trace_id_of(request, made) == "11111111111111111111111111111111");
}

TEST_CASE("a traceparent is of version 00, in lower case, with no zero id") {
  CHECK(http::is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  for (const std::string_view bad : {
           "",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
           "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
       }) {
    CAPTURE(bad);
    CHECK_FALSE(http::is_traceparent(bad));
  }
}
