#include "modelops/local/dataset_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "io/file.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class LocalDatasetStoreTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    auto opened = LocalDatasetStore::open(root());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
  }
  [[nodiscard]] fs::path root() const { return folder_.path() / "datasets"; }
  DatasetRef put(const std::string& name, const std::vector<DatasetFile>& files = kFiles) {
    auto ref = store_->put(name, files, 2);
    EXPECT_TRUE(ref.ok()) << ref.error().message;
    return std::move(ref).value_or(DatasetRef{});
  }
  [[nodiscard]] std::size_t count(const char* part) const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(root() / part), {}));
  }

  inline static const std::vector<DatasetFile> kFiles{{"training/train_data.jsonl", "{\"a\":1}\n"},
                                                      {"validation/val_data.jsonl", "{\"b\":2}\n"}};
  io::TemporaryFolder folder_;
  std::unique_ptr<LocalDatasetStore> store_;
};

TEST_F(LocalDatasetStoreTest, HandsBackTheFilesByteForByte) {
  const auto ref = put("train");
  const auto path = store_->local_path(ref, "training/train_data.jsonl");
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(*io::read_file(*path), kFiles[0].content);
  EXPECT_THAT(ref.uri, HasSubstr("file:///"));
  EXPECT_EQ(store_->local_path(ref, "nothing.jsonl").error().code, ErrorCode::kNotFound);
}

TEST_F(LocalDatasetStoreTest, TheDigestIsOfNamesAndContentsInWhateverOrder) {
  const auto ref = put("a");
  EXPECT_EQ(put("b", {kFiles[1], kFiles[0]}).digest, ref.digest);
  EXPECT_NE(put("c", {{"training/train_data.jsonl", "{\"a\":1}\n"}}).digest, ref.digest);
  // A boundary between files cannot be moved without changing the digest.
  EXPECT_NE(put("d", {{"ab", "c"}}).digest, put("e", {{"a", "bc"}}).digest);
}

TEST_F(LocalDatasetStoreTest, StoringTheSameAgainIsASuccess) { EXPECT_EQ(put("train"), put("train")); }

TEST_F(LocalDatasetStoreTest, ANameIsNotSilentlyGivenToOtherContent) {
  put("train");
  EXPECT_EQ(store_->put("train", {{"x", "y"}}, 1).error().code, ErrorCode::kAlreadyExists);
}

TEST_F(LocalDatasetStoreTest, EqualContentIsKeptOnceUntilTheLastNameIsGone) {
  const auto ref = put("first");
  put("second");
  EXPECT_EQ(count("objects"), 1U);
  ASSERT_TRUE(store_->remove("first").ok());
  EXPECT_TRUE(store_->local_path(ref, kFiles[0].path).ok());
  ASSERT_TRUE(store_->remove("second").ok());
  EXPECT_EQ(count("objects") + count("names") + count("stage"), 0U);
  EXPECT_FALSE(store_->local_path(ref, kFiles[0].path).ok());
}

TEST_F(LocalDatasetStoreTest, RemovingAnUnknownNameIsASuccess) { EXPECT_TRUE(store_->remove("nobody").ok()); }

TEST_F(LocalDatasetStoreTest, SurvivesBeingOpenedAgain) {
  const auto ref = put("train");
  reopen();
  EXPECT_EQ(put("train"), ref);
  EXPECT_TRUE(store_->local_path(ref, kFiles[1].path).ok());
}

TEST_F(LocalDatasetStoreTest, CleansUpWhatACrashLeftHalfDone) {
  const auto ref = put("train");
  fs::create_directories(root() / "stage" / "abc" / "training");
  std::ofstream(root() / "stage" / "abc" / "training" / "half") << "ha";
  fs::create_directories(root() / "objects" / std::string(64, 'a'));
  std::ofstream(root() / "names" / "train.json.part-12345678") << "{";
  reopen();
  EXPECT_EQ(count("stage"), 0U);
  EXPECT_EQ(count("objects"), 1U);
  EXPECT_EQ(count("names"), 1U);
  EXPECT_TRUE(store_->local_path(ref, kFiles[0].path).ok());
}

TEST_F(LocalDatasetStoreTest, ADamagedReferenceIsNamed) {
  put("train");
  std::ofstream(root() / "names" / "train.json") << "{\"digest\": \"../../etc\", \"num_records\": 1}";
  const auto again = store_->put("train", kFiles, 2);
  EXPECT_EQ(again.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(again.error().message, HasSubstr("train.json"));
}

TEST_F(LocalDatasetStoreTest, NothingLeadsOutOfTheFolder) {
  for (const std::string name : {"", ".", "..", ".hidden", "a/b", "../x", "a b", "a\nb", "ä"}) {
    EXPECT_EQ(store_->put(name, kFiles, 1).error().code, ErrorCode::kInvalidArgument) << name;
    EXPECT_EQ(store_->remove(name).error().code, ErrorCode::kInvalidArgument) << name;
  }
  const auto ref = put("good");
  for (const std::string path : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "a/./b", "a\\b"}) {
    EXPECT_EQ(store_->put("bad", {{path, "x"}}, 1).error().code, ErrorCode::kInvalidArgument) << path;
    EXPECT_EQ(store_->local_path(ref, path).error().code, ErrorCode::kInvalidArgument) << path;
  }
  EXPECT_EQ(store_->local_path({.name = "good", .digest = "../names"}, "good.json").error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_FALSE(store_->put("bad", {{"a", "x"}, {"a", "y"}}, 1).ok());
  EXPECT_FALSE(store_->put("bad", {}, 0).ok());
}

TEST_F(LocalDatasetStoreTest, AFileThatIsAFolderToAnotherIsRefusedWithoutATrace) {
  EXPECT_FALSE(store_->put("clash", {{"a", "x"}, {"a/b", "y"}}, 1).ok());
  EXPECT_EQ(count("objects") + count("names") + count("stage"), 0U);
}

TEST_F(LocalDatasetStoreTest, AWriteThatFailsLeavesNothingBehind) {
  // A limit on file size stands in for a full disk: the write fails half-way.
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const rlimit small{.rlim_cur = 65'536, .rlim_max = old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto status = store_->put("big", {{"small", "x"}, {"big", std::string(1 << 20, 'x')}}, 1);
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  ::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("big"));
  EXPECT_EQ(count("objects") + count("names") + count("stage"), 0U);
  EXPECT_TRUE(store_->put("big", {{"small", "x"}, {"big", std::string(1 << 20, 'x')}}, 1).ok());
}

}  // namespace
}  // namespace fw::modelops
