#include "app/cli/waiting_line.h"

#include <nlohmann/json.hpp>

#include "app/cli/terminal.h"
#include "codec/json_member.h"

namespace fw::app {

std::string waiting_line(const nlohmann::ordered_json& answer) {
  const auto& waiting = codec::member_of(answer, "waiting");
  const std::uint64_t records = codec::count_at(waiting, "records");
  if (records == 0) return "";
  const auto& oldest = codec::member_of(waiting, "oldest_seconds");
  std::string line = std::to_string(records) + (records == 1 ? " record is" : " records are") +
                     " acknowledged and not yet in the log store: searches, figures and runs do not see " +
                     (records == 1 ? "it" : "them") + " yet (";
  if (oldest.is_number()) {
    line += (records == 1 ? "it has waited " : "the first has waited ") +
            std::to_string(static_cast<long long>(oldest.get<double>())) + " s; ";
  }
  return line + printable(codec::text_at(waiting, "reason", "on the way")) + ')';
}

}  // namespace fw::app
