#include "metastore/impl/sqlite_reviews.h"

#include "metastore/impl/rows.h"

namespace fw::metastore {
namespace {

ReviewRow read_review(const Statement& row) { return {row.text(0), row.text(1), to_time(row.number(2)), row.text(3)}; }

}  // namespace

template <class Body>
Status SqliteReviews::write(Body body) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(connection_);
  FW_TRY(transaction.begun());
  FW_TRY(body());
  return transaction.commit();
}

Result<std::vector<std::string>> SqliteReviews::considered_jobs() {
  const std::lock_guard lock(mutex_);
  Statement select(connection_, "SELECT job_id FROM passed_over UNION SELECT job_id FROM reviews");
  return all_rows<std::string>(select, [](const Statement& row) { return row.text(0); });
}

Status SqliteReviews::pass_over(const std::string& job_id) {
  return write([&] {
    return Statement(connection_, "INSERT OR IGNORE INTO passed_over (job_id) VALUES (?)").bind(job_id).run();
  });
}

Status SqliteReviews::create_review(const ReviewRow& review, std::span<const ReviewItemRow> items) {
  return write([&]() -> Status {
    Statement insert(connection_, "INSERT INTO reviews (id, job_id, created_at, data) VALUES (?, ?, ?, ?)");
    insert.bind(review.id).bind(review.job_id).bind(to_number(review.created_at)).bind(review.data);
    FW_TRY(insert.run());
    std::int64_t place = 0;
    for (const auto& item : items) {
      Statement add(connection_,
                    "INSERT INTO review_items (review_id, place, record_id, head, body) VALUES (?, ?, ?, ?, ?)");
      FW_TRY(add.bind(review.id).bind(++place).bind(item.record_id).bind(item.head).bind(item.body).run());
    }
    return {};
  });
}

Status SqliteReviews::add_item(const std::string& review_id, const ReviewItemRow& item) {
  return write([&] {
    Statement add(connection_,
                  "INSERT INTO review_items (review_id, place, record_id, head, body) "
                  "VALUES (?, 1 + (SELECT COALESCE(MAX(place), 0) FROM review_items WHERE review_id = ?), ?, ?, ?)");
    return add.bind(review_id).bind(review_id).bind(item.record_id).bind(item.head).bind(item.body).run();
  });
}

Result<std::vector<ReviewRow>> SqliteReviews::reviews() {
  const std::lock_guard lock(mutex_);
  Statement select(connection_,
                   "SELECT id, job_id, created_at, data FROM reviews ORDER BY created_at DESC, rowid DESC");
  return all_rows<ReviewRow>(select, read_review);
}

Result<std::optional<ReviewRow>> SqliteReviews::review(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Statement select(connection_, "SELECT id, job_id, created_at, data FROM reviews WHERE id = ?");
  select.bind(id);
  return first_row<ReviewRow>(select, read_review);
}

Result<std::vector<ReviewItemRow>> SqliteReviews::review_items(const std::string& review_id) {
  const std::lock_guard lock(mutex_);
  Statement select(connection_, "SELECT record_id, head FROM review_items WHERE review_id = ? ORDER BY place");
  select.bind(review_id);
  return all_rows<ReviewItemRow>(select,
                                 [](const Statement& row) { return ReviewItemRow{row.text(0), row.text(1), ""}; });
}

Result<std::optional<ReviewItemRow>> SqliteReviews::review_item(const std::string& review_id,
                                                                const std::string& record_id) {
  const std::lock_guard lock(mutex_);
  Statement select(connection_, "SELECT record_id, head, body FROM review_items WHERE review_id = ? AND record_id = ?");
  select.bind(review_id).bind(record_id);
  return first_row<ReviewItemRow>(
      select, [](const Statement& row) { return ReviewItemRow{row.text(0), row.text(1), row.text(2)}; });
}

Status SqliteReviews::add_labels(const std::string& review_id, std::span<const ReviewLabelRow> labels) {
  return write([&]() -> Status {
    for (const auto& label : labels) {
      Statement insert(connection_,
                       "INSERT INTO review_labels (review_id, record_id, person, at, data) "
                       "SELECT review_id, record_id, ?, ?, ? FROM review_items WHERE review_id = ? AND record_id = ?");
      insert.bind(label.person).bind(to_number(label.at)).bind(label.data).bind(review_id).bind(label.record_id);
      FW_TRY(insert.run());
      if (connection_.changes() == 0) return not_found("row " + label.record_id + " is not in review " + review_id);
    }
    return {};
  });
}

Result<std::uint64_t> SqliteReviews::remove_items(const std::string& review_id,
                                                  std::span<const std::string> record_ids) {
  std::uint64_t removed = 0;
  FW_TRY(write([&]() -> Status {
    for (const auto& record_id : record_ids) {
      Statement remove(connection_, "DELETE FROM review_items WHERE review_id = ? AND record_id = ?");
      FW_TRY(remove.bind(review_id).bind(record_id).run());
      removed += static_cast<std::uint64_t>(connection_.changes());
    }
    return {};
  }));
  // The log has the rows as they were written until it is written over.
  const std::lock_guard lock(mutex_);
  if (removed > 0) FW_TRY(connection_.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  return removed;
}

Result<std::vector<ReviewLabelRow>> SqliteReviews::labels(const std::string& review_id) {
  const std::lock_guard lock(mutex_);
  Statement select(connection_,
                   "SELECT number, record_id, person, at, data FROM review_labels WHERE review_id = ? ORDER BY number");
  select.bind(review_id);
  return all_rows<ReviewLabelRow>(select, [](const Statement& row) {
    return ReviewLabelRow{row.number(0), row.text(1), row.text(2), to_time(row.number(3)), row.text(4)};
  });
}

}  // namespace fw::metastore
