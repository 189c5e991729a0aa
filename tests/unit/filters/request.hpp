// A request as filters see it, without a socket.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <utility>

#include "filters/worker_state.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

inline constexpr double test_now = 1'700'000'000;

// One request; the bytes given to it must outlive it.
struct TestRequest {
  explicit TestRequest(FilterWorkerState& state) : context(head, framing, route, memory) {
    context.now = test_now;
    context.client_address = "192.0.2.1";
    context.worker_state = &state;
    head.method = http::Method::get;
    head.method_name = "GET";
    head.authority = "api.example.com";
    head.path = "/";
  }
  TestRequest(const TestRequest&) = delete;
  TestRequest& operator=(const TestRequest&) = delete;

  TestRequest& with(std::string_view name, std::string_view value) {
    head.fields.add(name, value);
    return *this;
  }
  TestRequest& method(http::Method method) {
    head.method = method;
    head.method_name = http::name_of(method);
    return *this;
  }
  TestRequest& query(std::string_view query) {
    head.query = query;
    head.has_query = true;
    return *this;
  }

  // The value that would be forwarded; "(none)" without the field.
  std::string_view forwarded(std::string_view name) const {
    const http::Field* field = head.fields.find(name);
    return field == nullptr ? "(none)" : field->value;
  }

  Verdict run(const Filter& filter) {
    Verdict verdict = std::get<Verdict>(filter.on_request(context));
    note(context.decision, verdict);
    return verdict;
  }

  // The code of the refusal, "pass" or "reply".
  std::string_view outcome(const Filter& filter) {
    const Verdict verdict = run(filter);
    if (const auto* refusal = std::get_if<Refusal>(&verdict)) return code_of(refusal->reason);
    return std::holds_alternative<DirectReply>(verdict) ? "reply" : "pass";
  }

  std::pmr::monotonic_buffer_resource memory;
  http::RequestHead head;
  http::Framing framing;
  conf::Route route;
  RequestContext context;
};

}  // namespace postern::filters
