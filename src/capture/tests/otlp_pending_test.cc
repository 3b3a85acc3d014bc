// What an earlier process left of calls that wait, on a disk that gave back other bytes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "async/event_loops.h"
#include "capture/otlp/impl/joiner.h"
#include "capture/otlp/impl/pending_file.h"
#include "capture/otlp/otlp_receiver.h"
#include "capture/tests/gated_store.h"
#include "io/file.h"

namespace fw::capture::otlp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string piece_line(const std::string& span_id, const std::string& name, const Json& body) {
  auto origin = std::make_shared<Origin>();
  origin->resource.add("service.name", "agent");
  Piece piece{.event = LogRecord{.trace_id = "0af7651916cd43dd8448eb211c80319c",
                                 .span_id = span_id,
                                 .event_name = name,
                                 .time = SystemClock().now(),
                                 .origin = origin},
              .since = SystemClock().now()};
  piece.event->body = body;
  return to_line(piece);
}

class OtlpPending : public testing::Test {
 protected:
  void lies_there(const std::string& text) {
    ASSERT_TRUE(io::create_folders(folder.path()).ok());
    ASSERT_TRUE(io::write_file_atomically(file(), text).ok());
  }
  [[nodiscard]] std::filesystem::path file() const { return folder.path() / "pending.jsonl"; }
  OtlpReceiverStats started() {
    OtlpReceiver receiver({committer, *quarantine, redactor, disk, cpu, clock, loops.executor(0), folder.path()}, {});
    const Status status = receiver.start();
    EXPECT_TRUE(status.ok()) << status.error();
    const auto stats = receiver.stats();
    receiver.stop();
    return stats;
  }
  [[nodiscard]] std::vector<QuarantinedLine> kept() const { return quarantine->list(std::nullopt, 0, 100)->lines; }

  io::TemporaryFolder folder{"otlp_pending"};
  EventLoops loops{1};
  Pool disk{"disk", 1};
  Pool cpu{"cpu", 1};
  SystemClock clock;
  Redactor redactor;
  GatedStore store;
  Committer committer{store, disk};
  std::unique_ptr<Quarantine> quarantine = Quarantine::open(folder.path() / "quarantine").value();
  const std::string first = piece_line("b7ad6b7169203331", "gen_ai.user.message", {{"content", "one"}});
  const std::string second = piece_line("b7ad6b7169203332", "gen_ai.user.message", {{"content", "two"}});
};

TEST_F(OtlpPending, ADamagedLineIsKeptAsideAndCountedAndTheOthersWait) {
  std::string damaged = first;
  damaged[1] ^= 1;
  lies_there(damaged + '\n' + second + '\n');
  const auto stats = started();
  EXPECT_EQ(stats.kept_aside, 1U);
  EXPECT_EQ(stats.waiting, 1U);
  EXPECT_THAT(kept(), ElementsAre(QuarantinedLine{.source = file().string(),
                                                  .line = 1,
                                                  .reason = "a piece of a call that waited is damaged",
                                                  .bytes = damaged,
                                                  .length = damaged.size()}));
  (void)started();
  EXPECT_THAT(kept(), SizeIs(1)) << "it is kept once, however often the service starts";
}

TEST_F(OtlpPending, AFlippedNewlineCostsTheTwoLinesThatItJoins) {
  lies_there(first + 'x' + second + '\n' + second + '\n');
  EXPECT_EQ(started().waiting, 1U);
  EXPECT_EQ(kept().at(0).bytes, first + 'x' + second);
}

TEST_F(OtlpPending, ATornEndThatIsAWholePieceWaitsAndStays) {
  lies_there(first + '\n' + second);
  EXPECT_EQ(started().waiting, 2U);
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_EQ(io::read_file(file()).value(), first + '\n' + second + '\n');
}

TEST_F(OtlpPending, ATornEndThatIsNoneIsKeptAside) {
  lies_there(first + '\n' + second.substr(0, second.size() / 2));
  EXPECT_EQ(started().waiting, 1U);
  EXPECT_EQ(kept().at(0).line, 2U);
  EXPECT_EQ(io::read_file(file()).value(), first + '\n');
}

}  // namespace
}  // namespace fw::capture::otlp
