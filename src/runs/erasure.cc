#include "runs/erasure.h"

#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <unordered_set>

#include "async/parallel_for.h"
#include "codec/text_in_json.h"
#include "io/file_uri.h"
#include "logstore/read.h"

namespace fw::runs {
namespace {

namespace fs = std::filesystem;
using simdjson::dom::element;

constexpr std::size_t kErasedAtOnce = 1000;
constexpr const char* kTrainingRows = "training/train_data.jsonl";
constexpr const char* kValidationRows = "validation/val_data.jsonl";

logstore::Selection selection_of(const ErasureRequest& request) {
  return {.workload = request.workload, .client = request.client, .from = {}, .to = {}};
}

Status check(const ErasureRequest& request) {
  if (request.records.empty() && !request.client && request.containing.empty()) {
    return invalid_argument("say whose data is to go: records, a client, or a text that it contains");
  }
  if (!request.containing.empty() && request.containing.size() < kLeastContained) {
    return invalid_argument("a text of less than " + std::to_string(kLeastContained) + " bytes stands in too much");
  }
  return {};
}

/// Takes records as they come, and says when it is enough.
class Taker final {
 public:
  explicit Taker(const ErasureRequest& request) {
    for (const auto& id : request.records) wanted_.insert(*id);
  }

  [[nodiscard]] bool is_wanted(const record::RecordId& id) const { return wanted_.empty() || wanted_.contains(*id); }
  Status take(const record::RecordId& id) {
    if (records_.size() >= kMostErased) {
      return too_large("more than " + std::to_string(kMostErased) + " records fit; name a workload too, or a text");
    }
    records_.push_back(id);
    return {};
  }
  std::vector<record::RecordId> records() && { return std::move(records_); }

 private:
  std::unordered_set<std::string> wanted_;
  std::vector<record::RecordId> records_;
};

Result<std::vector<record::RecordId>> find_by_content(logstore::LogStore& log, const ErasureRequest& request,
                                                      const Deadline& deadline, std::uint64_t& without_content) {
  Taker taker(request);
  std::vector<codec::TextInJson> finders;  // by worker
  for (std::size_t i = 0; i < parallel_workers(); ++i) finders.emplace_back(request.containing);
  FW_TRY(logstore::for_each_page(log, selection_of(request), logstore::Order::kOldestFirst, deadline,
                                 [&](std::span<const record::Interaction> page) -> Status {
                                   std::vector<std::uint8_t> fits(page.size());
                                   parallel_for(page.size(), [&](std::size_t worker, std::size_t i) {
                                     auto& finder = finders[worker];
                                     fits[i] = taker.is_wanted(page[i].id) &&
                                               (finder.is_in(page[i].request) || finder.is_in(page[i].response));
                                   });
                                   for (std::size_t i = 0; i < page.size(); ++i) {
                                     if (fits[i] != 0) FW_TRY(taker.take(page[i].id));
                                     const bool is_unread = !page[i].has_content() && taker.is_wanted(page[i].id);
                                     without_content += is_unread ? 1 : 0;
                                   }
                                   return {};
                                 }));
  return std::move(taker).records();
}

/// Those that are there, without a look at the others.
Result<std::vector<record::RecordId>> find_by_id(logstore::LogStore& log, const ErasureRequest& request,
                                                 const Deadline& deadline) {
  std::vector<std::pair<Timestamp, record::RecordId>> found;
  for (std::span<const record::RecordId> left(request.records); !left.empty();) {
    FW_TRY(deadline.check("looking for records"));
    FW_ASSIGN(const auto some, log.find_batch(left.first(std::min(left.size(), kErasedAtOnce))));
    if (some.empty()) return unavailable("the log store does not find record " + *left.front());
    for (const auto& record : some) {
      const bool fits = record && (!request.workload || record->workload == *request.workload) &&
                        (!request.client || record->client == *request.client);
      if (fits) found.emplace_back(record->timestamp, record->id);
    }
    left = left.subspan(some.size());
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::vector<record::RecordId> ids;
  for (auto& [time, id] : found) ids.push_back(std::move(id));
  return ids;
}

Result<std::vector<record::RecordId>> find_by_key(logstore::LogStore& log, const ErasureRequest& request,
                                                  const Deadline& deadline) {
  Taker taker(request);
  FW_TRY(logstore::for_each_key_page(log, selection_of(request), logstore::Order::kOldestFirst, deadline,
                                     [&](std::span<const logstore::RecordKey> page) -> Status {
                                       for (const auto& key : page) FW_TRY(taker.take(key.id));
                                       return {};
                                     }));
  return std::move(taker).records();
}

/// Calls `visit(line, row)` for every line of a dataset's file; none where the dataset has no such file.
template <class Visit>
Status each_row(const DatasetState& dataset, const std::string& file, const Deadline& deadline, Visit visit) {
  const auto folder = io::path_of_file_uri(dataset.uri);
  if (!folder) return {};
  const fs::path path = *folder / file;
  if (!fs::exists(path)) return {};
  FW_TRY(deadline.check("looking into datasets"));
  std::ifstream input(path, std::ios::binary);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(input, line);) {
    element row;
    if (parser.parse(line).get(row) == simdjson::SUCCESS) visit(line, row);
  }
  if (input.bad() || !input.eof()) return unavailable("cannot read " + path.string());
  return {};
}

std::string_view text_at(element row, std::string_view key) {
  std::string_view text;
  return row[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

/// Which rows are meant: made of these records, or holding this text.
struct Meant {
  std::unordered_set<std::string_view> records;
  codec::TextInJson* text = nullptr;  ///< absent: no text

  [[nodiscard]] bool is_row(std::string_view line, std::string_view record) const {
    return records.contains(record) || (text != nullptr && text->is_in(line));
  }
};

/// How many rows of a file of `dataset` are meant; `named` are those that its lineage names.
Result<std::uint64_t> count_rows(const DatasetState& dataset, const std::string& file, std::set<std::uint64_t> named,
                                 const Meant& meant, const Deadline& deadline) {
  if (meant.text == nullptr) return named.size();
  std::uint64_t number = 0;
  FW_TRY(each_row(dataset, file, deadline, [&](std::string_view line, element) {
    if (meant.text->is_in(line)) named.insert(number);
    ++number;
  }));
  return named.size();
}

/// The rows of a run's datasets that are meant. The in-context dataset has the evaluation's rows.
Result<AffectedJob> affected(const Job& job, const Meant& meant, const Deadline& deadline) {
  AffectedJob found{.id = job.id, .workload = job.workload, .adapters = {}};
  for (const DatasetState& dataset : job.datasets) {
    std::map<std::string, std::set<std::uint64_t>> named{{kTrainingRows, {}}, {kValidationRows, {}}};
    FW_TRY(each_row(dataset, "lineage.jsonl", deadline, [&](std::string_view, element row) {
      std::uint64_t number = 0;
      if (!meant.records.contains(text_at(row, "record_id"))) return;
      if (row["row"].get(number) == simdjson::SUCCESS) named[std::string(text_at(row, "file"))].insert(number);
    }));
    for (auto& [file, rows] : named) {
      FW_ASSIGN(const std::uint64_t count, count_rows(dataset, file, std::move(rows), meant, deadline));
      (file.starts_with("training/") ? found.train : found.validation) += count;
    }
    if (!dataset.name.starts_with("flywheel-eval-")) continue;
    FW_TRY(each_row(dataset, "eval_data.jsonl", deadline, [&](std::string_view line, element row) {
      found.evaluation += meant.is_row(line, text_at(row, "record_id")) ? 1 : 0;
    }));
  }
  if (found.train + found.validation == 0) return found;
  for (const CandidateState& candidate : job.candidates) {
    for (const CustomizationState& made : candidate.customizations) {
      if (!made.customized_model.empty()) found.adapters.push_back(made.customized_model);
    }
  }
  return found;
}

Result<std::vector<AffectedJob>> all_affected(std::span<const Job> jobs, const Meant& meant, const Deadline& deadline) {
  std::vector<AffectedJob> made;
  for (const Job& job : jobs) {
    FW_ASSIGN(AffectedJob found, affected(job, meant, deadline));
    if (found.train + found.validation + found.evaluation > 0) made.push_back(std::move(found));
  }
  return made;
}

/// Rows outlive their records in the log: what is asked for by name or by text is looked for in them, too.
Result<std::vector<AffectedJob>> made_of_request(std::span<const Job> jobs, const ErasureRequest& request,
                                                 std::span<const record::RecordId> records, const Deadline& deadline) {
  Meant meant;
  for (const auto& id : records) meant.records.insert(*id);
  const bool is_by_name = !request.records.empty();
  if (is_by_name && !request.workload && !request.client && request.containing.empty()) {
    for (const auto& id : request.records) meant.records.insert(*id);
  }
  codec::TextInJson text(request.containing);
  std::vector<AffectedJob> made;
  for (const Job& job : jobs) {
    const bool is_its_traffic =
        (!request.workload || job.workload == *request.workload) && (!request.client || job.client == *request.client);
    meant.text = is_its_traffic && !is_by_name && !request.containing.empty() ? &text : nullptr;
    FW_ASSIGN(auto found, all_affected(std::span(&job, 1), meant, deadline));
    made.insert(made.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  return made;
}

}  // namespace

Result<Erasure> find_erasure(logstore::LogStore& log, std::span<const Job> jobs, const ErasureRequest& request,
                             const Deadline& deadline) {
  FW_TRY(check(request));
  Erasure erasure;
  if (!request.containing.empty()) {
    FW_ASSIGN(erasure.records, find_by_content(log, request, deadline, erasure.without_content));
  } else {
    const auto find = request.records.empty() ? find_by_key : find_by_id;
    FW_ASSIGN(erasure.records, find(log, request, deadline));
  }
  FW_ASSIGN(erasure.jobs, made_of_request(jobs, request, erasure.records, deadline));
  return erasure;
}

Result<std::vector<AffectedJob>> made_of(std::span<const Job> jobs, std::span<const record::RecordId> records,
                                         const Deadline& deadline) {
  Meant meant;
  for (const auto& id : records) meant.records.insert(*id);
  return all_affected(jobs, meant, deadline);
}

Result<std::vector<record::RecordId>> records_of_rows(const Job& job, const Deadline& deadline) {
  std::set<std::string> ids;
  const auto take = [&](std::string_view, element row) {
    if (const auto id = text_at(row, "record_id"); !id.empty()) ids.emplace(id);
  };
  for (const DatasetState& dataset : job.datasets) {
    FW_TRY(each_row(dataset, "lineage.jsonl", deadline, take));
    if (dataset.name.starts_with("flywheel-eval-")) FW_TRY(each_row(dataset, "eval_data.jsonl", deadline, take));
  }
  std::vector<record::RecordId> out;
  for (const std::string& id : ids) out.push_back(record::RecordId::from_stored(id));
  return out;
}

Result<std::uint64_t> erase_records(logstore::LogStore& log, std::span<const record::RecordId> records,
                                    const Deadline& deadline) {
  std::uint64_t erased = 0;
  while (!records.empty()) {
    FW_TRY(deadline.check("erasing records"));
    const auto some = records.first(std::min(records.size(), kErasedAtOnce));
    FW_ASSIGN(const std::uint64_t count, log.remove_records(some));
    erased += count;
    records = records.subspan(some.size());
  }
  return erased;
}

}  // namespace fw::runs
