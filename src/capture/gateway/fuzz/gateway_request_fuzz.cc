// What an application sends: the body's scan agrees with itself after the model was replaced, labels are always ids,
// and routes that were read are written and read again alike.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "capture/gateway/labels.h"
#include "capture/gateway/route_table.h"

namespace {

void check_scan(const std::string& text) {
  fw::capture::RequestScanner scanner;
  std::string body = text;
  const auto scan = scanner.scan(body, true);
  FW_ASSERT(body == text);
  fw::net::Headers headers{{"x-flywheel-tags", text}, {"x-flywheel-conversation", text}};
  fw::capture::CaptureSettings settings;
  settings.rules = {{.path = "/v1*",
                     .model = text,
                     .system = "*a*b*",
                     .prompt = "*c*",
                     .tools = {text, "*"},
                     .output = "json*",
                     .workload = "w",
                     .client = "c"}};
  const auto labels = fw::capture::labels_of("/v1/chat/completions", headers, scan, settings);
  FW_ASSERT(fw::record::check_id(*labels.workload, 256).ok() && fw::record::check_id(*labels.client, 256).ok());
  if (!scan.is_object || scan.model.empty()) return;
  auto renamed = fw::capture::with_model(body, "another");
  if (!renamed.ok()) return;  // a key twice
  FW_ASSERT(scanner.scan(*renamed, false).model == "another");
}

void check_routes(const std::string& text) {
  const auto routes = fw::capture::RouteTable::parse(text);
  if (!routes.ok()) return;
  const auto table = fw::capture::RouteTable::make(*routes, {{.name = "a", .url = "http://a"}});
  if (!table.ok()) return;
  const auto again = fw::capture::RouteTable::parse((*table)->to_json());
  FW_ASSERT(again.ok() && again->size() == routes->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_scan(text);
  check_routes(text);
  return 0;
}
