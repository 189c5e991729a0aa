// A cluster of two shards: the node that has the keys is found, and found again when their slot is moved.
#include <doctest/doctest.h>

#include <sstream>
#include <thread>

#include "tests/store/redis_clients.hpp"

namespace postern::state {
namespace {

using Strings = std::vector<std::string>;

struct Node {
  std::string bus_port = std::to_string(free_port());
  RedisServer server{{"--cluster-enabled", "yes", "--cluster-port", bus_port}};

  std::string ask(Strings words) const {
    words.insert(words.begin(), "CLUSTER");
    return server.ask(words);
  }
  std::string id() const { return ask({"MYID"}); }
  std::string port() const { return std::to_string(server.port()); }
  conf::RedisAddress address() const { return {"127.0.0.1", server.port()}; }
};

// The store's keys are of one slot, which `holder` has with its half of all.
struct Cluster {
  Node one, two;
  const std::string slot = one.ask({"KEYSLOT", "{postern}"});
  const bool is_low = std::stoi(slot) < 8192;
  Node& holder = is_low ? one : two;
  Node& other = is_low ? two : one;

  Cluster() {
    REQUIRE(one.ask({"ADDSLOTSRANGE", "0", "8191"}) == "OK");
    REQUIRE(two.ask({"ADDSLOTSRANGE", "8192", "16383"}) == "OK");
    REQUIRE(one.ask({"MEET", "127.0.0.1", two.port(), two.bus_port}) == "OK");
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (const Node* node : {&one, &two}) {
      while (node->ask({"INFO"}).find("cluster_state:ok") == std::string::npos) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        std::this_thread::yield();
      }
    }
  }

  // The slot, with its keys, to the other node.
  void move() const {
    REQUIRE(other.ask({"SETSLOT", slot, "IMPORTING", holder.id()}) == "OK");
    REQUIRE(holder.ask({"SETSLOT", slot, "MIGRATING", other.id()}) == "OK");
    Strings words{"MIGRATE", "127.0.0.1", other.port(), "", "0", "5000", "KEYS"};
    std::istringstream keys(holder.ask({"GETKEYSINSLOT", slot, "1000"}));
    for (std::string key; std::getline(keys, key);) words.push_back(key);
    REQUIRE(holder.server.ask(words) == "OK");
    REQUIRE(other.ask({"SETSLOT", slot, "NODE", other.id()}) == "OK");
    REQUIRE(holder.ask({"SETSLOT", slot, "NODE", other.id()}) == "OK");
  }
};

}  // namespace

TEST_CASE("In a cluster the node that has the keys is found from any other, also after their slot is moved") {
  const Cluster cluster;
  RedisOptions options;
  // The first is down, the second has not the slot.
  options.nodes = {{"127.0.0.1", free_port()}, cluster.other.address()};
  options.timeout = patience;
  Known known;
  const auto store = open_redis_store(options);
  const Waiting waiting{*store};
  store->follow(known.follower());
  waiting.begin(family_of("s"), hash_of(1), 1500);
  CHECK(waiting.rotate(rotation_of("s", 1, 2, 1100)).presented == Presented::current);
  CHECK(waiting.revoke(revocation_of("a")) == 1);
  known.wait_for({"a"});
  CHECK(cluster.holder.server.ask({"GET", "{postern}:sequence"}) == "1");
  CHECK(known.now(&Known::failures).size() <= 1);  // the node that is down; to be sent on is no failure

  // Meanwhile the keys are for a moment where their slot is not, and following them fails as it may.
  cluster.move();
  CHECK(waiting.find("s", hash_of(2), 1100).presented == Presented::current);
  CHECK(waiting.revoke(revocation_of("b")) == 2);
  known.wait_for({"a", "b"});
  CHECK(cluster.other.server.ask({"GET", "{postern}:sequence"}) == "2");
  auto failures = known.now(&Known::failures);
  std::erase_if(failures, [](const StoreError& error) {
    return error.detail.find("ASK ") != std::string::npos || error.detail.find("MOVED ") != std::string::npos;
  });
  CHECK(failures.size() <= 1);
}

}  // namespace postern::state
