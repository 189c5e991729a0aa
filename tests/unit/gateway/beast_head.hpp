// What Boost.Beast's parser makes of a head: the judge of postern's own.
#pragma once

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::http {

template <bool is_request>
class BeastHead final : public boost::beast::http::basic_parser<is_request> {
 public:
  explicit BeastHead(std::string_view bytes) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());
    this->body_limit(boost::none);
    Error error;
    this->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    accepted = !error && this->is_header_done();
  }

  bool accepted = false;  // bytes may follow the head
  std::string method, target, reason;
  unsigned status = 0;
  int version = 0;  // 10 or 11
  std::vector<std::pair<std::string, std::string>> fields;

 private:
  using Error = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, Text name, Text where, int number, Error&) override {
    method = std::string(name);
    target = std::string(where);
    version = number;
  }
  void on_response_impl(int code, Text phrase, int number, Error&) override {
    status = static_cast<unsigned>(code);
    reason = std::string(phrase);
    version = number;
  }
  void on_field_impl(boost::beast::http::field, Text name, Text value, Error&) override {
    fields.emplace_back(std::string(name), std::string(value));
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(Text, Error&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Error&) override { return 0; }
  void on_finish_impl(Error&) override {}
};

}  // namespace postern::http
