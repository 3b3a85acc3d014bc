#include "capture/committer/impl/commit_queue.h"

#include <algorithm>
#include <iterator>

namespace fw::capture {

std::size_t bytes_of(const record::Interaction& record) {
  const auto& said = record.provenance;
  std::size_t bytes = sizeof record + record.id->size() + record.workload->size() + record.client->size() +
                      record.request.size() + record.response.size() + said.model_asked.size() +
                      said.model_answered.size() + said.route.size() + said.variant.size() + said.conversation.size() +
                      said.key.size();
  for (const auto& tag : said.tags) bytes += sizeof tag + tag.name.size() + tag.value.size();
  return bytes;
}

FairClaim CommitQueue::claim_of(const std::string& tenant, std::size_t bytes, std::size_t room) const {
  const auto found = tenants_.find(tenant);
  const bool is_new = found == tenants_.end();
  return {.room = room,
          .held = bytes_,
          .own = is_new ? 0 : found->second.bytes,
          .sharers = tenants_.size() + (is_new ? 1 : 0),
          .amount = bytes};
}

void CommitQueue::forget_if_idle(const std::string& tenant) {
  const auto found = tenants_.find(tenant);
  const Tenant& its = found->second;
  if (its.bytes == 0 && its.queue.empty() && its.line.empty()) tenants_.erase(found);
}

void CommitQueue::take(Pending pending) {
  pending.number = ++last_number_;
  ++entries_;
  records_ += pending.count;
  bytes_ += pending.bytes;
  if (pending.waiter) ++waited_for_;
  Tenant& tenant = tenants_[pending.tenant];
  tenant.bytes += pending.bytes;
  if (tenant.queue.empty()) {
    tenant.credit = kTurnBytes;
    turns_.push_back(&tenant);
  }
  tenant.queue.push_back(std::move(pending));
}

bool CommitQueue::come_in(Pending pending) {
  const auto found = tenants_.find(pending.tenant);
  const bool is_behind_its_own = found != tenants_.end() && !found->second.line.empty();
  const bool is_behind_others = !lines_.empty() && is_next(claim_in_line(lines_.front()->line.front()));
  if (!is_behind_its_own && !is_behind_others && fits(claim_in_line(pending))) {
    take(std::move(pending));
    return true;
  }
  Tenant& tenant = tenants_[pending.tenant];
  if (tenant.line.empty()) lines_.push_back(&tenant);
  tenant.line.push_back(std::move(pending));
  return false;
}

std::size_t CommitQueue::leave_line(const Waiter* waiter) {
  for (auto tenant = lines_.begin(); tenant != lines_.end(); ++tenant) {
    auto& line = (*tenant)->line;
    const auto own = std::ranges::find_if(line, [&](const Pending& one) { return one.waiter.get() == waiter; });
    if (own == line.end()) continue;
    const Pending left = std::move(*own);
    line.erase(own);
    if (line.empty()) lines_.erase(tenant);
    forget_if_idle(left.tenant);
    return left.count;
  }
  return 0;
}

std::vector<Pending> CommitQueue::empty_line() {
  std::vector<Pending> all;
  for (Tenant* tenant : lines_) {
    std::ranges::move(tenant->line, std::back_inserter(all));
    tenant->line.clear();
  }
  lines_.clear();
  for (const Pending& one : all) {
    if (tenants_.contains(one.tenant)) forget_if_idle(one.tenant);
  }
  return all;
}

std::vector<Pending> CommitQueue::next_group() {
  std::vector<Pending> group;
  std::size_t bytes = 0;
  std::size_t records = 0;
  std::vector<Tenant*> too_large;  // their turn came, and what they have does not fit into this group any more
  while (!turns_.empty() && bytes < options_.max_group_bytes && records < options_.max_group_records) {
    Tenant& tenant = *turns_.front();
    Pending& next = tenant.queue.front();
    turns_.pop_front();
    if (next.bytes > tenant.credit) {
      tenant.credit += kTurnBytes;
      turns_.push_back(&tenant);
      continue;
    }
    if (!group.empty() &&
        (next.bytes > options_.max_group_bytes - bytes || next.count > options_.max_group_records - records)) {
      too_large.push_back(&tenant);
      continue;
    }
    bytes += next.bytes;
    records += next.count;
    tenant.credit -= next.bytes;
    if (next.waiter) --waited_for_;
    group.push_back(std::move(next));
    tenant.queue.pop_front();
    if (!tenant.queue.empty()) turns_.push_front(&tenant);
  }
  turns_.insert(turns_.begin(), too_large.begin(), too_large.end());
  return group;
}

void CommitQueue::hold_back(Pending pending) {
  pending.waiter.reset();
  pending.has_failed = true;
  held_back_.push_back(std::move(pending));
}

void CommitQueue::retry() {
  for (auto one = held_back_.rbegin(); one != held_back_.rend(); ++one) {
    Tenant& tenant = tenants_[one->tenant];
    if (tenant.queue.empty()) {
      tenant.credit = kTurnBytes;
      turns_.push_front(&tenant);
    }
    tenant.queue.push_front(std::move(*one));
  }
  held_back_.clear();
}

void CommitQueue::release(const Pending& pending) {
  --entries_;
  records_ -= pending.count;
  bytes_ -= pending.bytes;
  tenants_[pending.tenant].bytes -= pending.bytes;
  forget_if_idle(pending.tenant);
}

void CommitQueue::let_in() {
  for (std::size_t refused = 0; refused < lines_.size();) {
    Tenant& tenant = *lines_.front();
    const FairClaim claim = claim_in_line(tenant.line.front());
    if (is_next(claim)) return;
    lines_.pop_front();
    if (fits(claim)) {
      Pending first = std::move(tenant.line.front());
      tenant.line.pop_front();
      take(std::move(first));
      refused = 0;
    } else {
      ++refused;
    }
    if (!tenant.line.empty()) lines_.push_back(&tenant);
  }
}

std::size_t CommitQueue::in_line() const {
  std::size_t records = 0;
  for (const Tenant* tenant : lines_) {
    for (const Pending& one : tenant->line) records += one.count;
  }
  return records;
}

std::optional<Instant> CommitQueue::oldest() const {
  std::optional<Instant> oldest;
  const auto see = [&](const Pending& one) { oldest = std::min(oldest.value_or(one.since), one.since); };
  for (const Pending& one : held_back_) see(one);
  for (const Tenant* tenant : turns_) see(tenant->queue.front());
  return oldest;
}

}  // namespace fw::capture
