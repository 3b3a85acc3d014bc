#include "review/reviews.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "auth/person.h"
#include "base/random.h"

namespace fw::review {
namespace {

Result<Review> review_of(const metastore::ReviewRow& row) {
  FW_ASSIGN(auto subject, subject_from_json(row.data));
  return Review{row.id, row.job_id, row.created_at, std::move(subject)};
}

Result<Item> item_of(const metastore::ReviewItemRow& row) {
  FW_ASSIGN(auto item, item_from_head(row.head));
  item.record_id = row.record_id;
  item.body = row.body;
  return item;
}

}  // namespace

Result<std::string> Reviews::open(const std::string& job_id, const std::string& report, bool may_be_empty) {
  const auto parsed = nlohmann::ordered_json::parse(report, nullptr, false);
  FW_ASSIGN(const auto queue, queue_of(parsed, settings_));
  if (!queue || (queue->items.empty() && !may_be_empty)) {
    return failed_precondition("job " + job_id + " has nothing to review: no candidate was evaluated, or none differs");
  }
  std::vector<metastore::ReviewItemRow> rows;
  for (const auto& item : queue->items) rows.push_back({item.record_id, head_json(item), item.body});
  const metastore::ReviewRow review{random_hex(12), job_id, clock_.now(), subject_json(queue->subject)};
  FW_TRY(store_.create_review(review, rows));
  ++revision_;
  if (on_open_) on_open_(review.id, job_id);
  return review.id;
}

Result<bool> Reviews::take(const std::string& id, const Divergence& divergence) {
  const std::lock_guard lock(taking_);
  FW_ASSIGN(const WholeReview all, whole(id));
  FW_ASSIGN(const Item item, item_of(divergence, all.review.subject, settings_));
  std::set<std::string> judged;
  for (const auto& label : all.labels) judged.insert(label.record_id);
  const auto waiting = std::ranges::count_if(all.items, [&](const Item& known) {
    return known.source == Source::kShadow && !judged.contains(known.record_id);
  });
  if (static_cast<std::uint64_t>(waiting) >= settings_.max_shadow_rows) return false;
  const Status added = store_.add_item(id, {item.record_id, head_json(item), item.body});
  if (!added.ok() && added.error().code == ErrorCode::kAlreadyExists) return false;
  FW_TRY(added);
  ++revision_;
  return true;
}

Result<std::vector<Review>> Reviews::list() {
  FW_ASSIGN(const auto rows, store_.reviews());
  std::vector<Review> out;
  for (const auto& row : rows) {
    FW_ASSIGN(auto review, review_of(row));
    out.push_back(std::move(review));
  }
  return out;
}

Result<Review> Reviews::find(const std::string& id) {
  FW_ASSIGN(const auto row, store_.review(id));
  if (!row) return not_found("there is no review " + id);
  return review_of(*row);
}

Result<std::vector<Label>> Reviews::labels_that_count(const std::string& id) {
  FW_ASSIGN(const auto rows, store_.labels(id));
  std::map<std::pair<std::string, std::string>, const metastore::ReviewLabelRow*> last;
  for (const auto& row : rows) last[{row.record_id, auth::person_key(row.person)}] = &row;
  std::vector<Label> out;
  for (const auto& [key, row] : last) {
    if (row->data.empty()) continue;
    FW_ASSIGN(auto label, label_from_json(row->data));
    label.record_id = row->record_id;
    label.person = row->person;
    label.at = row->at;
    out.push_back(std::move(label));
  }
  return out;
}

Result<WholeReview> Reviews::whole(const std::string& id) {
  WholeReview out;
  FW_ASSIGN(out.review, find(id));
  FW_ASSIGN(const auto rows, store_.review_items(id));
  for (const auto& row : rows) {
    FW_ASSIGN(auto item, item_of(row));
    out.items.push_back(std::move(item));
  }
  FW_ASSIGN(out.labels, labels_that_count(id));
  return out;
}

Result<std::vector<dataset::Correction>> Reviews::corrections(const record::WorkloadId& workload,
                                                              const record::ClientId& client) {
  FW_ASSIGN(auto all, list());
  std::ranges::reverse(all);
  std::vector<dataset::Correction> out;
  for (const auto& review : all) {
    if (review.subject.workload != *workload || review.subject.client != *client) continue;
    FW_ASSIGN(const auto labels, labels_that_count(review.id));
    for (const auto& label : labels) {
      if (label.corrected.empty()) continue;
      out.push_back({record::RecordId::from_stored(label.record_id), label.corrected, label.at});
    }
  }
  return out;
}

Result<Item> Reviews::item(const std::string& id, const std::string& record_id) {
  FW_ASSIGN(const auto row, store_.review_item(id, record_id));
  if (!row) return not_found("row " + record_id + " is not in review " + id);
  return item_of(*row);
}

Result<std::uint64_t> Reviews::label(const std::string& id, Label label, bool whole_group) {
  label.at = clock_.now();
  std::vector<metastore::ReviewLabelRow> rows{{0, label.record_id, label.person, label.at, to_json(label)}};
  if (whole_group) {
    FW_ASSIGN(const auto all, whole(id));
    const auto own = std::ranges::find(all.items, label.record_id, &Item::record_id);
    if (own == all.items.end()) return not_found("row " + label.record_id + " is not in review " + id);
    std::set<std::string> judged{label.record_id};
    for (const auto& known : all.labels) {
      if (auth::is_same_person(known.person, label.person)) judged.insert(known.record_id);
    }
    // A note and a corrected answer are of one row; what was said of its like is the verdict alone.
    const Label alike{.verdict = label.verdict, .tags = label.tags};
    for (const auto& item : all.items) {
      if (item.group == own->group && !judged.contains(item.record_id))
        rows.push_back({0, item.record_id, label.person, label.at, to_json(alike)});
    }
  }
  FW_TRY(store_.add_labels(id, rows));
  ++revision_;
  return rows.size();
}

Result<std::vector<Reviews::RowName>> Reviews::rows_of(const std::set<std::string>& records,
                                                       const std::function<bool(std::string_view json)>& holds) {
  std::vector<RowName> found;
  FW_ASSIGN(const auto reviews, store_.reviews());
  for (const auto& review : reviews) {
    std::set<std::string> said;  // rows of which something was said that is meant, withdrawn or not
    if (holds) {
      FW_ASSIGN(const auto labels, store_.labels(review.id));
      for (const auto& label : labels) {
        if (!label.data.empty() && holds(label.data)) said.insert(label.record_id);
      }
    }
    FW_ASSIGN(const auto items, store_.review_items(review.id));
    for (const auto& item : items) {
      bool is_meant = records.contains(item.record_id) || said.contains(item.record_id);
      if (!is_meant && holds) {
        FW_ASSIGN(const auto whole, store_.review_item(review.id, item.record_id));
        is_meant = whole && (holds(whole->head) || holds(whole->body));
      }
      if (is_meant) found.push_back({review.id, item.record_id});
    }
  }
  return found;
}

Result<std::uint64_t> Reviews::erase(std::span<const RowName> rows) {
  std::map<std::string, std::vector<std::string>> by_review;
  for (const auto& row : rows) by_review[row.review_id].push_back(row.record_id);
  std::uint64_t erased = 0;
  for (const auto& [review, records] : by_review) {
    FW_ASSIGN(const std::uint64_t removed, store_.remove_items(review, records));
    erased += removed;
    ++revision_;
  }
  return erased;
}

Result<std::uint64_t> Reviews::withdraw(const std::string& id, const std::string& record_id, const std::string& person,
                                        bool whole_group) {
  std::vector<metastore::ReviewLabelRow> rows{{0, record_id, person, clock_.now(), ""}};
  if (whole_group) {
    FW_ASSIGN(auto mine, labels_that_count(id));
    std::erase_if(mine, [&](const Label& label) { return !auth::is_same_person(label.person, person); });
    const auto own = std::ranges::find(mine, record_id, &Label::record_id);
    // What is said at once has one time.
    for (const Label& label : mine) {
      const bool is_with_it = own != mine.end() && label.at == own->at && label.record_id != record_id;
      if (is_with_it) rows.push_back({0, label.record_id, person, rows.front().at, ""});
    }
  }
  FW_TRY(store_.add_labels(id, rows));
  ++revision_;
  return rows.size();
}

}  // namespace fw::review
