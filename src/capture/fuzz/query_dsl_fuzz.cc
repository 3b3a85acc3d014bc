#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "capture/bulk/impl/search_request.h"

/// Any body of a search is refused with words, or can be asked of a record; what it selects holds what it matches.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw;
  using namespace fw::capture::elastic;
  const auto body = parse_object({reinterpret_cast<const char*>(data), size});
  if (!body.ok()) return 0;
  const Query::Context context{"flywheel", from_epoch_seconds(1'760'000'000)};
  auto request = parse_search(Call{.index = "flywheel"}, *body, context);
  if (!request.ok()) {
    if (request.error().message.empty()) std::abort();
    return 0;
  }
  for (const std::int64_t seconds : {0L, 1'700'000'000L, 1'760'000'000L}) {
    const record::Interaction record{.id = record::RecordId("r"),
                                     .workload = record::WorkloadId("router"),
                                     .client = record::ClientId("dev"),
                                     .timestamp = from_epoch_seconds(seconds),
                                     .request = R"({"messages":[]})",
                                     .response = R"({"choices":[]})"};
    const bool matches = request->query.matches(record, "flywheel");
    const auto selection = request->query.selection();
    const bool is_selected = (!selection.workload || *selection.workload == record.workload) &&
                             (!selection.client || *selection.client == record.client) &&
                             (!selection.from || record.timestamp >= *selection.from) &&
                             (!selection.to || record.timestamp < *selection.to);
    if (matches && !is_selected) std::abort();
    if (request->query.is_selection() && is_selected && !matches) std::abort();
    request->aggregations.add(record);
    std::string out;
    request->shape.source.append(record, out);
    request->shape.fields.append(record, "flywheel", out);
    request->sort.append(record, out);
  }
  if (!request->aggregations.empty()) (void)request->aggregations.to_json();
  return 0;
}
