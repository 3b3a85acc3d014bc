#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/gateway/settings.h"

namespace fw::discovery {

/// Rules that people accepted, by the workload whose records they name: kept in a file, in force at once. Any thread.
class AcceptedRules final {
 public:
  using BySource = std::map<std::string, std::vector<capture::LabelRule>>;

  /// Reads the file, if there is one. `untagged`: the workload of what nothing names.
  [[nodiscard]] static Result<std::unique_ptr<AcceptedRules>> open(std::filesystem::path file, std::string untagged);
  AcceptedRules(const AcceptedRules&) = delete;
  AcceptedRules& operator=(const AcceptedRules&) = delete;

  [[nodiscard]] const std::string& untagged() const { return untagged_; }
  [[nodiscard]] std::shared_ptr<const BySource> get() const;
  /// Those for what nothing names, for whoever labels requests as they come.
  [[nodiscard]] std::shared_ptr<const capture::LiveRules> for_untagged() const { return live_; }

  /// Another number whenever rules were put into force or taken away; does not block.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

  /// Puts the rules before those that are there, which lose any with the same patterns. On return all records that were
  /// named without them are stored.
  [[nodiscard]] Status add(const std::string& source, std::vector<capture::LabelRule> rules);
  /// Takes the rules of a workload away; what they have named stays. Returns how many there were.
  [[nodiscard]] Result<std::size_t> remove(const std::string& workload);

  /// While it is held no rule is added: between asking the rules and storing what they named.
  [[nodiscard]] std::shared_lock<std::shared_mutex> hold() const { return std::shared_lock(naming_); }

 private:
  AcceptedRules(std::filesystem::path file, std::string untagged, BySource rules);
  Status put(BySource rules);

  std::filesystem::path file_;
  std::string untagged_;
  std::mutex changing_;
  mutable std::shared_mutex naming_;
  mutable std::mutex mutex_;
  std::shared_ptr<const BySource> rules_;
  std::shared_ptr<capture::LiveRules> live_;
  std::atomic<std::uint64_t> revision_{0};
};

}  // namespace fw::discovery
