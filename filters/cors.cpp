#include "filters/cors.hpp"

#include <algorithm>
#include <chrono>

#include "gateway/http/framing.hpp"

namespace postern::filters {
namespace {

using http::KnownField;

std::string join(const std::vector<std::string>& names) {
  std::string joined;
  for (const auto& name : names) joined.append(joined.empty() ? "" : ", ").append(name);
  return joined;
}

bool is_cors_field(std::string_view name) noexcept {
  constexpr std::string_view prefix = "access-control-";
  return http::equals_folded(name.substr(0, prefix.size()), prefix);
}

bool is_preflight(const http::RequestHead& head) noexcept {
  return head.method == http::Method::options && head.fields.find(KnownField::origin) != nullptr &&
         head.fields.find(KnownField::access_control_request_method) != nullptr;
}

bool varies_by_origin(const http::ResponseHead& response) noexcept {
  return std::any_of(response.fields.begin(), response.fields.end(), [](const http::Field& field) {
    return !field.removed && field.known == KnownField::vary &&
           (http::list_has(field.value, "Origin") || http::list_has(field.value, "*"));
  });
}

class Cors final : public Filter {
 public:
  explicit Cors(const conf::Cors& cors)
      : origins_(cors.origins),
        patterns_(cors.origin_patterns),
        any_origin_(std::find(cors.origins.begin(), cors.origins.end(), "*") != cors.origins.end()),
        credentials_(cors.credentials),
        methods_(join(cors.methods)),
        allow_headers_(join(cors.allow_headers)),
        expose_headers_(join(cors.expose_headers)),
        max_age_(std::to_string(std::chrono::duration_cast<std::chrono::seconds>(cors.max_age).count())) {}

  std::string_view name() const noexcept override { return "cors"; }
  bool answers_preflight() const noexcept override { return true; }

  Step on_request(RequestContext& request) const override {
    if (!is_preflight(request.request)) return Verdict(Pass{});
    DirectReply reply;
    if (!any_origin_) reply.fields.emplace_back("Vary", "Origin");
    if (const std::string_view allowed = allowed_origin(request); !allowed.empty()) {
      reply.fields.emplace_back("Access-Control-Allow-Origin", allowed);
      if (credentials_) reply.fields.emplace_back("Access-Control-Allow-Credentials", "true");
      if (!methods_.empty()) reply.fields.emplace_back("Access-Control-Allow-Methods", methods_);
      if (!allow_headers_.empty()) reply.fields.emplace_back("Access-Control-Allow-Headers", allow_headers_);
      reply.fields.emplace_back("Access-Control-Max-Age", max_age_);
    }
    return Verdict(std::move(reply));
  }

  void on_response(RequestContext& request, http::ResponseHead& response) const override {
    if (is_preflight(request.request)) return;  // on_request() has said everything
    for (http::Field& field : response.fields) {
      if (is_cors_field(field.name)) field.removed = true;
    }
    // Caches must keep apart what was answered to different origins, and to none.
    if (!any_origin_ && !varies_by_origin(response)) response.fields.add("Vary", "Origin");
    const std::string_view allowed = allowed_origin(request);
    if (allowed.empty()) return;
    response.fields.add("Access-Control-Allow-Origin", request.keep(allowed));
    if (credentials_) response.fields.add("Access-Control-Allow-Credentials", "true");
    if (!expose_headers_.empty()) response.fields.add("Access-Control-Expose-Headers", expose_headers_);
  }

 private:
  // The value of Access-Control-Allow-Origin for this request; empty when its origin is not allowed.
  std::string_view allowed_origin(const RequestContext& request) const {
    if (any_origin_) return "*";
    const http::Field* origin = request.request.fields.find(KnownField::origin);
    if (origin == nullptr || request.request.fields.count(KnownField::origin) != 1) return {};
    const std::string_view value = origin->value;  // browsers write it in lower case: compared byte for byte
    const bool allowed =
        std::find(origins_.begin(), origins_.end(), value) != origins_.end() ||
        std::any_of(patterns_.begin(), patterns_.end(), [&](const Pattern& pattern) { return pattern.matches(value); });
    return allowed ? value : std::string_view{};
  }

  std::vector<std::string> origins_;
  std::vector<Pattern> patterns_;
  bool any_origin_;
  bool credentials_;
  std::string methods_, allow_headers_, expose_headers_, max_age_;  // as they are sent
};

}  // namespace

std::unique_ptr<const Filter> make_cors(const conf::Route& route, const Build&) {
  return route.cors ? std::make_unique<const Cors>(*route.cors) : nullptr;
}

}  // namespace postern::filters
