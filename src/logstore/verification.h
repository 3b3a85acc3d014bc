#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace fw::logstore {

class LogStore;

/// What was read of a whole store, and what is wrong with it.
struct Verified {
  struct Fault {
    std::string what;   ///< its name, out of a small set
    std::string where;  ///< an id, a workload, or the bytes of a key in hex; printable as it is, but for ids and names
  };

  std::string checked;                          ///< what holds where there is no fault, in words
  std::uint64_t records = 0;                    ///< that can be read
  std::uint64_t bytes = 0;                      ///< of their requests and responses
  std::uint64_t expired = 0;                    ///< of them without content, which has expired
  std::uint64_t workloads = 0;                  ///< pairs of workload and client
  std::map<std::string, std::uint64_t> faults;  ///< how often, by name
  std::vector<Fault> first_faults;              ///< at most kMostNamed of each name

  static constexpr std::uint64_t kMostNamed = 20;
  void add(const std::string& what, std::string where);
};

/// A check of a whole store as it was when the check began. For one thread at a time; the store outlives it.
class Verification {
 public:
  Verification() = default;
  Verification(const Verification&) = delete;
  Verification& operator=(const Verification&) = delete;
  virtual ~Verification() = default;

  /// Reads on, for a fraction of a second. False: all has been read. kUnavailable once the store had to be opened
  /// again.
  [[nodiscard]] virtual Result<bool> step() = 0;
  [[nodiscard]] const Verified& found() const { return found_; }

 protected:
  Verified found_;
};

/// A check through what every store can do: every record is read, and counted against the store's own counts, where no
/// record came or went meanwhile.
[[nodiscard]] Result<std::unique_ptr<Verification>> verify_by_scan(LogStore& store);

}  // namespace fw::logstore
