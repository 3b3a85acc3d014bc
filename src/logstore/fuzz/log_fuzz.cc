// RocksDB's log as a damaged disk may give it: what is taken out of it is a whole log, and of a log that is damaged in
// one byte every batch but the one that holds the byte is there.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "logstore/rocksdb/impl/log_salvage.h"
#include "logstore/rocksdb/impl/torn_log.h"

namespace {

using namespace fw::logstore;

void require(bool claim) {
  if (!claim) std::abort();
}

std::set<std::string> batches_of(std::string_view log) {
  std::set<std::string> batches;
  read_log(log, [&](std::string_view batch) { batches.emplace(batch); }, [](const BrokenEntries&) {});
  return batches;
}

/// What is taken out is whole, and nothing more can be taken out of it.
SalvagedLog salvage(std::string_view log) {
  SalvagedLog salvaged = LogSalvage().take(log);
  const SalvagedLog again = LogSalvage().take(salvaged.log);
  require(again.log == salvaged.log && again.damaged.empty());
  std::uint64_t end = 0;
  for (const DamagedPart& part : salvaged.damaged) {
    require(part.at >= end && part.at + part.bytes <= log.size());
    end = part.at + part.bytes;
  }
  return salvaged;
}

/// A log of batches whose sizes and contents the input gives, with one byte of it changed.
void damage_one_byte(std::string_view input) {
  if (input.size() < 5) return;
  const std::size_t where = static_cast<std::uint8_t>(input[0]) << 16 | static_cast<std::uint8_t>(input[1]) << 8 |
                            static_cast<std::uint8_t>(input[2]);
  const char change = input[3] == 0 ? '\x01' : input[3];
  input.remove_prefix(4);
  std::string log;
  for (std::uint64_t sequence = 1; !input.empty(); ++sequence) {
    const std::size_t size = static_cast<std::uint8_t>(input.front());
    input.remove_prefix(1);
    const std::string_view part = input.substr(0, size);
    input.remove_prefix(part.size());
    Operations operation{1, std::string(part)};
    if (size > 200) operation.bytes.append(size * 100, 'x');  // over the ends of blocks
    append_entry(log, make_batch(sequence, operation));
  }
  const auto whole = batches_of(log);
  require(salvage(log).log == log);
  log[where % log.size()] = static_cast<char>(log[where % log.size()] ^ change);
  const auto left = batches_of(salvage(log).log);
  require(
      static_cast<std::size_t>(std::ranges::count_if(whole, [&](const auto& batch) { return left.contains(batch); })) +
          1 >=
      whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto end = torn_end(bytes)) require(*end <= size);
  (void)salvage(bytes);
  (void)leading_operations(bytes);
  (void)operations_from_a_record_on(bytes);
  damage_one_byte(bytes);
  return 0;
}
