#include "state/redis/feed.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/want_of_memory.hpp"
#include "state/following.hpp"

namespace postern::state::redis {
namespace asio = boost::asio;
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t page = 1000;  // entries of one answer

// Of the one command that writes. While memory or the disk is full nothing more can be revoked: what is read is all
// that there is. A replica, and a master that has too few of them, may be cut off, and another be the master by now.
bool is_bearable(const Words& command, std::string_view error) {
  return command.front() == "SET" && !error.starts_with("READONLY") && !error.starts_with("NOREPLICAS");
}

}  // namespace

Feed::Feed(Executor executor, const RedisOptions& options, Resolver& resolver, Follower follower, OwnRevocations& own,
           Revoke revoke)
    : executor_(executor),
      options_(options),
      follower_(std::move(follower)),
      own_(own),
      revoke_(std::move(revoke)),
      stream_(key_tag(options.key_prefix) + ":feed"),
      sequence_(key_tag(options.key_prefix) + ":sequence"),
      generation_(key_tag(options.key_prefix) + ":generation"),
      connector_(executor, options, resolver),
      pause_(executor) {}

void Feed::start() {
  insist([this] { spawn(executor_, keep_following()); });
}

void Feed::end() {
  ending_ = true;
  connector_.interrupt();
  pause_.cancel();
}

Task<void> Feed::keep_following() {
  for (unsigned failures = 0; !ending_; ++failures) {
    try {
      co_await follow_connection(failures);
    } catch (const std::bad_alloc&) {
      spdlog::error("revocations cannot be followed: out of memory");
    }
    if (connection_) connection_->shut();
    if (ending_) break;
    try {
      pause_.expires_after(reconnect_pause(failures, std::uniform_real_distribution<>()(random_)));
      co_await pause_.async_wait(as_result);
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(pause_without_memory);
    }
  }
}

// Until the connection fails, or cannot be made.
Task<void> Feed::follow_connection(unsigned& failures) {
  known_.reset();  // another server may have counted otherwise
  const bool was_redirected = connector_.is_redirected();
  MaybeError failed;
  auto connected = co_await connector_.connect(ForScripts::no);
  if (!connected) failed = std::move(connected.error());
  if (connected) connection_ = std::move(*connected);
  while (!failed && !ending_) {
    failed = co_await follow();
    if (!failed) failures = 0;
  }
  // In a cluster it is no failure to be sent on, but for one who was sent there.
  const bool is_sent_on = connector_.is_redirected() && !(was_redirected && failures > 0);
  if (!ending_ && !is_sent_on) follower_.failed(*failed);
}

// One turn.
Task<MaybeError> Feed::follow() {
  if (known_) return look();
  return load();
}

Task<MaybeError> Feed::load() {
  const Millis asked_at = unix_milliseconds();
  const std::vector<Revocation> own = own_.recent(asked_at);
  auto replies = co_await ask(ask_for_state(), options_.timeout);
  if (!replies) co_return std::move(replies.error());
  // An answer later than that number: what is beyond it may have been swept.
  auto state = read_feed_state(replies->back());
  if (!state) co_return std::move(state.error());
  std::vector<SequencedRevocation> all;
  for (std::size_t read = page; read == page;) {
    const std::string from = std::to_string(all.empty() ? 0 : all.back().sequence) + "-1";
    const Words range{"XRANGE", stream_, from, "+", "COUNT", std::to_string(page)};
    replies = co_await ask(std::vector<Words>(1, range), options_.timeout);
    if (!replies) co_return std::move(replies.error());
    auto entries = read_entries(replies->front());
    if (!entries) co_return std::move(entries.error());
    read = entries->size();
    std::move(entries->begin(), entries->end(), std::back_inserter(all));
  }
  state->latest = std::max(state->latest, all.empty() ? 0 : all.back().sequence);
  known_ = std::move(*state);
  for (Revocation& lost : lost_revocations(own, all, unix_milliseconds())) revoke_(std::move(lost));
  follower_.complete(std::move(all));
  follower_.caught_up(asked_at);
  co_return std::nullopt;
}

Task<MaybeError> Feed::look() {
  const Millis asked_at = unix_milliseconds();
  std::vector<Words> commands = ask_for_state();
  commands.push_back({"XREAD", "COUNT", std::to_string(page), "BLOCK", std::to_string(wait.count()), "STREAMS", stream_,
                      std::to_string(known_->latest) + "-0"});
  const auto replies = co_await ask(std::move(commands), wait + options_.timeout);
  if (!replies) co_return replies.error();
  const auto state = read_feed_state((*replies)[1]);
  if (!state) co_return state.error();
  co_return take_new(replies->back(), *state, asked_at);
}

// The first changes something only where all was lost. It is there to be refused: a replica takes no writes, nor does a
// master that has fewer of them than its min-replicas-to-write; both may be cut off for ever.
std::vector<Words> Feed::ask_for_state() {
  const std::string another = std::to_string(std::uniform_int_distribution<std::uint64_t>()(random_));
  return {{"SET", generation_, another, "NX"}, {"MGET", generation_, sequence_}};
}

MaybeError Feed::take_new(const Reply& reply, const FeedState& state, Millis asked_at) {
  auto entries = read_new_entries(reply);
  if (!entries) return std::move(entries.error());
  // Since then the numbers may have come as far as before.
  const bool is_anew = state.generation != known_->generation || state.latest < known_->latest;
  if (is_anew || (!entries->empty() && judge_feed(known_->latest, entries->front().sequence) == FeedStep::reload)) {
    known_.reset();
    return std::nullopt;
  }
  // With nothing new, what was counted since has been swept already.
  known_->latest = entries->empty() ? state.latest : entries->back().sequence;
  const bool is_all = entries->size() < page;
  if (!entries->empty()) follower_.added(std::move(*entries));
  if (is_all) follower_.caught_up(asked_at);
  return std::nullopt;
}

// Sends the commands at once; their answers, of which none is an error that counts.
Task<tl::expected<std::vector<Reply>, StoreError>> Feed::ask(std::vector<Words> commands,
                                                             std::chrono::milliseconds patience) {
  connection_->shut_at(Clock::now() + patience);
  std::string bytes;
  for (const Words& command : commands) bytes += format_command(command);
  MaybeError failed = co_await connection_->write(bytes);
  std::vector<Reply> replies;
  while (!failed && replies.size() < commands.size()) {
    auto reply = co_await connection_->read();
    if (!reply) {
      failed = std::move(reply.error());
    } else if (reply->type == Reply::Type::error && !is_bearable(commands[replies.size()], reply->text)) {
      failed = StoreError{judge_error_reply(reply->text).kind, "Redis does not give the revocations: " + reply->text};
      connector_.heed(reply->text);
    } else {
      replies.push_back(std::move(*reply));
    }
  }
  if (failed) co_return tl::unexpected(std::move(*failed));
  co_return replies;
}

}  // namespace postern::state::redis
