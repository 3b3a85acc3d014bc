#include "io/moved_folder.h"

#include <gtest/gtest.h>

#include "io/file.h"

namespace fw::io {
namespace {

namespace fs = std::filesystem;

TEST(MovedFolder, FindsWhatWasWrittenDownAtAPlaceThatItHad) {
  MovedFolder folder("/new/data");
  folder.learn("file:///old/data/jobs/7/candidates/0/adapter.gguf", "jobs/7");
  EXPECT_TRUE(folder.has_moved());
  EXPECT_EQ(folder.present("file:///old/data/jobs/7/a.gguf"), "file:///new/data/jobs/7/a.gguf");
  EXPECT_EQ(folder.present("/old/data/models/base.gguf"), "/new/data/models/base.gguf");
}

TEST(MovedFolder, LeavesAloneWhatLayOutside) {
  MovedFolder folder("/new/data");
  folder.learn("/old/data/jobs/7/a", "jobs/7");
  for (const char* path : {"/old/database/x", "/old", "/old/data", "/new/data/jobs/7/a", "https://example.com/v1", ""})
    EXPECT_EQ(folder.present(path), path);
}

TEST(MovedFolder, OneThatStayedHasNotMoved) {
  MovedFolder folder("/data");
  folder.learn("file:///data/jobs/7/a", "jobs/7");
  folder.learn("/elsewhere/jobs/77/a", "jobs/7");
  folder.learn("/elsewhere/adapter.gguf", "jobs/7");
  folder.learn("", "jobs/7");
  EXPECT_FALSE(folder.has_moved());
  EXPECT_EQ(folder.present("/elsewhere/jobs/77/a"), "/elsewhere/jobs/77/a");
}

TEST(MovedFolder, OfPlacesInEachOtherTheInnermostIsMeant) {
  MovedFolder deeper("/data/flywheel");
  deeper.learn("/data/jobs/7/a", "jobs/7");
  EXPECT_EQ(deeper.present("/data/jobs/7/a"), "/data/flywheel/jobs/7/a");
  EXPECT_EQ(deeper.present("/data/flywheel/jobs/8/a"), "/data/flywheel/jobs/8/a");
  MovedFolder higher("/data");
  higher.learn("/data/flywheel/jobs/7/a", "jobs/7");
  EXPECT_EQ(higher.present("/data/flywheel/jobs/7/a"), "/data/jobs/7/a");
  EXPECT_EQ(higher.present("/data/jobs/8/a"), "/data/jobs/8/a");
}

TEST(MovedFolder, ACopysOwnFilesAreTakenAndTheOriginalsOnlyWhereItHasNone) {
  const TemporaryFolder both("moved");
  const fs::path old = both.path() / "old", copy = both.path() / "copy";
  for (const auto& place : {old, copy}) {
    ASSERT_TRUE(create_folders(place / "jobs/7").ok());
    ASSERT_TRUE(write_file_atomically(place / "jobs/7/a", place.filename().string()).ok());
  }
  ASSERT_TRUE(write_file_atomically(old / "base.gguf", "left there").ok());
  MovedFolder folder(copy);
  folder.learn((old / "jobs/7/a").string(), "jobs/7");
  EXPECT_EQ(folder.present((old / "jobs/7/a").string()), (copy / "jobs/7/a").string());
  EXPECT_EQ(folder.present((old / "base.gguf").string()), (old / "base.gguf").string());
}

}  // namespace
}  // namespace fw::io
