#include "net/impl/connect.h"

#include "async/keep_result.h"

#include "net/tests/fixture.h"
#include "net/tests/raw_peer.h"

namespace fw::net {
namespace {

using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

tcp::endpoint at(std::uint16_t port) { return {make_address("127.0.0.1"), port}; }

/// The port of the server that answered.
Task<Result<int>> port_reached(Executor executor, Endpoints endpoints, Deadline deadline) {
  FW_CO_ASSIGN(const auto socket, co_await connect_first(executor, std::move(endpoints), "http://here", deadline));
  co_return socket.remote_endpoint().port();
}

class ConnectTest : public testing::Test {
 protected:
  Result<int> reach(Endpoints endpoints, Deadline deadline = Deadline::after(5s)) {
    std::optional<Result<int>> result;
    const Executor strand = boost::asio::make_strand(loop.executor());
    boost::asio::co_spawn(strand, keep_result(port_reached(loop.executor(), std::move(endpoints), deadline), result),
                          boost::asio::use_future)
        .get();
    return std::move(*result);
  }
  Loop loop;
};

TEST_F(ConnectTest, AnAddressThatIsDeafOrRefusesDoesNotKeepTheNextFromBeingReached) {
  const DeafListener deaf;
  const RawUpstream up([](RawSocket&, int) {});
  EXPECT_EQ(reach({at(deaf.port()), at(up.port())}).value(), up.port());
  EXPECT_EQ(reach({at(1), at(up.port())}).value(), up.port());
  EXPECT_EQ(reach({at(up.port()), at(deaf.port())}).value(), up.port());
}

TEST_F(ConnectTest, WhenNoneAnswersTheLastReasonIsTold) {
  EXPECT_EQ(reach({at(1), at(2)}).error().code, ErrorCode::kUnavailable);
  const DeafListener deaf;
  EXPECT_EQ(reach({at(1), at(deaf.port())}, Deadline::after(50ms)).error().code, ErrorCode::kDeadlineExceeded);
}

TEST(Interleaved, FamiliesTakeTurnsAndTheFirstStaysFirst) {
  const tcp::endpoint a(make_address("::1"), 1), b(make_address("::2"), 1), c(make_address("1.1.1.1"), 1);
  EXPECT_EQ(interleaved({a, b, c}), (Endpoints{a, c, b}));
  EXPECT_EQ(interleaved({c, a, b}), (Endpoints{c, a, b}));
}

}  // namespace
}  // namespace fw::net
