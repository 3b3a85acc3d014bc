#include <nlohmann/json.hpp>

#include "trainer/commands/commands.h"
#include "trainer/convert/convert.h"
#include "trainer/convert/gguf_cache.h"

namespace fw::trainer {
namespace {

// Events of one conversion; more would only fill a log.
constexpr std::uint64_t kSteps = 20;

}  // namespace

Status run_convert(const ConvertArguments& arguments, EventWriter& events, const ProcessGuard& guard) {
  if (arguments.out.empty() == arguments.cache.empty())
    return invalid_argument("name either the file to write (--out) or a folder to keep it in (--cache)");
  std::uint64_t told = 0;
  const auto on_converted = [&](std::uint64_t done, std::uint64_t all) {
    if (const auto step = all == 0 ? kSteps : done * kSteps / all; step > told) {
      told = step;
      events.write({{"event", "converting"}, {"bytes", done}, {"all_bytes", all}});
    }
    return !guard.stopping();
  };
  auto file = arguments.out;
  if (file.empty()) {
    const auto on_changed = [&](const std::filesystem::path& made) {
      events.write({{"event", "changed"}, {"gguf", made.string()}});
    };
    FW_ASSIGN(file, find_or_convert(arguments.model, arguments.cache, on_converted, on_changed));
  } else {
    FW_TRY(convert_to_gguf(arguments.model, file, on_converted));
  }
  events.write({{"event", "done"}, {"gguf", file.string()}});
  return {};
}

}  // namespace fw::trainer
