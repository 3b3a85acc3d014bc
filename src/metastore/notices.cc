#include "metastore/notices.h"

#include <utility>

namespace fw::metastore {

class NoticeBoard::Seat final : public Listening {
 public:
  Seat(NoticeBoard& board, std::list<NoticeHandler>::iterator handler) : board_(board), handler_(handler) {}
  ~Seat() override {
    const std::lock_guard lock(board_.mutex_);
    board_.handlers_.erase(handler_);
  }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

 private:
  NoticeBoard& board_;
  std::list<NoticeHandler>::iterator handler_;
};

void NoticeBoard::post(const Notice& notice) {
  const std::lock_guard lock(mutex_);
  for (const auto& handler : handlers_) handler(notice);
}

std::unique_ptr<Listening> NoticeBoard::listen(NoticeHandler handler) {
  const std::lock_guard lock(mutex_);
  return std::make_unique<Seat>(*this, handlers_.insert(handlers_.end(), std::move(handler)));
}

}  // namespace fw::metastore
