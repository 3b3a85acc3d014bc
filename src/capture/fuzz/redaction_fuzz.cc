#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/assert.h"
#include "capture/redaction/redactor.h"

namespace {

fw::capture::Redactor every_rule() {
  using fw::capture::RedactionAction;
  fw::capture::RedactionSettings settings;
  for (const char* kind : {"api_key", "jwt", "email", "iban", "card", "ip", "phone"}) {
    settings.rules.push_back({.kind = kind, .action = RedactionAction::kPseudonym});
  }
  settings.rules.push_back({.name = "pin", .path = "$..pin", .action = RedactionAction::kDrop});
  settings.rules.push_back({.name = "user", .path = "$.request.user", .action = RedactionAction::kPseudonym});
  return fw::capture::Redactor::create(settings, "0123456789abcdef").value();
}

}  // namespace

/// What was JSON is JSON after; what no rule touched has its bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw;
  static const capture::Redactor redactor = every_rule();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)redactor.redact_unread(text);
  record::Interaction record{.id = record::RecordId("r"),
                             .workload = record::WorkloadId("w"),
                             .client = record::ClientId("c"),
                             .request = std::string(text),
                             .response = "{}"};
  const bool was_json = nlohmann::json::accept(text);
  const auto counts = redactor.apply(record);
  if (!counts.ok()) {
    FW_ASSERT(record.request == text);
    return 0;
  }
  FW_ASSERT(!was_json || nlohmann::json::accept(record.request));
  if (counts->empty()) FW_ASSERT(record.request == text);
  FW_ASSERT(redactor.apply(record).ok());  // again, over its own tokens
  return 0;
}
