#include "trainer/commands/events.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

namespace fw::trainer {

void EventWriter::write(const nlohmann::ordered_json& event) {
  const std::string line = event.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const std::lock_guard lock(mutex_);
  for (std::size_t done = 0; done < line.size();) {
    const auto n = ::write(STDOUT_FILENO, line.data() + done, line.size() - done);
    if (n <= 0) return;  // nobody reads any more; the work is still worth finishing
    done += static_cast<std::size_t>(n);
  }
}

void EventWriter::write_error(const Error& error) {
  write({{"event", "error"}, {"code", to_string(error.code)}, {"message", error.message}});
}

}  // namespace fw::trainer
