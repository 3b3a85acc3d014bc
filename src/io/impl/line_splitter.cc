#include "io/impl/line_splitter.h"

#include <algorithm>
#include <utility>

namespace fw::io {

void LineSplitter::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    append(bytes.substr(0, end));
    if (end == std::string_view::npos) return;
    emit();
    bytes.remove_prefix(end + 1);
  }
}

void LineSplitter::finish() {
  if (!line_.empty()) emit();
}

void LineSplitter::append(std::string_view piece) {
  const std::size_t room = limit_ - std::min(limit_, line_.size());
  line_.append(piece.substr(0, room));
  is_cut_ = is_cut_ || piece.size() > room;
}

void LineSplitter::emit() {
  if (is_cut_) {
    line_ += "...";
  } else if (line_.ends_with('\r')) {
    line_.pop_back();
  }
  is_cut_ = false;
  on_line_(std::exchange(line_, {}));
}

}  // namespace fw::io
