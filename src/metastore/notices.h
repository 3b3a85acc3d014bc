#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace fw::metastore {

/// Word that something happened to a job, for whoever would otherwise have to look: a reason to look, no record. A
/// notice may come twice, late or (where it goes over a network) not at all; who depends on it looks from time to time
/// too.
struct Notice {
  enum class Kind {
    kCreated,   ///< there is work
    kReleased,  ///< a lease was given back: there may be work
    kEvents,    ///< it has events up to `number`, written under the lease of `epoch`
    kCancelRequested,
    kDeleteRequested,
    kProgress,  ///< `data` is how far it is; kept nowhere
  };
  Kind kind = Kind::kEvents;
  std::string job_id;
  std::int64_t number = 0;
  std::string data;
  std::int64_t epoch = 0;
};

using NoticeHandler = std::function<void(const Notice&)>;

/// Listens as long as it lives. When its destructor returns, the handler is not running and will not run again; so it
/// must not be destroyed by its own handler.
class Listening {
 public:
  virtual ~Listening() = default;
};

/// Notices within one process: who posts calls every handler. Safe from any thread. Outlives its Listenings.
class NoticeBoard final {
 public:
  NoticeBoard() = default;
  NoticeBoard(const NoticeBoard&) = delete;
  NoticeBoard& operator=(const NoticeBoard&) = delete;

  void post(const Notice& notice);
  [[nodiscard]] std::unique_ptr<Listening> listen(NoticeHandler handler);

 private:
  class Seat;
  std::recursive_mutex mutex_;  ///< a handler may post
  std::list<NoticeHandler> handlers_;
};

}  // namespace fw::metastore
