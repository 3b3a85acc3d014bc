#include "audit/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "io/file.h"

namespace fw::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AuditLogTest : public testing::Test {
 protected:
  std::unique_ptr<AuditLog> open() { return std::move(AuditLog::open(folder_.path(), clock_)).value(); }
  std::filesystem::path file() const { return folder_.path() / "audit.jsonl"; }
  std::string bytes() const { return std::move(io::read_file(file())).value(); }
  void write(const std::string& bytes) const { std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes; }
  static Event event(const std::string& subject) {
    return {.person = "ada", .action = "promotion.signed", .subject = subject, .reason = "looks right"};
  }
  /// Three entries; their lines with ends.
  std::vector<std::string> three_lines() {
    const auto log = open();
    for (const char* subject : {"one", "two", "three"}) EXPECT_TRUE(log->append(event(subject)).ok());
    std::vector<std::string> lines;
    const std::string all = bytes();
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at) + 1;
      lines.push_back(all.substr(at, end - at));
      at = end;
    }
    return lines;
  }

  io::TemporaryFolder folder_{"audit"};
  ManualClock clock_{from_epoch_seconds(1'790'000'000)};
};

TEST_F(AuditLogTest, EntriesComeBackAsTheyWereAfterOpeningAgain) {
  {
    const auto log = open();
    const auto first =
        log->append({"bj\xC3\xB6rn \"b\"\n", "promotion.proposed", "p-1", "why\tnot", R"({"rows":320})"});
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(first->number, 1U);
    clock_.advance(std::chrono::seconds(5));
    ASSERT_TRUE(log->append(event("p-1")).ok());
  }
  const auto log = open();
  const auto entries = log->entries(0, 10);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].event.person, "bj\xC3\xB6rn \"b\"\n");
  EXPECT_EQ(entries[0].event.details, R"({"rows":320})");
  EXPECT_EQ(entries[1].at - entries[0].at, std::chrono::seconds(5));
  EXPECT_EQ(entries[1].previous, entries[0].hash);
  EXPECT_EQ(log->entries(1, 10).size(), 1U);
  EXPECT_TRUE(log->entries(7, 10).empty());
}

TEST_F(AuditLogTest, AFolderIsHeldAgainstTheHeadThatItKeeps) {
  const auto data = folder_.path() / "data";
  const LogFiles in_data{data / "audit" / "audit.jsonl", data / "audit_head.json"};
  {
    const auto log = std::move(AuditLog::open(data / "audit", clock_, in_data.head_file)).value();
    for (const char* subject : {"one", "two", "three"}) ASSERT_TRUE(log->append(event(subject)).ok());
  }
  const std::string whole = io::read_file(in_data.file).value();
  const std::string two = whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1);
  const auto fault_in = [](const std::filesystem::path& folder) {
    const LogFiles files = log_files_in(folder);
    return verify(files.file, std::nullopt, files.head_file)->fault.value_or("");
  };
  const auto put = [&](const std::string& bytes) { std::ofstream(in_data.file, std::ios::binary) << bytes; };
  for (const auto& folder : {data, data / "audit", data / "audit" / ""}) {
    put(whole);
    EXPECT_EQ(fault_in(folder), "") << folder;
    put(two);
    EXPECT_THAT(fault_in(folder), HasSubstr("cut off the end: there were 3")) << folder;
    put("");
    EXPECT_THAT(fault_in(folder), HasSubstr("cut off the end: there were 3")) << folder;
    // Another log that holds.
    clock_.advance(std::chrono::seconds(1));
    ASSERT_EQ(three_lines().size(), 3U);
    put(bytes());
    EXPECT_THAT(fault_in(folder), HasSubstr("entry 3: it is not the one that was written")) << folder;
    std::filesystem::remove(file());
  }
  put(whole);
  std::ofstream(in_data.head_file) << "{}";
  EXPECT_THAT(fault_in(data), HasSubstr("audit_head.json cannot be read"));
  std::filesystem::remove(in_data.head_file);
  EXPECT_EQ(fault_in(data), "");
}

TEST_F(AuditLogTest, BytesThatAreNoTextStillVerify) {
  ASSERT_TRUE(open()->append({"ada\xFF", "a\xC0", "s", "r", "not json"}).ok());
  EXPECT_FALSE(verify(file())->fault);
  EXPECT_EQ(open()->entries(0, 1)[0].event.details, "{}");
}

TEST_F(AuditLogTest, AnyChangedByteOfAnyEntryIsFound) {
  three_lines();
  const std::string whole = bytes();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = changed[i] == '7' ? '8' : '7';
    write(changed);
    EXPECT_TRUE(verify(file())->fault) << "byte " << i << " of " << whole;
  }
}

TEST_F(AuditLogTest, AMissingAMovedAndADoubledEntryAreNamed) {
  const auto lines = three_lines();
  write(lines[0] + lines[2]);
  EXPECT_THAT(*verify(file())->fault, HasSubstr("entry 2: it is missing or was moved: entry 3"));
  write(lines[0] + lines[2] + lines[1]);
  EXPECT_THAT(*verify(file())->fault, HasSubstr("entry 2: it is missing or was moved"));
  write(lines[0] + lines[0] + lines[1]);
  EXPECT_THAT(*verify(file())->fault, HasSubstr("entry 2"));
  write(lines[1] + lines[2]);
  EXPECT_THAT(*verify(file())->fault, HasSubstr("entry 1"));
  write(lines[0] + lines[1] + lines[2]);
  EXPECT_FALSE(verify(file())->fault);
}

TEST_F(AuditLogTest, EntriesCutOffTheEndAreFoundByAHeadThatWasWrittenDown) {
  const auto lines = three_lines();
  const std::string head = verify(file())->head;
  EXPECT_FALSE(verify(file(), head)->fault);
  write(lines[0] + lines[1]);
  EXPECT_FALSE(verify(file())->fault);
  EXPECT_THAT(*verify(file(), head)->fault, HasSubstr("cut off the end"));
}

TEST_F(AuditLogTest, TheNewestComeFirstAndPageByPage) {
  const auto log = open();
  for (const char* subject : {"one", "two", "one", "three", "one"}) EXPECT_TRUE(log->append(event(subject)).ok());
  const auto numbers = [&](std::uint64_t before, std::size_t limit, std::optional<std::string_view> subject = {}) {
    std::vector<std::uint64_t> found;
    for (const auto& entry : log->newest(before, limit, subject)) found.push_back(entry.number);
    return found;
  };
  EXPECT_THAT(numbers(UINT64_MAX, 2), ElementsAre(5, 4));
  EXPECT_THAT(numbers(4, 2), ElementsAre(3, 2));
  EXPECT_THAT(numbers(2, 2), ElementsAre(1));
  EXPECT_THAT(numbers(1, 2), ElementsAre());
  EXPECT_THAT(numbers(0, 2), ElementsAre());
  EXPECT_THAT(numbers(UINT64_MAX, 2, "one"), ElementsAre(5, 3));
  EXPECT_THAT(numbers(3, 2, "one"), ElementsAre(1));
}

TEST_F(AuditLogTest, ARunningLogFindsWhatWasDoneToItsFile) {
  const auto lines = three_lines();
  const auto log = open();
  const std::string head = log->entries(2, 1)[0].hash;
  EXPECT_EQ(log->verify_file()->entries, 3U);
  EXPECT_EQ(log->verify_file(head)->head, head);
  EXPECT_FALSE(log->verify_file(log->entries(0, 1)[0].hash)->fault);
  EXPECT_THAT(*log->verify_file(std::string(64, '7'))->fault, HasSubstr("no entry has the hash"));
  write(lines[0] + lines[1]);
  EXPECT_THAT(*log->verify_file()->fault, HasSubstr("cut off the end"));
  write(lines[0] + lines[2]);
  EXPECT_THAT(*log->verify_file()->fault, HasSubstr("entry 2: it is missing or was moved"));
  write(lines[0] + lines[1] + lines[2] + "{");
  EXPECT_THAT(*log->verify_file()->fault, HasSubstr("entry 4: its line is cut short"));
}

TEST_F(AuditLogTest, WhoVerifiesWhileOthersDecideFindsNoFault) {
  const auto log = open();
  std::jthread people([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) EXPECT_TRUE(log->append(event("x")).ok());
  });
  for (int i = 0; i < 50; ++i) {
    const auto found = log->verify_file();
    ASSERT_TRUE(found.ok());
    EXPECT_FALSE(found->fault) << *found->fault;
  }
}

TEST_F(AuditLogTest, ALineThatACrashToreIsCutOffAtAnyByte) {
  const auto lines = three_lines();
  for (std::size_t cut = 0; cut < lines[2].size(); cut += 7) {
    write(lines[0] + lines[1] + lines[2].substr(0, cut));
    const auto log = open();
    ASSERT_EQ(log->last_number(), 2U) << cut;
    ASSERT_TRUE(log->append(event("again")).ok());
    EXPECT_FALSE(verify(file())->fault);
  }
}

TEST_F(AuditLogTest, ABrokenChainIsNotOpened) {
  const auto lines = three_lines();
  write(lines[0] + lines[2]);
  const auto log = AuditLog::open(folder_.path(), clock_);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(log.error().message, HasSubstr("entry 2"));
}

TEST_F(AuditLogTest, OfTwoWhoDecideAtOnceOneIsTold) {
  const auto log = open();
  int decided = 0;
  {
    std::vector<std::jthread> people;
    std::atomic<int> wins = 0;
    for (int i = 0; i < 8; ++i) {
      people.emplace_back([&] {
        const auto entry = log->append(event("x"), 0);
        if (entry.ok()) ++wins;
        if (!entry.ok()) EXPECT_EQ(entry.error().code, ErrorCode::kFailedPrecondition);
      });
    }
    people.clear();
    decided = wins;
  }
  EXPECT_EQ(decided, 1);
  EXPECT_EQ(log->last_number(), 1U);
}

TEST_F(AuditLogTest, AFullDiskLeavesTheLogAsItWas) {
  const auto log = open();
  ASSERT_TRUE(log->append(event("one")).ok());
  const std::string before = bytes();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit tight{before.size() + 100, old.rlim_max};  // the next line does not fit
  setrlimit(RLIMIT_FSIZE, &tight);
  const auto refused = log->append(event("two"));
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(bytes(), before);
  ASSERT_TRUE(log->append(event("three")).ok());
  EXPECT_FALSE(verify(file())->fault);
  EXPECT_EQ(verify(file())->entries, 2U);
}

TEST_F(AuditLogTest, WhatIsTooLongOrNamesNobodyIsRefused) {
  const auto log = open();
  EXPECT_EQ(log->append({"", "a", "s", "", "{}"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(log->append({"ada", "a", "s", std::string(20'000, 'x'), "{}"}).error().message, HasSubstr("reason"));
  EXPECT_EQ(log->last_number(), 0U);
}

TEST_F(AuditLogTest, ALogThatLacksItsKeptHeadIsRefusedWithTheRemedy) {
  const auto head = folder_.path() / "head.json";
  const auto open_with_head = [&] { return AuditLog::open(folder_.path(), clock_, head); };
  const auto lines = three_lines();
  ASSERT_TRUE(open_with_head().ok()) << "a log of before: its head is kept from now on";
  for (const std::string& cut : {std::string(), lines[0], lines[0] + lines[1], lines[0] + lines[1].substr(0, 20)}) {
    write(cut);
    const auto opened = open_with_head();
    ASSERT_FALSE(opened.ok()) << cut.size();
    EXPECT_EQ(opened.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(opened.error().message, HasSubstr("and had 3; "));
    EXPECT_THAT(opened.error().message, HasSubstr("restore it from a backup"));
  }
  std::filesystem::remove(file());
  EXPECT_FALSE(open_with_head().ok());
  write(lines[0] + lines[1] + lines[2]);
  const auto log = open_with_head();
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->append(event("four")).ok());
  EXPECT_THAT(*io::read_file(head), HasSubstr(R"("entries":4)"));
}

TEST_F(AuditLogTest, NothingIsAppendedToAFileThatIsNotAtItsPlace) {
  const auto log = open();
  ASSERT_TRUE(log->append(event("one")).ok());
  const auto aside = folder_.path() / "aside.jsonl";
  const auto refused = [&](const char* why) {
    const auto appended = log->append(event("two"));
    ASSERT_FALSE(appended.ok()) << why;
    EXPECT_EQ(appended.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(appended.error().message, HasSubstr(why));
    EXPECT_THAT(appended.error().message, HasSubstr("flywheel audit export"));
    EXPECT_FALSE(log->check_place().ok());
    EXPECT_EQ(log->last_number(), 1U);
  };
  std::filesystem::rename(file(), aside);
  refused("moved or removed");
  std::filesystem::copy_file(aside, file());
  refused("another file");
  std::filesystem::rename(aside, file());
  EXPECT_TRUE(log->check_place().ok()) << "the file itself is back";
  ASSERT_TRUE(log->append(event("two")).ok());
  const std::string whole = bytes();
  write(whole.substr(0, whole.find('\n') + 1));
  const auto cut = log->append(event("three"));
  ASSERT_FALSE(cut.ok());
  EXPECT_THAT(cut.error().message, HasSubstr("was changed by somebody else"));
}

TEST_F(AuditLogTest, ACrashBeforeTheHeadWasKeptIsNoLoss) {
  const auto head = folder_.path() / "head.json";
  ASSERT_TRUE((*AuditLog::open(folder_.path(), clock_, head))->append(event("one")).ok());
  const std::string before = *io::read_file(head);
  ASSERT_TRUE((*AuditLog::open(folder_.path(), clock_, head))->append(event("two")).ok());
  ASSERT_TRUE(io::write_file_atomically(head, before).ok());
  EXPECT_TRUE(AuditLog::open(folder_.path(), clock_, head).ok());
  EXPECT_THAT(*io::read_file(head), HasSubstr(R"("entries":2)"));
}

}  // namespace
}  // namespace fw::audit
