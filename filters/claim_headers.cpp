#include "filters/claim_headers.hpp"

#include <utility>

#include "base/base64.hpp"
#include "filters/claim_text.hpp"

namespace postern::filters {
namespace {

using Written = tl::expected<std::vector<std::string>, std::string>;

Written write_mapping(const ClaimMapping& mapping, const jose::Claims& claims) {
  if (mapping.path) {
    const Json* claim = mapping.path->find(claims.json());
    return claim == nullptr ? Written() : write_claim(*claim, mapping.format);
  }
  const auto format = mapping.format.value_or(conf::ClaimFormat::base64json);
  if (format == conf::ClaimFormat::base64json) return std::vector{encode_base64(claims.payload())};
  return write_claim(claims.json(), format);
}

class ClaimHeaders final : public Filter {
 public:
  ClaimHeaders(const std::vector<conf::ClaimHeader>& headers, std::size_t limit)
      : mappings_(make_claim_mappings(headers)), limit_(limit) {}

  std::string_view name() const noexcept override { return "claim_headers"; }

  Step on_request(RequestContext& request) const override {
    if (request.identity == nullptr) return Verdict(Pass{});
    Identity& identity = *request.identity;
    const HeaderBlock& block =
        identity.header_block(this, [&] { return write_claim_headers(mappings_, identity.claims(), limit_); });
    if (!block) return Verdict(block.error());
    if (!block->empty()) request.upstream_headers.push_back(*block);
    return Verdict(Pass{});
  }

  std::vector<std::string> injected_headers() const override {
    std::vector<std::string> names;
    for (const auto& mapping : mappings_) names.push_back(mapping.header);
    return names;
  }

 private:
  std::vector<ClaimMapping> mappings_;
  std::size_t limit_;
};

}  // namespace

std::vector<ClaimMapping> make_claim_mappings(const std::vector<conf::ClaimHeader>& headers) {
  std::vector<ClaimMapping> mappings;
  for (const auto& header : headers) {
    const auto* text = std::get_if<std::string>(&header.claim.path);
    ClaimMapping mapping{std::nullopt, header.header, header.format};
    if (text == nullptr || *text != "*") mapping.path = make_claim_path(header.claim);
    mappings.push_back(std::move(mapping));
  }
  return mappings;
}

HeaderBlock write_claim_headers(const std::vector<ClaimMapping>& mappings, const jose::Claims& claims,
                                std::size_t limit) {
  std::string block;
  for (const auto& mapping : mappings) {
    const Written values = write_mapping(mapping, claims);
    if (!values) {
      const std::string claim = mapping.path ? mapping.path->text() : "*";
      return tl::unexpected(Refusal(Reason::claim_unusable, "claim " + claim + " " + values.error()));
    }
    for (const auto& value : *values) {
      block.reserve(block.size() + mapping.header.size() + value.size() + 4);
      block.append(mapping.header).append(": ").append(value).append("\r\n");
    }
    if (block.size() > limit) {
      return tl::unexpected(Refusal(Reason::claim_unusable,
                                    "the headers made of claims have more than " + std::to_string(limit) + " bytes"));
    }
  }
  block.shrink_to_fit();  // it is kept for as long as the token
  return block;
}

std::unique_ptr<const Filter> make_claim_headers(const conf::Route& route, const Build& build) {
  if (route.claim_headers.empty()) return nullptr;
  return std::make_unique<const ClaimHeaders>(route.claim_headers, build.config.limits.claim_header_bytes.count);
}

}  // namespace postern::filters
