// All of Asio that is no template; CMakeLists.txt says when it is compiled here.
#include <boost/asio/impl/src.hpp>
