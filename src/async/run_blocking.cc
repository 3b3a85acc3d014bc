#include "async/run_blocking.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace fw {

namespace {

using boost::asio::io_context;

/// Event loops that have run empty, kept to the end of the process. Destroying one is never safe here: the thread of a
/// pool that posted the last result may still be inside post(), about to signal the loop's condition variable, when
/// the loop has taken that result and ended.
class IdleLoops final {
 public:
  static IdleLoops& instance() {
    static auto& loops = *new IdleLoops;
    return loops;
  }

  std::unique_ptr<io_context> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<io_context>();
    auto loop = std::move(idle_.back());
    idle_.pop_back();
    return loop;
  }

  void put_back(std::unique_ptr<io_context> loop) {
    loop->restart();
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(loop));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<io_context>> idle_;
};

}  // namespace

void run_blocking(Task<void> task) {
  auto loop = IdleLoops::instance().take();
  std::exception_ptr failure;
  boost::asio::co_spawn(*loop, std::move(task), [&](std::exception_ptr e) { failure = std::move(e); });
  loop->run();
  IdleLoops::instance().put_back(std::move(loop));
  if (failure) std::rethrow_exception(failure);
}

}  // namespace fw
