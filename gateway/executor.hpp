// Where the work of one io_context runs, and a timer there. By their own types: Asio's defaults hold any executor, which
// each operation would pay for.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

namespace postern {

using Executor = boost::asio::io_context::executor_type;
using SteadyTimer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                      boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace postern
