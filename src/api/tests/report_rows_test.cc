#include "api/tests/api_fixture.h"

namespace fw::api {
namespace {

TEST_F(ApiTest, AReportsRowsWhoseRecordsAreGoneAreNamed) {
  const std::string id = create_job();
  (void)events_of(id);
  const std::string path = "/api/jobs/" + id + "/report/gone";
  EXPECT_EQ(json_of(send(net::Method::kGet, path))["record_ids"], Json::array());
  const Json rows{{{"record_id", "erased"}}, {{"record_id", "r"}}, {{"record_id", "old"}}};
  const Json report{{"divergent_rows", {{"rows", rows}}}};
  ASSERT_TRUE(io::write_file_atomically(folder_.path() / "jobs" / id / "report.json", report.dump()).ok());
  EXPECT_EQ(json_of(send(net::Method::kGet, path))["record_ids"], (Json{"erased", "old"}));
  EXPECT_EQ(send(net::Method::kGet, "/api/jobs/" + std::string(24, '0') + "/report/gone").status, 404);
}

}  // namespace
}  // namespace fw::api
