#include "net/impl/serial.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

namespace fw::net {

namespace asio = boost::asio;

bool is_strand(const Executor& executor) {
  return executor.target<asio::strand<Executor>>() != nullptr ||
         executor.target<asio::strand<asio::io_context::executor_type>>() != nullptr ||
         executor.target<asio::strand<asio::thread_pool::executor_type>>() != nullptr;
}

}  // namespace fw::net
