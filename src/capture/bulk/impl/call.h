#pragma once

#include <functional>
#include <optional>
#include <string>

#include "async/task.h"
#include "auth/caller.h"
#include "capture/bulk/impl/elastic_answer.h"
#include "net/http.h"
#include "net/url.h"

namespace fw::capture::elastic {

/// A whole request of the dialect.
struct Call {
  net::Method method = net::Method::kGet;
  std::string index;              ///< of the path; empty where it names none
  std::optional<std::string> id;  ///< of the path, likewise `name`
  std::string name;
  net::QueryParams query;
  net::Headers headers;
  std::string body;    ///< as it came, packed where Content-Encoding says so
  std::string peer;    ///< address and port of the client
  std::string sharer;  ///< as of net::IncomingRequest
  std::shared_ptr<const auth::Caller> caller{};
  Deadline deadline = Deadline::never();

  /// A parameter that is on when it stands alone, too: `?pretty`, `?refresh=true`.
  [[nodiscard]] bool has_flag(std::string_view flag) const;
  /// Shippers that say nothing of themselves (rsyslog's omelasticsearch) take every status for final: what they cannot
  /// deliver they drop. They are kept waiting, and cut off where waiting does not help; that they do try again.
  [[nodiscard]] bool drops_what_is_refused() const { return !headers.contains("User-Agent"); }
};

using Endpoint = std::function<Task<Answer>(Call)>;

/// The body unpacked, at most `limit` bytes. Errors: an encoding that is not known, damage, kTooLarge.
[[nodiscard]] Result<std::string> unpacked_body(const Call& call, std::size_t limit);

}  // namespace fw::capture::elastic
