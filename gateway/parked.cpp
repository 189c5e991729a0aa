#include "gateway/parked.hpp"

#include "gateway/worker.hpp"

namespace postern {

Parked::Parked(Worker& worker, Connection connection)
    : worker_(worker), connection_(std::move(connection)), counted_(worker.metrics().downstream_connections_parked) {
  worker_.ticker().add(*this);
}

void Parked::wait(std::unique_ptr<Parked> parked) {
  TcpSocket& socket = parked->connection_.transport.socket();
  socket.async_wait(TcpSocket::wait_read, [parked = std::move(parked)](const error_code& error) mutable {
    Worker& worker = parked->worker_;
    Connection connection = std::move(parked->connection_);
    parked.reset();
    if (error && connection.transport.is_silent()) {  // what came in time is served
      connection.transport.close_notify();
    } else {
      worker.serve(std::move(connection));
    }
  });
}

void Parked::on_tick(SteadyTime now) {
  if (worker_.draining() || now >= connection_.quiet_until) connection_.transport.cancel();
}

}  // namespace postern
