// What happens on an io_context, for as long as a test waits for it.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>

namespace postern {

// Runs until the condition is true.
template <class Condition>
void run_until(boost::asio::io_context& io, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    io.restart();
    io.run_one_for(std::chrono::milliseconds(1));
  }
}

}  // namespace postern
