// kill -9 of a process that appends and removes, at random moments, and what its store holds afterwards.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>

#include "base/random.h"
#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

constexpr int kWriters = 3;  // threads that append; the last of them also removes what it appended
constexpr int kBatchRecords = 7;

/// What the child acknowledges through its pipe, after the store's call has returned.
struct Acknowledged {
  std::int32_t writer = 0;
  std::int32_t batch = 0;
  std::int32_t removed = 0;
};

std::string workload_of(int writer) { return "writer" + std::to_string(writer); }

std::vector<record::Interaction> batch_of(int writer, int number) {
  std::vector<record::Interaction> batch;
  Random random = Random::for_purpose(static_cast<std::uint64_t>(number), workload_of(writer));
  for (int i = 0; i < kBatchRecords; ++i) {
    const std::string id = std::to_string(writer) + "." + std::to_string(number) + "." + std::to_string(i);
    batch.push_back(interaction(id, workload_of(writer), "client" + std::to_string(i % 2), number));
    batch.back().response.append(random.below(4000), static_cast<char>('a' + random.below(26)));
  }
  return batch;
}

Selection removal_of(int writer, int number) {
  return {.workload = record::WorkloadId(workload_of(writer)),
          .client = std::nullopt,
          .from = from_epoch_seconds(number),
          .to = from_epoch_seconds(number + 1)};
}

void acknowledge(int pipe, Acknowledged what) {
  if (::write(pipe, &what, sizeof what) != sizeof what) ::_exit(3);
}

/// The child: small write buffers, so that flushes and compactions are under way when it is killed.
[[noreturn]] void write_until_killed(const char* path, int first_batch, int pipe) {
  auto store = open_rocksdb_log_store(path, {.block_cache_bytes = 1 << 20, .write_buffer_bytes = 256 << 10});
  if (!store.ok()) ::_exit(2);
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int number = first_batch;; ++number) {
        if (!(*store)->append(batch_of(writer, number)).ok()) ::_exit(4);
        acknowledge(pipe, {writer, number, 0});
        if (writer != kWriters - 1 || number % 2 != 0) continue;
        if (!(*store)->remove(removal_of(writer, number)).ok()) ::_exit(5);
        acknowledge(pipe, {writer, number, 1});
      }
    });
  }
  writers.clear();
  ::_exit(6);
}

constexpr int kContents = 1200;
constexpr std::size_t kExpiredAtOnce = 20;

record::Interaction content_of(int number) {
  Random random = Random::for_purpose(static_cast<std::uint64_t>(number), "contents");
  auto record = interaction(std::to_string(number), "contents", "client" + std::to_string(number % 2), number * 3600);
  record.request = "secret of " + std::to_string(number) + ' ';
  for (int i = 0; i < 60; ++i) record.request += std::to_string(random.below(1'000'000'000));
  return record;
}

/// The child: takes contents, a few at a time, and purges between.
[[noreturn]] void expire_until_killed(const char* path, int pipe) {
  auto store = open_rocksdb_log_store(path, {.block_cache_bytes = 1 << 20, .write_buffer_bytes = 64 << 10});
  if (!store.ok()) ::_exit(2);
  for (int turn = 0;; ++turn) {
    const auto page = (*store)->scan({}, Order::kOldestFirst, kContents, {});
    if (!page.ok()) ::_exit(3);
    std::vector<record::Interaction> some;
    for (const auto& record : page->records) {
      if (record.has_content() && some.size() < kExpiredAtOnce) some.push_back(outlined(record));
    }
    if (!(*store)->expire_contents(some).ok()) ::_exit(4);
    for (const auto& record : some) acknowledge(pipe, {0, std::stoi(*record.id), 1});
    if (some.empty()) acknowledge(pipe, {0, -1, 0});  // or whoever counts these would wait for ever
    if (turn % 4 == 3 && !(*store)->purge(Deadline::never()).ok()) ::_exit(5);
  }
}

enum class State { kAppended, kRemoved };

class CrashTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "store"; }

  /// Starts the child, kills it after `acks` acknowledgements, and takes note of all it acknowledged.
  void run_and_kill(int first_batch, std::uint64_t acks, const char* mode = "--write-until-killed") {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const std::string number = std::to_string(first_batch);
    const std::string pipe = std::to_string(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/proc/self/exe", "crash_test", mode, path().c_str(), number.c_str(), pipe.c_str(), nullptr);
      ::_exit(7);
    }
    ::close(ends[1]);
    Acknowledged ack;
    while (::read(ends[0], &ack, sizeof ack) == sizeof ack) {
      note(ack);
      if (--acks == 0) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
  }

  void note(const Acknowledged& ack) {
    if (ack.batch < 0) return;
    auto& state = batches_[{ack.writer, ack.batch}];
    state = ack.removed != 0 ? State::kRemoved : State::kAppended;
    last_batch_ = std::max(last_batch_, ack.batch);
  }

  /// Every batch is there whole or not at all, acknowledged ones as acknowledged, and all indexes and counts agree.
  void check_store() {
    auto store = open_rocksdb_log_store(path());
    ASSERT_TRUE(store.ok()) << store.error();
    std::map<std::pair<std::string, std::string>, std::uint64_t> counts;
    for (int writer = 0; writer < kWriters; ++writer) {
      for (int number = 0; number <= last_batch_ + 2; ++number) {
        const auto found = (*store)->scan(removal_of(writer, number), Order::kOldestFirst, 100, {});
        ASSERT_TRUE(found.ok()) << found.error();
        if (!found->records.empty()) {
          ASSERT_EQ(found->records, batch_of(writer, number)) << "batch " << writer << "." << number;
        }
        check_acknowledged(writer, number, !found->records.empty());
        for (const auto& record : found->records) {
          ++counts[{*record.workload, *record.client}];
          ASSERT_EQ(**(*store)->find(record.id), record);
        }
      }
    }
    check_counts(**store, counts);
    for (const auto& [batch, state] : batches_) check_same_batch_again(**store, batch, state);
  }

  void check_acknowledged(int writer, int number, bool is_there) const {
    const auto state = batches_.find({writer, number});
    if (state == batches_.end()) return;  // in flight when the child was killed: either is right
    const bool may_be_removed = writer == kWriters - 1 && number % 2 == 0;
    if (state->second == State::kRemoved) {
      EXPECT_FALSE(is_there) << writer << "." << number << " was removed and is back";
    } else if (!may_be_removed) {
      EXPECT_TRUE(is_there) << writer << "." << number << " was acknowledged and is lost";
    }
  }

  static void check_counts(LogStore& store,
                           const std::map<std::pair<std::string, std::string>, std::uint64_t>& counts) {
    const auto summaries = store.workloads();
    ASSERT_TRUE(summaries.ok()) << summaries.error();
    EXPECT_EQ(summaries->size(), counts.size());
    std::uint64_t total = 0;
    for (const auto& summary : *summaries) {
      EXPECT_EQ(summary.records, counts.at({*summary.workload, *summary.client}));
      total += summary.records;
    }
    std::uint64_t seen = 0;
    std::optional<Cursor> after;
    do {
      const auto page = store.scan({}, Order::kNewestFirst, 1000, after);
      ASSERT_TRUE(page.ok()) << page.error();
      seen += page->records.size();
      after = page->next;
    } while (after);
    EXPECT_EQ(seen, total);
  }

  static void check_same_batch_again(LogStore& store, const std::pair<int, int>& batch, State state) {
    if (state == State::kRemoved || (batch.first == kWriters - 1 && batch.second % 2 == 0)) return;
    const auto again = store.append(batch_of(batch.first, batch.second));
    ASSERT_TRUE(again.ok()) << again.error();
    EXPECT_EQ(again->appended, 0U);
    EXPECT_EQ(again->duplicates, static_cast<std::uint64_t>(kBatchRecords));
  }

  io::TemporaryFolder folder_{"logstore-crash"};
  std::map<std::pair<int, int>, State> batches_;
  int last_batch_ = 0;
};

TEST_F(CrashTest, NothingAcknowledgedIsLostAndNothingIsHalfThereAfterKill9) {
  Random random(20261124);
  for (int round = 0; round < 12; ++round) {
    run_and_kill(round == 0 ? 0 : last_batch_ + 3, 1 + random.below(round % 3 == 0 ? 4 : 250));
    if (HasFatalFailure()) return;
    check_store();
    if (HasFailure()) FAIL() << "in round " << round;
  }
  EXPECT_GT(batches_.size(), 100U);
}

class ExpiryCrashTest : public CrashTest {
 protected:
  /// How many have their content; each has that or its outline, and what was acknowledged has its outline.
  int check_contents() {
    auto store = open_rocksdb_log_store(path());
    EXPECT_TRUE(store.ok()) << store.error();
    int whole = 0;
    for (int number = 0; number < kContents; ++number) {
      const auto original = content_of(number);
      const auto found = (*store)->find(original.id).value();
      if (!found || (*found != original && *found != outlined(original))) {
        ADD_FAILURE() << "record " << number << " is neither whole nor an outline";
        return 0;
      }
      whole += found->has_content() ? 1 : 0;
      EXPECT_FALSE(found->has_content() && batches_.contains({0, number})) << number << " has its content back";
    }
    check_counts(**store, {{{"contents", "client0"}, kContents / 2}, {{"contents", "client1"}, kContents / 2}});
    return whole;
  }
  bool is_on_disk(const std::string& text) const {
    for (const auto& file : std::filesystem::directory_iterator(path())) {
      std::ifstream input(file.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(input)), {});
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  }
};

TEST_F(ExpiryCrashTest, EveryRecordHasItsContentOrItsOutlineAfterKill9AndTheNextPurgeTakesWhatIsLeft) {
  {
    auto store = open_rocksdb_log_store(path());
    ASSERT_TRUE(store.ok()) << store.error();
    std::vector<record::Interaction> records;
    for (int number = 0; number < kContents; ++number) records.push_back(content_of(number));
    ASSERT_TRUE((*store)->append(records).ok());
  }
  ASSERT_TRUE(is_on_disk("secret of "));
  Random random(20261128);
  int rounds = 0;
  for (int whole = kContents; whole > 0; ++rounds) {
    run_and_kill(0, 1 + random.below(200), "--expire-until-killed");
    if (HasFatalFailure()) return;
    whole = check_contents();
    if (HasFailure()) FAIL() << "in round " << rounds;
  }
  EXPECT_GT(rounds, 5);
  {
    auto store = open_rocksdb_log_store(path());
    EXPECT_TRUE((*store)->purge(Deadline::never()).value());
  }
  EXPECT_FALSE(is_on_disk("secret of "));
}

}  // namespace
}  // namespace fw::logstore

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "--write-until-killed") {
    fw::logstore::write_until_killed(argv[2], std::stoi(argv[3]), std::stoi(argv[4]));
  }
  if (argc == 5 && std::string_view(argv[1]) == "--expire-until-killed") {
    fw::logstore::expire_until_killed(argv[2], std::stoi(argv[4]));
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
