#pragma once

#include <mutex>

#include "metastore/impl/sqlite.h"
#include "metastore/review_store.h"

namespace fw::metastore {

/// The ReviewStore in the connection of a SqliteStore, whose lock it shares.
class SqliteReviews final : public ReviewStore {
 public:
  SqliteReviews(Connection& connection, std::mutex& mutex) : connection_(connection), mutex_(mutex) {}

  [[nodiscard]] Result<std::vector<std::string>> considered_jobs() override;
  [[nodiscard]] Status pass_over(const std::string& job_id) override;
  [[nodiscard]] Status create_review(const ReviewRow& review, std::span<const ReviewItemRow> items) override;
  [[nodiscard]] Status add_item(const std::string& review_id, const ReviewItemRow& item) override;
  [[nodiscard]] Result<std::vector<ReviewRow>> reviews() override;
  [[nodiscard]] Result<std::optional<ReviewRow>> review(const std::string& id) override;
  [[nodiscard]] Result<std::vector<ReviewItemRow>> review_items(const std::string& review_id) override;
  [[nodiscard]] Result<std::optional<ReviewItemRow>> review_item(const std::string& review_id,
                                                                 const std::string& record_id) override;
  [[nodiscard]] Status add_labels(const std::string& review_id, std::span<const ReviewLabelRow> labels) override;
  [[nodiscard]] Result<std::uint64_t> remove_items(const std::string& review_id,
                                                   std::span<const std::string> record_ids) override;
  [[nodiscard]] Result<std::vector<ReviewLabelRow>> labels(const std::string& review_id) override;

 private:
  template <class Body>
  Status write(Body body);

  Connection& connection_;
  std::mutex& mutex_;
};

}  // namespace fw::metastore
