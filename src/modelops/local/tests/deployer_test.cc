#include "modelops/local/deployer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>
#include <fstream>

#include "async/run_blocking.h"
#include "io/file.h"

namespace fw::modelops {
namespace {

using testing::HasSubstr;

class DeployerWithoutEngineTest : public testing::Test {
 protected:
  Error error_of(DeploymentRequest request) {
    LocalDeployer deployer(settings_, launcher_, client_, disk_, threads_.get_executor());
    auto out = run_blocking(deployer.deploy(std::move(request), Deadline::after(std::chrono::seconds(20))));
    return out.ok() ? Error{} : out.error();
  }

  io::TemporaryFolder folder_;
  boost::asio::thread_pool threads_{1};
  io::ProcessLauncher launcher_;
  Pool disk_{"disk", 1};
  net::Client client_{threads_.get_executor()};
  LocalSettings settings_{.data_folder = folder_.path() / "data"};
};

TEST_F(DeployerWithoutEngineTest, SaysWhatToDoWhenNoneIsInstalled) {
  const auto error = error_of({.model = {.name = "small", .path = "/m.gguf"}});
  EXPECT_EQ(error.code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(error.message, HasSubstr("scripts/setup"));
  EXPECT_THAT(error.message, HasSubstr("small"));
}

TEST_F(DeployerWithoutEngineTest, RefusesWhatIsNoModel) {
  settings_.programs.llama_server = "/bin/false";
  std::ofstream(folder_.path() / "text.gguf") << "not a model at all, but longer than a header";
  EXPECT_THAT(error_of({.model = {.name = "m", .path = folder_.path() / "text.gguf"}}).message, HasSubstr("text.gguf"));
  EXPECT_THAT(error_of({.model = {.name = "m", .path = folder_.path() / "absent.gguf"}}).message,
              HasSubstr("absent.gguf"));
  EXPECT_EQ(error_of({.model = {.name = "m", .path = folder_.path()}}).code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(error_of({.model = {.name = "m"}}).code, ErrorCode::kInvalidArgument);
}

TEST_F(DeployerWithoutEngineTest, AnEndpointCannotBeGivenAnAdapter) {
  const DeploymentRequest request{.model = {.name = "m", .endpoint = Endpoint{.url = "http://127.0.0.1:1/v1"}},
                                  .adapter = Adapter{}};
  EXPECT_EQ(error_of(request).code, ErrorCode::kInvalidArgument);
}

TEST_F(DeployerWithoutEngineTest, RemovesWhatAnEarlierProcessLeftInItsEnginesFolder) {
  std::filesystem::create_directories(settings_.data_folder / "engines" / "old");
  (void)error_of({.model = {.name = "m"}});
  EXPECT_FALSE(std::filesystem::exists(settings_.data_folder / "engines"));
}

}  // namespace
}  // namespace fw::modelops
