#include "state/redis/sentinel.hpp"

#include "conf/address.hpp"
#include "state/redis/error_reply.hpp"

namespace postern::state::redis {

Words ask_for_master(const std::string& name) {
  return {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name};
}

tl::expected<conf::RedisAddress, StoreError> read_master(const Reply& reply, const std::string& name) {
  using Kind = StoreError::Kind;
  using Type = Reply::Type;
  if (reply.type == Type::error) {
    return tl::unexpected(StoreError{judge_error_reply(reply.text).kind, "Sentinel refuses: " + reply.text});
  }
  if (reply.type == Type::nil) {
    return tl::unexpected(StoreError{Kind::unreachable, "Sentinel knows no master `" + name + "`"});
  }
  const bool is_pair = reply.type == Type::list && reply.list.size() == 2 && reply.list[0].type == Type::text &&
                       reply.list[1].type == Type::text;
  const auto port = is_pair ? conf::parse_port(reply.list[1].text) : std::nullopt;
  if (!port || *port == 0 || reply.list[0].text.empty()) {
    return tl::unexpected(StoreError{Kind::damaged, "Sentinel names a master without sense"});
  }
  return conf::RedisAddress{reply.list[0].text, *port};
}

}  // namespace postern::state::redis
