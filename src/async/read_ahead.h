#pragma once

#include <functional>
#include <future>
#include <optional>

#include "base/result.h"

namespace fw {

/// Visits pages one after the other; while one is visited, the next is read on a thread of its own. `next` gives
/// nothing behind the last page, and is never called twice at once; `visit` runs on the caller's thread. Ends with the
/// first error of either, once the read under way has ended.
template <class Page>
[[nodiscard]] Status visit_reading_ahead(const std::function<Result<std::optional<Page>>()>& next,
                                         const std::function<Status(Page&)>& visit) {
  Result<std::optional<Page>> page = next();
  while (true) {
    FW_TRY(page);
    if (!page->has_value()) return {};
    std::future<Result<std::optional<Page>>> following = std::async(std::launch::async, next);
    const Status visited = visit(**page);
    page = following.get();
    FW_TRY(visited);
  }
}

}  // namespace fw
