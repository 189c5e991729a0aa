#include "state/redis/error_reply.hpp"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::state;
using namespace postern::state::redis;
using Kind = StoreError::Kind;

namespace {

struct Case {
  const char* text;
  Kind kind;
  bool try_elsewhere;
};

}  // namespace

TEST_CASE("each error of Redis has its kind, and says whether another server may answer") {
  for (const Case& one : {
           Case{"NOAUTH Authentication required.", Kind::refused, false},
           Case{"WRONGPASS invalid username-password pair or user is disabled.", Kind::refused, false},
           Case{"NOPERM this user has no permissions to run the 'evalsha' command", Kind::refused, false},
           Case{"ERR The user executing the script can't run this command or subcommand script: x", Kind::refused,
                false},
           Case{"READONLY You can't write against a read only replica. script: x, on @user_script:7.", Kind::read_only,
                true},
           Case{"NOREPLICAS Not enough good replicas to write.", Kind::read_only, true},
           Case{"OOM command not allowed when used memory > 'maxmemory'.", Kind::read_only, false},
           Case{"MISCONF Redis is configured to save RDB snapshots", Kind::read_only, false},
           Case{"LOADING Redis is loading the dataset in memory", Kind::busy, false},
           Case{"BUSY Redis is busy running a script.", Kind::busy, false},
           Case{"TRYAGAIN Multiple keys request during rehashing of slot", Kind::busy, false},
           Case{"CLUSTERDOWN The cluster is down", Kind::busy, false},
           Case{"MASTERDOWN Link with MASTER is down", Kind::busy, false},
           Case{"ASK 1 127.0.0.1:7001", Kind::busy, false},
           Case{"MOVED 1 127.0.0.1:7001", Kind::busy, true},
           Case{"NOSCRIPT No matching script. Please use EVAL.", Kind::busy, true},
           Case{"LATE the call comes after its deadline", Kind::unreachable, true},
           Case{"UNBLOCKED force unblock from blocking operation", Kind::unreachable, true},
           Case{"ERR unknown command", Kind::damaged, false},
           Case{"WRONGTYPE Operation against a key holding the wrong kind of value", Kind::damaged, false},
           Case{"LOADINGS", Kind::damaged, false},
           Case{"", Kind::damaged, false},
       }) {
    CAPTURE(one.text);
    CHECK(judge_error_reply(one.text).kind == one.kind);
    CHECK(judge_error_reply(one.text).try_elsewhere == one.try_elsewhere);
  }
}

TEST_CASE("the error of a command in a script counts where older servers wrap it") {
  const auto wrapped = [](const std::string& inner) {
    return judge_error_reply("ERR Error running script (call to f_6b1b): @user_script:50: @user_script: 50: " + inner)
        .kind;
  };
  CHECK(wrapped("-READONLY You can't write against a read only replica.") == Kind::read_only);
  CHECK(wrapped("-OOM command not allowed") == Kind::read_only);
  CHECK(wrapped("attempt to index a nil value - OOM") == Kind::damaged);
  CHECK(judge_error_reply("ERR value is not -READONLY").kind == Kind::damaged);
}

TEST_CASE("MOVED names a node") {
  CHECK(parse_moved("MOVED 3999 127.0.0.1:6381") == conf::RedisAddress{"127.0.0.1", 6381});
  CHECK(parse_moved("MOVED 3999 redis-2.example:6379") == conf::RedisAddress{"redis-2.example", 6379});
  CHECK(parse_moved("MOVED 3999 2001:db8::1:6379") == conf::RedisAddress{"2001:db8::1", 6379});
  CHECK(parse_moved("MOVED 3999 :6379") == conf::RedisAddress{"", 6379});
  for (const std::string_view text :
       {"ASK 3999 127.0.0.1:6381", "MOVED", "MOVED 3999", "MOVED 127.0.0.1:6379", "MOVED 1 a:0", "MOVED 1 a:65536",
        "MOVED 1 a:", "MOVED 1 a:6x", "MOVED 1:2 a", "moved 1 a:1", ""}) {
    CAPTURE(text);
    CHECK(parse_moved(text) == std::nullopt);
  }
}
