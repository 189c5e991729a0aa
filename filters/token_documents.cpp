#include "filters/token_documents.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "filters/token_service/metadata.hpp"
#include "filters/token_service/service.hpp"

namespace postern::filters {
namespace {

using token_service::Service;

class Document final : public Filter {
 public:
  using Text = std::optional<std::string> (*)(const Service&);  // nothing: there are no keys yet

  Document(const Build& build, std::string type, Text text)
      : service_(build.service), type_(std::move(type)), text_(text) {}

  std::string_view name() const noexcept override { return "token_service"; }

  Step on_request(RequestContext&) const override {
    auto text = text_(*service_);
    if (!text) return Verdict(Refusal(Reason::keys_unavailable, "there is no signing key yet"));
    return Verdict(DirectReply{200, {{"Content-Type", type_}, {"Cache-Control", kept()}}, std::move(*text)});
  }

 private:
  // Short beside the time for which a key is published before it signs, so that every copy has it by then.
  std::string kept() const {
    using std::chrono::duration_cast, std::chrono::seconds;
    const auto ahead = duration_cast<seconds>(service_->settings().signing_keys.publish_ahead / 4).count();
    return "public, max-age=" + std::to_string(std::min<std::int64_t>(ahead, 3600));
  }

  std::shared_ptr<const Service> service_;
  std::string type_;
  Text text_;
};

}  // namespace

std::unique_ptr<const Filter> make_jwks_endpoint(const Build& build) {
  return std::make_unique<const Document>(build, "application/jwk-set+json",
                                          [](const Service& service) { return service.shared().keys->jwks(); });
}

std::unique_ptr<const Filter> make_metadata_endpoint(const Build& build) {
  return std::make_unique<const Document>(build, "application/json", [](const Service& service) {
    return std::optional(metadata_reply(token_service::metadata_facts(service.settings())));
  });
}

}  // namespace postern::filters
