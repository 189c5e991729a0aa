#include "tests/store/redis_server.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <utility>

namespace postern::state {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Starts a process that ends with this one; `out`: a descriptor for what it writes, or less than 0.
pid_t start_process(const std::vector<std::string>& words, int out) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t self = ::getpid();
  const pid_t process = ::fork();
  REQUIRE(process >= 0);
  if (process > 0) return process;
  // Another thread may have held the allocator when this one was copied: nothing may be allocated.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != self) ::_exit(127);  // it has ended already
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out < 0 ? nothing : out, STDOUT_FILENO);
  ::dup2(nothing, STDERR_FILENO);
  ::execvp(arguments.front(), arguments.data());
  ::_exit(127);
}

}  // namespace

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

RedisServer::RedisServer(std::vector<std::string> options, const std::string& configuration)
    : options_(std::move(options)), port_(free_port()) {
  folder_.write("redis.conf", configuration);
  start();
}

RedisServer::~RedisServer() {
  kill();
}

void RedisServer::start() {
  std::vector<std::string> words{"redis-server", folder_.path_of("redis.conf"),
                                 "--port",       std::to_string(port_),
                                 "--bind",       "127.0.0.1",
                                 "--dir",        folder_.path().string(),
                                 "--save",       "",
                                 "--logfile",    "log"};
  words.insert(words.end(), options_.begin(), options_.end());
  process_ = start_process(words, -1);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  // Its first words may be about a password, or that it still loads its log.
  while (true) {
    const std::string answer = ask({"PING"});
    if (answer == "PONG" || answer.starts_with("NOAUTH")) return;
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    REQUIRE(::waitpid(process_, nullptr, WNOHANG) == 0);
    std::this_thread::yield();
  }
}

void RedisServer::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

void RedisServer::send(int signal) const {
  REQUIRE(::kill(process_, signal) == 0);
}

std::string RedisServer::ask(const std::vector<std::string>& command) const {
  std::vector<std::string> words{"redis-cli", "-h", "127.0.0.1", "-p", std::to_string(port_)};
  words.insert(words.end(), command.begin(), command.end());
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  const pid_t process = start_process(words, pipe[1]);
  ::close(pipe[1]);
  std::string answer;
  std::array<char, 4096> chunk;
  for (ssize_t size; (size = ::read(pipe[0], chunk.data(), chunk.size())) > 0;) {
    answer.append(chunk.data(), static_cast<std::size_t>(size));
  }
  ::close(pipe[0]);
  ::waitpid(process, nullptr, 0);
  while (answer.ends_with('\n')) answer.pop_back();
  return answer;
}

}  // namespace postern::state
