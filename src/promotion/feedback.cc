#include "promotion/feedback.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/append_file.h"
#include "io/file.h"

namespace fw::promotion {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = 256 << 20;

/// Calls `visit(line without its newline, the rating or nothing)`; a file that is not there has no lines.
template <class Visit>
Status each_rating(const fs::path& path, Visit visit) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  FW_ASSIGN(const auto text, io::read_file(path, kMostBytes));
  for (std::size_t start = 0, end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    const auto line = std::string_view(text).substr(start, end - start);
    visit(line, feedback_of(line));
  }
  return {};
}

}  // namespace

std::string to_json(const Feedback& f) {
  const Json json{{"record_id", f.record_id},
                  {"at", f.at.time_since_epoch().count()},
                  {"score", f.score},
                  {"comment", f.comment},
                  {"workload", f.workload},
                  {"client", f.client},
                  {"variant", f.variant},
                  {"promotion", f.promotion},
                  {"by", f.by}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Feedback> feedback_of(std::string_view text) {
  try {
    const auto json = Json::parse(text);
    return Feedback{.record_id = json.at("record_id").get<std::string>(),
                    .at = Timestamp(std::chrono::nanoseconds(json.at("at").get<std::int64_t>())),
                    .score = json.at("score").get<double>(),
                    .comment = json.at("comment").get<std::string>(),
                    .workload = json.at("workload").get<std::string>(),
                    .client = json.at("client").get<std::string>(),
                    .variant = json.at("variant").get<std::string>(),
                    .promotion = json.at("promotion").get<std::string>(),
                    .by = json.at("by").get<std::string>()};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

FeedbackLog::FeedbackLog(fs::path folder) : folder_(std::move(folder)), path_(folder_ / "feedback.jsonl") {
  for (const fs::path& path : files()) {
    rated_before_ = std::exchange(rated_, {});
    (void)each_rating(path, [&](std::string_view, std::optional<Feedback> one) {
      if (!one) return;
      rated_.insert(one->record_id);
      last_.push_back(std::move(*one));
      if (last_.size() > kMostShown) last_.pop_front();
    });
  }
}

Status FeedbackLog::put_aside() {
  if (rated_.size() < kMostInFile) return {};
  std::error_code error;
  fs::rename(path_, path_.string() + ".1", error);
  if (error) return unavailable("cannot put " + path_.string() + " aside: " + error.message());
  rated_before_ = std::exchange(rated_, {});
  return {};
}

Status FeedbackLog::append(const Feedback& feedback) {
  const std::lock_guard lock(mutex_);
  if (rated_.contains(feedback.record_id) || rated_before_.contains(feedback.record_id)) {
    return already_exists("the answer " + feedback.record_id + " was rated already");
  }
  FW_TRY(io::create_folders(folder_));
  FW_TRY(put_aside());
  FW_ASSIGN(auto file, io::AppendFile::open(path_));
  FW_TRY(file.append(to_json(feedback) + '\n'));
  rated_.insert(feedback.record_id);
  last_.push_back(feedback);
  if (last_.size() > kMostShown) last_.pop_front();
  ++revision_;
  return {};
}

Result<std::uint64_t> FeedbackLog::count(const Fits& fits) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  for (const fs::path& path : files()) {
    FW_TRY(each_rating(
        path, [&](std::string_view, const std::optional<Feedback>& one) { count += one && fits(*one) ? 1 : 0; }));
  }
  return count;
}

Result<std::uint64_t> FeedbackLog::erase(const Fits& fits) {
  const std::lock_guard lock(mutex_);
  std::uint64_t erased = 0;
  for (const fs::path& path : files()) {
    std::string kept;
    const std::uint64_t before = erased;
    FW_TRY(each_rating(path, [&](std::string_view line, const std::optional<Feedback>& one) {
      if (one && fits(*one)) {
        ++erased;
      } else {
        kept.append(line) += '\n';
      }
    }));
    if (erased > before) FW_TRY(io::write_file_atomically(path, kept));
  }
  std::erase_if(last_, fits);
  if (erased > 0) ++revision_;
  return erased;
}

std::vector<Feedback> FeedbackLog::recent(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, last_.size()));
  return {last_.rbegin(), last_.rbegin() + count};
}

}  // namespace fw::promotion
