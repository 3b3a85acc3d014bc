#include "capture/files/loader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <set>
#include <thread>

#include "base/random.h"
#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::capture {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using namespace std::chrono_literals;

std::string document(int number, std::string_view workload = "router") {
  return R"({"timestamp":)" + std::to_string(1'700'000'000 + number) + R"(,"workload_id":")" + std::string(workload) +
         R"(","client_id":"demo","request":{"messages":[{"role":"user","content":"question )" + std::to_string(number) +
         R"("}]},"response":{"choices":[]}})";
}

std::string documents(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += document(i) + "\n";
  return text;
}

std::string gzip(const std::string& text, const std::filesystem::path& scratch) {
  gzFile file = gzopen(scratch.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return *io::read_file(scratch);
}

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() {
    store_ = std::move(logstore::open_rocksdb_log_store(folder_.path() / "store")).value();
    quarantine_ = std::move(Quarantine::open(folder_.path() / "quarantine")).value();
  }

  std::string write(const std::string& name, std::string_view bytes) {
    const auto path = folder_.path() / name;
    EXPECT_TRUE(io::write_file_atomically(path, bytes).ok());
    return path.string();
  }

  LoadReport load(const std::vector<std::string>& paths, const LoadOptions& options = {}) {
    Loader loader(*store_, *quarantine_, clock_, redactor_);
    auto report = loader.load(paths, options, Deadline::never());
    EXPECT_TRUE(report.ok()) << report.error();
    EXPECT_EQ(report->lines, report->appended + report->duplicates + report->bad + report->skipped);
    return std::move(report).value();
  }

  std::vector<record::Interaction> stored() {
    return store_->scan({}, logstore::Order::kOldestFirst, 10'000, {})->records;
  }

  io::TemporaryFolder folder_{"loader"};
  ManualClock clock_{from_epoch_seconds(2'000'000'000)};
  std::unique_ptr<logstore::LogStore> store_;
  std::unique_ptr<Quarantine> quarantine_;
  Redactor redactor_;
};

TEST_F(LoaderTest, AnotherRecordUnderAKnownIdIsCountedAndKeptAside) {
  const auto hit = [](const std::string& id, const std::string& source) {
    return R"({"_index":"i","_id":")" + id + R"(","_source":)" + source + "}\n";
  };
  const std::string path = write("a.jsonl", hit("A1", document(1)) + hit("A2", document(2)));
  EXPECT_EQ(load({path}).appended, 2U);
  EXPECT_EQ(load({path}).duplicates, 2U) << "the same again is no other record";
  const auto report = load({write("b.jsonl", hit("A1", document(1)) + hit("A2", document(3)))});
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_EQ(report.bad, 1U);
  EXPECT_THAT(report.reasons, ElementsAre(Pair(kOtherContent, 1U)));
  EXPECT_EQ(stored().size(), 2U);
  const auto kept = quarantine_->list(std::nullopt, 0, 10);
  ASSERT_EQ(kept->lines.size(), 1U);
  EXPECT_EQ(kept->lines[0].line, 2U);
  EXPECT_THAT(kept->lines[0].bytes, HasSubstr("question 3"));
}

TEST_F(LoaderTest, TheSameRecordUnderAnotherWorkloadIsCountedAndStaysWhereItIs) {
  const auto with_id = [](std::string text) { return text.insert(1, R"("flywheel":{"id":"X1"},)") + "\n"; };
  EXPECT_EQ(load({write("a.jsonl", with_id(document(1)))}).elsewhere, 0U);
  EXPECT_EQ(load({write("a.jsonl", with_id(document(1)))}).elsewhere, 0U) << "the same again is where it was";
  const auto report = load({write("b.jsonl", with_id(document(1, "support")))});
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_EQ(report.elsewhere, 1U);
  EXPECT_EQ(report.bad, 0U);
  ASSERT_EQ(stored().size(), 1U);
  EXPECT_EQ(*stored()[0].workload, "router");
}

TEST_F(LoaderTest, LoadsEveryLineAndNothingTwice) {
  const std::string path = write("a.jsonl", documents(2500));
  const auto first = load({path});
  EXPECT_EQ(first.appended, 2500U);
  EXPECT_EQ(first.workloads.at(0).records, 2500U);
  EXPECT_TRUE(first.is_complete());
  const auto second = load({path});
  EXPECT_EQ(second.appended, 0U);
  EXPECT_EQ(second.duplicates, 2500U);
  EXPECT_EQ(store_->workloads()->at(0).records, 2500U);
}

TEST_F(LoaderTest, EqualLinesStaySeparateRecordsAndLoadingAgainChangesNothing) {
  const std::string path =
      write("a.jsonl", document(1) + "\n" + document(2) + "\r\n  " + document(1) + " \n" + document(1));
  EXPECT_EQ(load({path}).appended, 4U);
  EXPECT_EQ(load({path, path}).duplicates, 8U);
  EXPECT_EQ(stored().size(), 4U);
}

TEST_F(LoaderTest, APartOfAFileLoadedEarlierIsNotLoadedTwice) {
  EXPECT_EQ(load({write("first", documents(10))}).appended, 10U);
  EXPECT_EQ(load({write("all", documents(25))}).appended, 15U);
}

TEST_F(LoaderTest, ReadsGzipByItsBytesAlsoInSeveralMembers) {
  const std::string bytes = gzip(documents(10), folder_.path() / "x") + gzip(document(10), folder_.path() / "x");
  EXPECT_EQ(load({write("a.jsonl", bytes)}).appended, 11U);
  EXPECT_EQ(load({write("plain", documents(11))}).duplicates, 11U);
}

TEST_F(LoaderTest, BadLinesAreCountedKeptAsideAndNeverStopTheLoad) {
  const std::string path =
      write("a.jsonl", "oops\n" + document(1) + "\n\n{\"timestamp\":1}\n\xff\xfe\n" + document(2) + "\n{\"half\" 1}\n");
  const auto report = load({path});
  EXPECT_EQ(report.appended, 2U);
  EXPECT_EQ(report.bad, 4U);
  EXPECT_EQ(report.skipped, 0U);
  EXPECT_THAT(report.reasons,
              ElementsAre(Pair("not valid JSON", 2), Pair("not valid UTF-8", 1), Pair("request is missing", 1)));
  load({path});
  const auto kept = quarantine_->list({}, 0, 100)->lines;
  ASSERT_EQ(kept.size(), 4U);
  EXPECT_EQ(kept[2].line, 5U);
  EXPECT_EQ(kept[2].bytes, "\xff\xfe");
  EXPECT_EQ(kept[3].source, std::filesystem::canonical(path).string());
}

TEST_F(LoaderTest, ChatRowsNeedIdsAndKeepTheFilesOrder) {
  const std::string row = R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]})";
  const std::string path = write("rows", row + "\n" + row + "\n");
  EXPECT_EQ(load({path}).reasons.at("workload_id is missing"), 2U);
  EXPECT_EQ(load({path}, {.workload = record::WorkloadId("w"), .client = record::ClientId("c")}).appended, 2U);
  clock_.advance(1h);
  EXPECT_EQ(load({path}, {.workload = record::WorkloadId("w"), .client = record::ClientId("c")}).duplicates, 2U);
  EXPECT_EQ(to_epoch_seconds(stored()[0].timestamp), 2'000'000'000);
  EXPECT_LT(stored()[0].timestamp, stored()[1].timestamp);
}

TEST_F(LoaderTest, ReadsABulkBodyWithAByteOrderMark) {
  const auto report = load(
      {write("bulk", "\xef\xbb\xbf{\"index\":{}}\n" + document(1) + "\n{\"create\":{\"_id\":\"2\"}}\n" + document(2))});
  EXPECT_EQ(report.appended, 2U);
  EXPECT_EQ(report.skipped, 2U);
}

TEST_F(LoaderTest, AFileThatCannotBeReadIsReportedAndTheNextOneLoaded) {
  const auto report = load({"/nonexistent", "/dev/null/x", write("good", documents(3)), write("empty", "")});
  EXPECT_EQ(report.appended, 3U);
  EXPECT_FALSE(report.is_complete());
  EXPECT_EQ(report.files.at(0).error->code, ErrorCode::kNotFound);
  EXPECT_FALSE(report.files.at(3).error.has_value());
}

TEST_F(LoaderTest, FilesThatAreNotJsonLinesAreNamedNotPickedApart) {
  Random random(1);
  std::string noise(100'000, '\0');
  for (char& c : noise) c = static_cast<char>(random.next());
  const auto report = load({write("noise", noise), write("zip", "PK\x03\x04rest"), write("utf16", "\xff\xfe{"),
                            write("noise.gz", gzip(noise, folder_.path() / "x"))});
  EXPECT_EQ(report.lines, 0U);
  EXPECT_THAT(report.files.at(0).error->message, HasSubstr("binary data"));
  EXPECT_THAT(report.files.at(1).error->message, HasSubstr("ZIP archive"));
  EXPECT_THAT(report.files.at(2).error->message, HasSubstr("UTF-16"));
  EXPECT_TRUE(report.files.at(3).error.has_value());
}

TEST_F(LoaderTest, ReadsArraysInAnyLayout) {
  const std::string array = "[" + document(1) + ",\n  " + document(2) + "]";
  const auto first = load({write("array.json", array)});
  EXPECT_EQ(first.appended, 2U);
  EXPECT_EQ(first.repairs, (std::map<std::string, std::uint64_t>{{"element of a JSON array", 2}}));
  EXPECT_EQ(load({write("array.json.gz", gzip(array, folder_.path() / "x"))}).duplicates, 2U);
  const auto cut = load({write("cut.json", "[" + document(3) + "," + document(4).substr(0, 40))});
  EXPECT_EQ(cut.appended, 1U);
  EXPECT_THAT(cut.files.at(0).error->message, HasSubstr("only the first 1 line of "));
}

TEST_F(LoaderTest, ABatchsFilesAreOneSourceWhateverTheirOrder) {
  const std::string request = R"({"custom_id":"a","url":"/v1/chat/completions","body":{"messages":[{"role":"user"}]}})";
  const std::string result = R"({"custom_id":"a","response":{"body":{"choices":[{"message":{"content":"x"}}]}}})";
  const LoadOptions named{.workload = record::WorkloadId("w"), .client = record::ClientId("c")};
  const std::string output = write("a_output.jsonl", gzip(result, folder_.path() / "x"));
  const std::string other = write("b_other.jsonl", document(1));
  const std::string input = write("c_input.jsonl", request);
  const auto report = load({output, other, input}, named);
  EXPECT_EQ(report.appended, 2U);
  EXPECT_EQ(report.bad, 0U);
  ASSERT_EQ(report.files.size(), 2U);
  EXPECT_EQ(report.files[0].source, input + " + " + output);
  EXPECT_EQ(report.files[1].source, other);
  EXPECT_EQ(load({output, write("d_output.jsonl", result)}, named).files.size(), 2U);  // results alone are no pair
}

TEST_F(LoaderTest, AFileThatIsCutInItsLastRecordIsIncomplete) {
  const std::string whole = document(1) + "\n" + document(2) + "\n";
  const auto report = load({write("cut.jsonl", whole + document(3).substr(0, 60)), write("next.jsonl", document(4))});
  EXPECT_EQ(report.appended, 3U);
  EXPECT_EQ(report.bad, 0U);
  EXPECT_FALSE(report.is_complete());
  EXPECT_THAT(report.files.at(0).error->message, HasSubstr("only the first 2 lines of "));
  EXPECT_THAT(report.files.at(0).error->message, HasSubstr("the record that begins in line 3 is cut off"));
  EXPECT_FALSE(report.files.at(1).error.has_value());
  EXPECT_THAT(load({write("half.jsonl", document(5).substr(0, 60) + "\n")}).files.at(0).error->message,
              HasSubstr("nothing of "));
}

TEST_F(LoaderTest, WhatHoldsNoRecordSaysWhatItHolds) {
  const auto report = load({write("gone.jsonl", "{\"delete\":{\"_id\":\"1\"}}\n{\"delete\":{\"_id\":\"2\"}}\n")});
  EXPECT_EQ(report.skipped, 2U);
  EXPECT_EQ(report.skips.at("a line that deletes (nothing is deleted)"), 2U);
}

TEST_F(LoaderTest, ReadsWhatWasPackedTwice) {
  const std::string once = gzip(documents(3), folder_.path() / "x");
  EXPECT_EQ(load({write("twice.gz", gzip(once, folder_.path() / "x"))}).appended, 3U);
}

TEST_F(LoaderTest, ReadsAFolderByNameWithoutHiddenFiles) {
  const auto folder = folder_.path() / "traffic";
  std::filesystem::create_directories(folder / "b" / ".hidden");
  write("traffic/c.jsonl", document(3));
  write("traffic/a.jsonl", document(1));
  write("traffic/b/x.jsonl", document(2));
  write("traffic/b/.hidden/y.jsonl", "oops");
  write("traffic/.DS_Store", "oops");
  write("traffic/README.md", "# what this is\n");
  write("traffic/b/LICENSE", "as is\n");
  const auto report = load({folder.string()});
  EXPECT_THAT(report.documentation, ElementsAre(HasSubstr("README.md"), HasSubstr("b/LICENSE")));
  EXPECT_EQ(report.appended, 3U);
  ASSERT_EQ(report.files.size(), 3U);
  EXPECT_THAT(report.files[1].source, HasSubstr("b/x.jsonl"));
  std::filesystem::create_directories(folder_.path() / "nothing");
  EXPECT_THAT(load({(folder_.path() / "nothing").string()}).files.at(0).error->message, HasSubstr("holds no files"));
}

TEST_F(LoaderTest, TheWholeLinesBeforeATruncationAreLoadedAndItIsReported) {
  std::string text;
  Random random(2);
  for (int i = 0; i < 3000; ++i) text += document(i, std::to_string(random.next())) + "\n";
  const std::string bytes = gzip(text, folder_.path() / "x");
  const auto report = load({write("cut.gz", bytes.substr(0, bytes.size() / 2))});
  EXPECT_GT(report.appended, 1000U);
  EXPECT_LT(report.appended, 2000U);
  EXPECT_EQ(report.bad, 0U);
  EXPECT_THAT(report.files.at(0).error->message, HasSubstr("truncated"));
  EXPECT_THAT(report.files.at(0).error->message,
              HasSubstr("only the first " + std::to_string(report.lines) + " lines"));
}

TEST_F(LoaderTest, ATinyTruncatedFileIsReportedToo) {
  const std::string bytes = gzip(documents(3), folder_.path() / "x");
  for (const std::size_t size : {std::size_t{2}, std::size_t{11}, bytes.size() - 1}) {
    EXPECT_THAT(load({write("cut.gz", bytes.substr(0, size))}).files.at(0).error->message, HasSubstr("truncated"));
  }
  EXPECT_THAT(load({write("cut.gz", bytes.substr(0, 11))}).files.at(0).error->message, HasSubstr("nothing of "));
  {
  }
  EXPECT_EQ(stored().size(), 3U);
}

TEST_F(LoaderTest, ALineBeyondTheLimitIsABadLine) {
  const std::string path = write("a", document(1) + "\n{\"x\":\"" + std::string(5 << 20, 'y') + "\"}\n" + document(2));
  const auto report = load({path}, {.line_limit = 1 << 20});
  EXPECT_EQ(report.appended, 2U);
  EXPECT_THAT(report.reasons, ElementsAre(Pair("the line is longer than the limit", 1)));
  const auto kept = quarantine_->list({}, 0, 1)->lines.at(0);
  EXPECT_EQ(kept.length, (5U << 20) + 8);
  EXPECT_EQ(kept.bytes.size(), 64U << 10);
}

TEST_F(LoaderTest, RedactsBeforeTheStoreAndTheQuarantine) {
  redactor_ = Redactor::create({.rules = {{.kind = "email"}}}, "").value();
  const std::string good = document(1);
  std::string asked = good;
  asked.replace(asked.find("\"content\":\"") + 11, 0, "ann@example.com ");
  const auto report = load({write("a.jsonl", asked + "\n{\"mail\":\"bob@example.com\"}\nbob@example.com\n")});
  EXPECT_EQ(report.redacted, (RedactionCounts{{"email", 1}}));
  EXPECT_THAT(stored().at(0).request, HasSubstr("[EMAIL] "));
  for (const auto& line : quarantine_->list({}, 0, 10)->lines) EXPECT_THAT(line.bytes, HasSubstr("[EMAIL]"));
  EXPECT_EQ(quarantine_->list({}, 0, 10)->lines.size(), 2U);
}

TEST_F(LoaderTest, TellsItsProgressInBytesOfTheFile) {
  const std::string path = write("a.gz", gzip(documents(2500), folder_.path() / "x"));
  std::vector<LoadProgress> seen;
  Loader loader(*store_, *quarantine_, clock_, redactor_);
  ASSERT_TRUE(loader.load({path}, {}, Deadline::never(), [&](const LoadProgress& p) { seen.push_back(p); }).ok());
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].appended, 1000U);
  EXPECT_EQ(seen[2].bytes_done, seen[2].bytes_total);
  EXPECT_EQ(seen[2].bytes_total, std::filesystem::file_size(path));
}

TEST_F(LoaderTest, AStoppedLoadSaysHowFarItCameAndGoesOnWhenLoadedAgain) {
  const std::string path = write("a", documents(5000));
  std::stop_source stop;
  Loader loader(*store_, *quarantine_, clock_, redactor_);
  const auto report = loader.load({path}, {}, Deadline::when_stopped(stop.get_token()), [&](const LoadProgress& p) {
    if (p.appended >= 2000) stop.request_stop();
  });
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(report.error().message, HasSubstr("load again"));
  const auto rest = load({path});
  EXPECT_EQ(rest.appended + rest.duplicates, 5000U);
  EXPECT_GE(rest.duplicates, 2000U);
  EXPECT_GT(rest.appended, 0U);
}

TEST_F(LoaderTest, ASilentPipeEndsWithItsDeadline) {
  const std::string path = (folder_.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int writer = ::open(path.c_str(), O_RDWR);  // held open: no end of file
  ASSERT_EQ(::write(writer, "{}\n", 3), 3);
  Loader loader(*store_, *quarantine_, clock_, redactor_);
  const auto report = loader.load({path}, {}, Deadline::after(20ms));
  ::close(writer);
  EXPECT_EQ(report.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(LoaderTest, ReadsAPipeToItsEnd) {
  const std::string path = (folder_.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::jthread writer([&] {
    const int fd = ::open(path.c_str(), O_WRONLY);
    const std::string text = documents(2000);
    EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(fd);
  });
  EXPECT_EQ(load({path}).appended, 2000U);
}

/// A store whose disk is full from the second batch on.
class FullStore final : public logstore::LogStore {
 public:
  explicit FullStore(logstore::LogStore& store) : store_(store) {}
  Result<logstore::AppendReport> append(std::span<const record::Interaction> batch) override {
    if (++appends_ > 1) return storage_full("the disk is full");
    return store_.append(batch);
  }
  Result<logstore::Page> scan(const logstore::Selection& s, logstore::Order o, std::size_t l,
                              const std::optional<logstore::Cursor>& c) override {
    return store_.scan(s, o, l, c);
  }
  Result<std::optional<record::Interaction>> find(const record::RecordId& id) override { return store_.find(id); }
  Result<std::vector<logstore::WorkloadSummary>> workloads() override { return store_.workloads(); }
  Result<std::uint64_t> remove(const logstore::Selection& s) override { return store_.remove(s); }

 private:
  logstore::LogStore& store_;
  int appends_ = 0;
};

TEST_F(LoaderTest, AStoreThatFailsEndsTheLoadWithItsReason) {
  FullStore full(*store_);
  Loader loader(full, *quarantine_, clock_, redactor_);
  const auto report = loader.load({write("a", documents(2500))}, {}, Deadline::never());
  EXPECT_EQ(report.error().code, ErrorCode::kStorageFull);
  EXPECT_THAT(report.error().message,
              HasSubstr("the disk is full; the load was given up after 2000 lines with 1000 new"));
}

}  // namespace
}  // namespace fw::capture
