#include "modelops/engine_log.h"

#include <iterator>
#include <utility>

#include "codec/utf8.h"

namespace fw::modelops {

std::vector<std::string> shown_lines(std::vector<std::string> lines,
                                     const std::function<std::string(std::string)>& redact) {
  for (std::string& line : lines) {
    if (redact) line = redact(std::move(line));
    line.resize(codec::utf8_prefix(line, kLongestLogLine).size());
  }
  return lines;
}

void EngineLog::follow(Lines lines) {
  const std::lock_guard lock(mutex_);
  earlier_ = all();
  current_ = std::move(lines);
}

void EngineLog::finish() { follow(nullptr); }

std::vector<std::string> EngineLog::lines() const {
  const std::lock_guard lock(mutex_);
  return all();
}

std::vector<std::string> EngineLog::all() const {
  auto out = earlier_;
  if (current_) {
    auto now = current_();
    out.insert(out.end(), std::make_move_iterator(now.begin()), std::make_move_iterator(now.end()));
  }
  if (out.size() > kMostLines) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(kMostLines));
  return out;
}

}  // namespace fw::modelops
